"""The AuthenticationConfiguration: which issuers count, how claims become users, who may be anonymous.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
Checked here is what the structure cannot say; expressions are compiled (and so checked) in `mapping`.
"""

from typing import Literal
from urllib.parse import urlsplit

import msgspec

from kubeade.apiserver.authentication.anonymous import AnonymousRule
from kubeade.apiserver.config_file import ConfigError, ConfigStruct, read_config

KIND = "AuthenticationConfiguration"
API_VERSIONS = ("apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1")
_MOST_ISSUERS = 64


class Issuer(ConfigStruct, frozen=True):
    url: str
    audiences: tuple[str, ...]
    discovery_url: str = msgspec.field(name="discoveryURL", default="")
    certificate_authority: str = ""
    audience_match_policy: Literal["", "MatchAny"] = ""

    def fault(self) -> str:
        """What is wrong with it, or ""."""
        for field, url in (("url", self.url), ("discoveryURL", self.discovery_url)):
            parts = urlsplit(url)
            if url and (parts.scheme != "https" or not parts.hostname):
                return f"{field}: URL scheme must be https"
            if parts.username or parts.password or parts.query or parts.fragment:
                return f"{field}: URL must not contain a username, password, query or fragment"
        if not self.url:
            return "url: required"
        if self.url.rstrip("/") == self.discovery_url.rstrip("/"):
            return "discoveryURL: must be different from URL"
        if not self.audiences or not all(self.audiences):
            return "audiences: at least one is required, and none may be empty"
        if len(set(self.audiences)) != len(self.audiences):
            return "audiences: duplicate value"
        if len(self.audiences) > 1 and not self.audience_match_policy:
            return "audienceMatchPolicy: must be MatchAny for multiple audiences"
        return ""


class ClaimRule(ConfigStruct, frozen=True):
    claim: str = ""
    required_value: str = ""
    expression: str = ""
    message: str = ""

    def fault(self) -> str:
        if bool(self.claim) == bool(self.expression):
            return "one of claim and expression is required"
        if self.claim and self.message:
            return "message: may not be specified when claim is set"
        if self.expression and self.required_value:
            return "requiredValue: may not be specified when expression is set"
        return ""


class Claim(ConfigStruct, frozen=True):
    """A claim (of `username` and `groups`, with a prefix), or an expression."""

    claim: str = ""
    prefix: str | None = None
    expression: str = ""

    def fault(self, *, prefixed: bool) -> str:
        if self.claim and self.expression:
            return "claim and expression can't both be set"
        if self.expression and self.prefix is not None:
            return "prefix can't be set when expression is set"
        if prefixed and self.claim and self.prefix is None:
            return (
                "prefix is required when claim is set. It can be set to an empty string to disable prefixing"
            )
        if not prefixed and self.prefix is not None:
            return "there is no prefix here"
        return ""


class ExtraMapping(ConfigStruct, frozen=True):
    key: str
    value_expression: str


class ClaimMappings(ConfigStruct, frozen=True):
    username: Claim
    groups: Claim = Claim()
    uid: Claim = Claim()
    extra: tuple[ExtraMapping, ...] = ()

    def fault(self) -> str:
        if not self.username.claim and not self.username.expression:
            return "username: claim or expression is required"
        for name, claim in (("username", self.username), ("groups", self.groups), ("uid", self.uid)):
            why = claim.fault(prefixed=name != "uid")
            if why:
                return f"{name}: {why}"
        keys = [each.key for each in self.extra]
        for key in keys:
            why = _extra_key_fault(key)
            if why or keys.count(key) > 1:
                return f"extra[{key}]: {why or 'duplicate value'}"
        return ""


class UserRule(ConfigStruct, frozen=True):
    expression: str
    message: str = ""


class JwtIssuer(ConfigStruct, frozen=True):
    """One entry of `jwt`."""

    issuer: Issuer
    claim_mappings: ClaimMappings
    claim_validation_rules: tuple[ClaimRule, ...] = ()
    user_validation_rules: tuple[UserRule, ...] = ()

    def fault(self) -> str:
        parts = [("issuer", self.issuer.fault()), ("claimMappings", self.claim_mappings.fault())]
        parts += [
            (f"claimValidationRules[{number}]", rule.fault())
            for number, rule in enumerate(self.claim_validation_rules)
        ]
        return next((f"{place}.{why}" for place, why in parts if why), "")


class AnonymousCondition(ConfigStruct, frozen=True):
    path: str


class Anonymous(ConfigStruct, frozen=True):
    """Whether requests without credentials are answered at all; with conditions, only of those paths."""

    enabled: bool = True
    conditions: tuple[AnonymousCondition, ...] = ()

    def rule(self) -> AnonymousRule:
        return AnonymousRule(self.enabled, tuple(each.path for each in self.conditions))


class AuthenticationConfiguration(ConfigStruct, frozen=True):
    jwt: tuple[JwtIssuer, ...] = ()
    anonymous: Anonymous | None = None


def read_configuration(path: str, own_issuers: tuple[str, ...]) -> AuthenticationConfiguration:
    """`own_issuers` issue the service accounts' tokens. Raises ConfigError, OSError."""
    found = read_config(path, KIND, API_VERSIONS, AuthenticationConfiguration)
    check_issuers(path, found.jwt, own_issuers)
    if found.anonymous and not found.anonymous.enabled and found.anonymous.conditions:
        raise ConfigError(
            f"{path}: anonymous.conditions: enabled should be set to true when conditions are defined"
        )
    return found


def check_issuers(source: str, issuers: tuple[JwtIssuer, ...], own_issuers: tuple[str, ...]) -> None:
    """Raises ConfigError; `source` is the file or flag that it names."""
    if len(issuers) > _MOST_ISSUERS:
        raise ConfigError(f"{source}: jwt: must have at most {_MOST_ISSUERS} items")
    seen: set[str] = set()
    for number, each in enumerate(issuers):
        url = each.issuer.url
        why = each.fault() or ("issuer.url: duplicate value" if url in seen else "")
        if url in own_issuers:
            why = "issuer.url: URL must not overlap with the issuers of service account tokens"
        if why:
            raise ConfigError(f"{source}: jwt[{number}].{why}")
        seen.add(url)


def _extra_key_fault(key: str) -> str:
    domain, _, path = key.partition("/")
    if not path or key != key.lower() or "." not in domain:
        return "must be a lower-case, domain-prefixed path (such as example.org/foo)"
    if domain in ("k8s.io", "kubernetes.io") or domain.endswith((".k8s.io", ".kubernetes.io")):
        return "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use"
    return ""

"""The audit policy: the first rule that matches a request says how much of it is kept. Pure but for reading
the file."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from kubeade.api.validation.names import dns_subdomain
from kubeade.apiserver.config_file import ConfigError, ConfigStruct, read_config
from kubeade.apiserver.seams import Attributes

Level = Literal["None", "Metadata", "Request", "RequestResponse"]
Stage = Literal["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]


class GroupResources(ConfigStruct, frozen=True):
    group: str = ""
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()

    def covers(self, attributes: Attributes) -> bool:
        if self.group not in (attributes.group, "*"):
            return False
        if not self.resources:
            return True
        if self.resource_names and attributes.name not in self.resource_names:
            return False
        names = _names(attributes.resource, attributes.subresource)
        return any(each in names for each in self.resources)


class Rule(ConfigStruct, frozen=True):
    level: Level
    users: tuple[str, ...] = ()
    user_groups: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    resources: tuple[GroupResources, ...] = ()
    namespaces: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = msgspec.field(name="nonResourceURLs", default=())
    omit_stages: tuple[Stage, ...] = ()
    omit_managed_fields: bool | None = None

    def matches(self, attributes: Attributes) -> bool:
        user = attributes.user
        if self.users and user.name not in self.users:
            return False
        if self.user_groups and not set(self.user_groups).intersection(user.groups):
            return False
        if self.verbs and attributes.verb not in self.verbs:
            return False
        if self.namespaces or self.resources:
            return attributes.resource_request and self._matches_resource(attributes)
        if self.non_resource_urls:
            return not attributes.resource_request and self._matches_path(attributes.path)
        return True

    def _matches_resource(self, attributes: Attributes) -> bool:
        if self.namespaces and attributes.namespace not in self.namespaces:
            return False
        return not self.resources or any(each.covers(attributes) for each in self.resources)

    def _matches_path(self, path: str) -> bool:
        return any(
            url == path or (url.endswith("*") and path.startswith(url.rstrip("*")))
            for url in self.non_resource_urls
        )


class Policy(ConfigStruct, frozen=True):
    rules: tuple[Rule, ...] = ()
    omit_stages: tuple[Stage, ...] = ()
    omit_managed_fields: bool = False

    def verdict(self, attributes: Attributes) -> "Verdict | None":
        """None for what is not to be kept: what no rule matches is not, either."""
        rule = next((each for each in self.rules if each.matches(attributes)), None)
        if rule is None or rule.level == "None":
            return None
        omit = rule.omit_managed_fields
        return Verdict(
            rule.level,
            frozenset((*self.omit_stages, *rule.omit_stages)),
            self.omit_managed_fields if omit is None else omit,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    level: Level
    omit_stages: frozenset[str]
    omit_managed_fields: bool

    @property
    def keeps_request(self) -> bool:
        return self.level in ("Request", "RequestResponse")

    @property
    def keeps_response(self) -> bool:
        return self.level == "RequestResponse"


def read_policy(path: str) -> Policy:
    """Raises ConfigError, OSError."""
    policy = read_config(path, "Policy", ("audit.k8s.io/v1",), Policy)
    if not policy.rules:
        raise ConfigError(f"{path}: loaded illegal policy with 0 rules")
    for number, rule in enumerate(policy.rules):
        why = _wrong(rule)
        if why:
            raise ConfigError(f"{path}: rules[{number}].{why}")
    return policy


def _wrong(rule: Rule) -> str:
    for number, url in enumerate(rule.non_resource_urls):
        if url != "*" and not url.startswith("/"):
            return f"nonResourceURLs[{number}]: non-resource URL rules must begin with a '/' character"
        if "*" in url[:-1]:
            return f"nonResourceURLs[{number}]: non-resource URL wildcards '*' must be the final character"
    if rule.non_resource_urls and (rule.resources or rule.namespaces):
        return "nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs"
    for each in rule.resources:
        if each.group not in ("", "*") and dns_subdomain(each.group):
            return f"resources.group: {each.group} is not the name of an API group"
        if each.resource_names and not each.resources:
            return "resources.resourceNames: using resourceNames requires at least one resource"
    return ""


def _names(resource: str, subresource: str) -> frozenset[str]:
    """All that a rule may call this resource; a rule for a resource does not cover its subresources."""
    if not subresource:
        return frozenset({resource, "*", f"{resource}/*"})
    return frozenset({f"{resource}/{subresource}", "*", f"*/{subresource}", f"{resource}/*"})

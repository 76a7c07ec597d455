"""Claims to users, by claims or by expressions in CEL, and the rules that both must keep. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from kubeade.api.cel.environment import Program, compile_expression
from kubeade.api.cel.errors import CompileError, EvaluationError
from kubeade.api.resource import Object
from kubeade.apiserver.authentication.jws import InvalidToken
from kubeade.apiserver.authentication.jwt.config import Claim, JwtIssuer
from kubeade.apiserver.authentication.users import CREDENTIAL_ID
from kubeade.apiserver.config_file import ConfigError
from kubeade.apiserver.seams import User

_EMAIL = re.compile(r"\bclaims\s*\.\s*email\b")
_EMAIL_VERIFIED = re.compile(r"\bclaims\s*\.\s*\??\s*email_verified\b")


class ClaimMapper:
    """One issuer's way. Expressions are compiled here: raises ConfigError for one that cannot be."""

    def __init__(self, source: str, config: JwtIssuer) -> None:
        self._source = source
        self._config = config
        mappings = config.claim_mappings
        self._username = self._compiled(mappings.username.expression, "username")
        self._groups = self._compiled(mappings.groups.expression, "groups")
        self._uid = self._compiled(mappings.uid.expression, "uid")
        self._extra = [
            (each.key, self._compiled(each.value_expression, f"extra[{each.key}]")) for each in mappings.extra
        ]
        self._claim_rules = [
            (self._compiled(rule.expression, "claimValidationRules", result="BOOL"), rule)
            for rule in config.claim_validation_rules
        ]
        self._user_rules = [
            (self._compiled(rule.expression, "userValidationRules", "user", "BOOL"), rule.message)
            for rule in config.user_validation_rules
        ]
        self._check_email()

    def user(self, claims: Object) -> User:
        """Raises InvalidToken for claims that make no user, or none that the rules want."""
        name = self._name(claims)
        groups = self._group_names(claims)
        uid = self._uid_of(claims)
        extra: dict[str, tuple[str, ...]] = (
            {CREDENTIAL_ID: (f"JTI={claims['jti']}",)} if isinstance(claims.get("jti"), str) else {}
        )
        for key, program in self._extra:
            values = _strings(_run(program, {"claims": claims}, "extra claim"), "extra claim")
            if values:
                extra[key] = values
        user = User(name, uid, groups, extra)
        self._check_claims(claims)
        self._check_user(user)
        return user

    def _name(self, claims: Object) -> str:
        if self._username is not None:
            found = _run(self._username, {"claims": claims}, "username claim")
            if not isinstance(found, str):
                raise InvalidToken("oidc: error evaluating username claim expression: must return a string")
            if not found:
                raise InvalidToken("oidc: empty username via CEL expression is not allowed")
            return found
        wanted = self._config.claim_mappings.username
        name = claims.get(wanted.claim)
        if not isinstance(name, str):
            raise InvalidToken(f'oidc: parse username claims "{wanted.claim}": claim not present')
        if wanted.claim == "email" and claims.get("email_verified", True) is not True:
            raise InvalidToken("oidc: email not verified")
        return f"{wanted.prefix or ''}{name}"

    def _group_names(self, claims: Object) -> tuple[str, ...]:
        if self._groups is not None:
            return _strings(_run(self._groups, {"claims": claims}, "group claim"), "group claim")
        wanted = self._config.claim_mappings.groups
        if not wanted.claim or wanted.claim not in claims:
            return ()
        found = _strings(claims[wanted.claim], f'parse groups claim "{wanted.claim}"')
        return tuple(f"{wanted.prefix or ''}{group}" for group in found)

    def _uid_of(self, claims: Object) -> str:
        if self._uid is not None:
            found = _run(self._uid, {"claims": claims}, "uid claim")
        else:
            wanted: Claim = self._config.claim_mappings.uid
            if not wanted.claim:
                return ""
            found = claims.get(wanted.claim)
        if not isinstance(found, str):
            raise InvalidToken("oidc: the uid claim is not a string")
        return found

    def _check_claims(self, claims: Object) -> None:
        for program, rule in self._claim_rules:
            if program is None:
                found = claims.get(rule.claim)
                if not isinstance(found, str):
                    raise InvalidToken(f"oidc: required claim {rule.claim} not present in ID token")
                if found != rule.required_value:
                    raise InvalidToken(
                        f"oidc: required claim {rule.claim} value does not match. Got = {found}, "
                        f"want = {rule.required_value}"
                    )
            elif _run(program, {"claims": claims}, "claim validation") is not True:
                why = rule.message or f"validation expression '{rule.expression}' failed"
                raise InvalidToken(f"oidc: error evaluating claim validation expression: {why}")

    def _check_user(self, user: User) -> None:
        if not self._user_rules:
            return
        extra = {key: list(values) for key, values in user.extra.items()}
        said = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": extra}
        for program, message in self._user_rules:
            if _run(program, {"user": said}, "user info validation rule") is not True:
                why = message or "validation expression failed"
                raise InvalidToken(f"oidc: error evaluating user info validation rule: {why}")

    def _compiled(
        self, expression: str, place: str, variable: str = "claims", result: str = ""
    ) -> Program | None:
        if not expression:
            return None
        try:
            program = compile_expression(expression, {variable: "map<string, dyn>"})
        except CompileError as error:
            raise ConfigError(f"{self._source}: {place}: {expression!r}: {error}") from error
        if result and program.result_type not in (result, "DYN"):
            raise ConfigError(f"{self._source}: {place}: {expression!r} must evaluate to {result.lower()}")
        return program

    def _check_email(self) -> None:
        """An address that nobody has verified must not name a user."""
        mappings = self._config.claim_mappings
        if not _EMAIL.search(mappings.username.expression):
            return
        places = [mappings.username.expression, *(each.value_expression for each in mappings.extra)]
        places += [rule.expression for rule in self._config.claim_validation_rules]
        if not any(map(_EMAIL_VERIFIED.search, places)):
            raise ConfigError(
                f"{self._source}: claimMappings.username.expression: claims.email_verified must be used in "
                "claimMappings.username.expression or claimMappings.extra[*].valueExpression or "
                "claimValidationRules[*].expression when claims.email is used in it"
            )


def _run(program: Program | None, variables: Object, what: str) -> Any:
    assert program is not None
    try:
        return program.run(variables)
    except EvaluationError as error:
        raise InvalidToken(f"oidc: error evaluating {what} expression: {error}") from error


def _strings(value: Any, what: str) -> tuple[str, ...]:
    """A string or a list of them; nothing for nothing."""
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Sequence) and all(isinstance(each, str) for each in value):
        return tuple(each for each in value if each)
    raise InvalidToken(f"oidc: {what}: must be a string or a list of strings")

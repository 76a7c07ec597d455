"""What a file of policies allows, one JSON object a line (upstream: ABAC,
abac.authorization.kubernetes.io/v1beta1).

https://kubernetes.io/docs/reference/access-authn-authz/abac/
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from kubeade.apiserver.config_file import ConfigError, ConfigStruct
from kubeade.apiserver.seams import Attributes, Decision

_READING = ("get", "list", "watch")
_ALLOWED = Decision(True)
_NO_OPINION = Decision(False, "No policy matched.")


class AbacSpec(ConfigStruct, frozen=True):
    """A policy needs a user or a group; "*" stands for any."""

    user: str = ""
    group: str = ""
    readonly: bool = False
    api_group: str = ""
    resource: str = ""
    namespace: str = ""
    non_resource_path: str = ""

    def allows(self, asked: Attributes) -> bool:
        if not self._is_about(asked) or (self.readonly and asked.verb not in _READING):
            return False
        if asked.resource_request:
            return self._covers(asked)
        path = self.non_resource_path
        return path in ("*", asked.path) or (path.endswith("*") and asked.path.startswith(path.rstrip("*")))

    def _is_about(self, asked: Attributes) -> bool:
        if not self.user and not self.group:
            return False
        return self.user in ("", "*", asked.user.name) and self.group in ("", "*", *asked.user.groups)

    def _covers(self, asked: Attributes) -> bool:
        return (
            self.namespace in ("*", asked.namespace)
            and self.resource in ("*", asked.resource)
            and self.api_group in ("*", asked.group)
        )


class AbacPolicy(ConfigStruct, frozen=True, forbid_unknown_fields=True):
    api_version: str = ""
    kind: str = ""
    spec: AbacSpec = AbacSpec()


class AbacAuthorizer:
    """An `Authorizer`: the first policy that allows it, else no opinion."""

    def __init__(self, policies: Sequence[AbacSpec]) -> None:
        self._policies = policies

    async def authorize(self, attributes: Attributes) -> Decision:
        allowed = any(policy.allows(attributes) for policy in self._policies)
        return _ALLOWED if allowed else _NO_OPINION


def read_policies(path: str) -> AbacAuthorizer:
    """Raises ConfigError, OSError."""
    found = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.strip().startswith("#"):
            continue
        try:
            policy = msgspec.json.decode(line, type=AbacPolicy)
        except msgspec.MsgspecError as error:
            raise ConfigError(f"{path}: line {number}: {error}") from error
        if (policy.api_version, policy.kind) != ("abac.authorization.kubernetes.io/v1beta1", "Policy"):
            raise ConfigError(
                f"{path}: line {number}: must be an abac.authorization.kubernetes.io/v1beta1 Policy"
            )
        found.append(policy.spec)
    return AbacAuthorizer(found)

"""The AuthorizationConfiguration: who is asked, in which order, and of which requests webhooks are asked.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#using-configuration-file-for-authorization
"""

import os
import re
from typing import Literal

import msgspec

from kubeade.api.validation.names import dns_subdomain
from kubeade.apiserver.config_file import ConfigError, ConfigStruct, read_config

KIND = "AuthorizationConfiguration"
API_VERSIONS = ("apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1")
TYPES = ("Node", "RBAC", "ABAC", "Webhook")
_MOST_CONDITIONS = 64
_LONGEST_TIMEOUT_SECONDS = 30.0
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class MatchCondition(ConfigStruct, frozen=True):
    expression: str


class ConnectionInfo(ConfigStruct, frozen=True):
    type: Literal["KubeConfigFile", "InClusterConfig"]
    kube_config_file: str = ""


class Webhook(ConfigStruct, frozen=True):
    timeout: str
    authorized_ttl: str = msgspec.field(name="authorizedTTL")
    unauthorized_ttl: str = msgspec.field(name="unauthorizedTTL")
    subject_access_review_version: Literal["v1", "v1beta1"]
    failure_policy: Literal["NoOpinion", "Deny"]
    connection_info: ConnectionInfo
    cache_authorized_requests: bool = True
    cache_unauthorized_requests: bool = True
    match_condition_subject_access_review_version: Literal["", "v1"] = ""
    match_conditions: tuple[MatchCondition, ...] = ()

    def fault(self) -> str:
        """What is wrong with it, or ""."""
        for name, text in (
            ("timeout", self.timeout),
            ("authorizedTTL", self.authorized_ttl),
            ("unauthorizedTTL", self.unauthorized_ttl),
        ):
            if seconds(text) <= 0:
                return f"{name}: must be > 0s"
        if seconds(self.timeout) > _LONGEST_TIMEOUT_SECONDS:
            return "timeout: must be > 0s and <= 30s"
        return self._connection_fault() or self._condition_fault()

    def _connection_fault(self) -> str:
        file = self.connection_info.kube_config_file
        if self.connection_info.type != "KubeConfigFile":
            return "connectionInfo.type: InClusterConfig is not supported: use KubeConfigFile"
        if not os.path.isabs(file):
            return "connectionInfo.kubeConfigFile: must be an absolute path"
        return "" if os.path.isfile(file) else "connectionInfo.kubeConfigFile: must be a regular file"

    def _condition_fault(self) -> str:
        expressions = [each.expression for each in self.match_conditions]
        if len(expressions) > _MOST_CONDITIONS:
            return f"matchConditions: must have at most {_MOST_CONDITIONS} items"
        if expressions and not self.match_condition_subject_access_review_version:
            return "matchConditionSubjectAccessReviewVersion: required if match conditions are specified"
        if not all(each.strip() for each in expressions) or len(set(expressions)) != len(expressions):
            return "matchConditions: expressions must not be empty, and differ"
        return ""


class AuthorizerEntry(ConfigStruct, frozen=True):
    type: str
    name: str
    webhook: Webhook | None = None

    def fault(self) -> str:
        if self.type not in TYPES:
            return f"type: {self.type} is not supported: use {', '.join(TYPES)}"
        if not self.name or dns_subdomain(self.name):
            return "name: a lower-case DNS subdomain is required"
        if (self.type == "Webhook") != (self.webhook is not None):
            return "webhook: required when type=Webhook, and only then"
        why = self.webhook.fault() if self.webhook is not None else ""
        return f"webhook.{why}" if why else ""


class AuthorizationConfiguration(ConfigStruct, frozen=True):
    authorizers: tuple[AuthorizerEntry, ...] = ()


def read_configuration(path: str) -> AuthorizationConfiguration:
    """Raises ConfigError, OSError."""
    found = read_config(path, KIND, API_VERSIONS, AuthorizationConfiguration)
    types = [each.type for each in found.authorizers]
    names = [each.name for each in found.authorizers]
    for number, entry in enumerate(found.authorizers):
        why = entry.fault()
        if not why and names.index(entry.name) != number:
            why = "name: duplicate value"
        if not why and entry.type != "Webhook" and types.index(entry.type) != number:
            why = "type: duplicate value"
        if why:
            raise ConfigError(f"{path}: authorizers[{number}].{why}")
    if not {"Node", "RBAC"} <= set(types):
        raise ConfigError(f"{path}: authorizers: Node and RBAC are required")
    return found


def seconds(text: str) -> float:
    """0 for what is no duration."""
    parts = _DURATION.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        return 0.0
    return sum(float(number) * _UNITS[unit] for number, unit in parts)

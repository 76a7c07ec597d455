"""Which FlowSchema a request belongs to: the first that matches, by precedence, then by name. Pure."""

from dataclasses import dataclass
from typing import Any

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.apiserver.request_info import RequestInfo
from kubeade.apiserver.seams import User

_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Schema:
    """A FlowSchema, read once."""

    name: str
    uid: str
    level: str
    precedence: int
    distinguisher: str
    rules: tuple[Object, ...]

    @classmethod
    def of(cls, found: Object) -> "Schema":
        spec = part(found, "spec")
        return cls(
            found["metadata"]["name"],
            found["metadata"].get("uid", ""),
            text(part(spec, "priorityLevelConfiguration"), "name"),
            int(spec.get("matchingPrecedence") or 1000),
            text(part(spec, "distinguisherMethod"), "type"),
            tuple(parts(spec, "rules")),
        )

    def matches(self, user: User, info: RequestInfo) -> bool:
        return any(_rule_matches(rule, user, info) for rule in self.rules)

    def flow(self, user: User, info: RequestInfo) -> str:
        """What requests of one flow have in common."""
        match self.distinguisher:
            case "ByUser":
                return f"{self.name}/{user.name}"
            case "ByNamespace":
                return f"{self.name}/{info.namespace}"
        return self.name


def _rule_matches(rule: Object, user: User, info: RequestInfo) -> bool:
    if not any(_is_subject(subject, user) for subject in parts(rule, "subjects")):
        return False
    if info.resource_request:
        return any(_covers(each, info) for each in parts(rule, "resourceRules"))
    return any(_covers_path(each, info) for each in parts(rule, "nonResourceRules"))


def _is_subject(subject: Object, user: User) -> bool:
    match subject.get("kind"):
        case "User":
            return text(part(subject, "user"), "name") in ("*", user.name)
        case "Group":
            name = text(part(subject, "group"), "name")
            return name == "*" or name in user.groups
        case "ServiceAccount":
            account = part(subject, "serviceAccount")
            prefix = f"{_ACCOUNT}{text(account, 'namespace')}:"
            if text(account, "name") == "*":
                return user.name.startswith(prefix)
            return user.name == prefix + text(account, "name")
    return False


def _covers(rule: Object, info: RequestInfo) -> bool:
    resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    if not (
        _contains(rule, "verbs", info.verb)
        and _contains(rule, "resources", resource)
        and _contains(rule, "apiGroups", info.group)
    ):
        return False
    return _contains(rule, "namespaces", info.namespace) if info.namespace else bool(rule.get("clusterScope"))


def _covers_path(rule: Object, info: RequestInfo) -> bool:
    urls: list[Any] = rule.get("nonResourceURLs") or []
    return _contains(rule, "verbs", info.verb) and any(_is_under(info.path, str(url)) for url in urls)


def _is_under(path: str, url: str) -> bool:
    if url in ("*", path):
        return True
    prefix = url.removesuffix("*")
    return path.startswith(prefix if prefix.endswith("/") else f"{prefix}/")


def _contains(rule: Object, field: str, value: str) -> bool:
    named: list[Any] = rule.get(field) or []
    return named == ["*"] or value in named

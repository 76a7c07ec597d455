"""RBAC rules as pure functions: does a rule allow this, do these rules cover those.

The comparison is upstream's (component-helpers, auth/rbac/validation): rules only ever add rights.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kubeade.api.resource import Object
from kubeade.apiserver.seams import Attributes

FULL_AUTHORITY: list[Object] = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
]
"""What cluster-admin holds."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One policy rule made ready for quick tests. None is everything; `source` says who granted it."""

    verbs: frozenset[str] | None
    groups: frozenset[str] | None
    resources: frozenset[str] | None
    names: frozenset[str]
    paths: tuple[str, ...]
    source: str

    def allows(self, attributes: Attributes) -> bool:
        if self.verbs is not None and attributes.verb not in self.verbs:
            return False
        if not attributes.resource_request:
            return any(path_covers(owned, attributes.path) for owned in self.paths)
        if self.groups is not None and attributes.group not in self.groups:
            return False
        if self.names and attributes.name not in self.names:
            return False
        return self._allows_resource(attributes.resource, attributes.subresource)

    def _allows_resource(self, resource: str, subresource: str) -> bool:
        if self.resources is None:
            return True
        if not subresource:
            return resource in self.resources
        return f"{resource}/{subresource}" in self.resources or f"*/{subresource}" in self.resources


def compile_rule(rule: Object, source: str = "") -> CompiledRule:
    return CompiledRule(
        verbs=_all_or_set(rule.get("verbs")),
        groups=_all_or_set(rule.get("apiGroups")),
        resources=_all_or_set(rule.get("resources")),
        names=frozenset(rule.get("resourceNames") or ()),
        paths=tuple(rule.get("nonResourceURLs") or ()),
        source=source,
    )


def path_covers(owned: str, path: str) -> bool:
    """`/healthz/*` covers everything below it, `*` everything."""
    return owned == path or (owned.endswith("*") and path.startswith(owned.rstrip("*")))


def missing_rights(owned: Sequence[Object], granted: Iterable[Object]) -> list[str]:
    """What `granted` holds beyond `owned`, one text per group and resource; empty if all is covered."""
    uncovered = [part for rule in granted for part in _break_down(rule) if not _covered(part, owned)]
    return sorted(_describe(rule) for rule in _join_verbs(uncovered))


def _all_or_set(values: Sequence[str] | None) -> frozenset[str] | None:
    return None if values and "*" in values else frozenset(values or ())


def _break_down(rule: Object) -> list[Object]:
    """The rule as parts of one verb, one group, one resource and one name, or one verb and one path."""
    parts: list[Object] = []
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in rule.get("verbs") or ():
                part: Object = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                names = rule.get("resourceNames")
                parts += [{**part, "resourceNames": [name]} for name in names] if names else [part]
    for path in rule.get("nonResourceURLs") or ():
        parts += [{"nonResourceURLs": [path], "verbs": [verb]} for verb in rule.get("verbs") or ()]
    return parts


def _covered(part: Object, owned: Iterable[Object]) -> bool:
    return any(_covers(rule, part) for rule in owned)


def _covers(rule: Object, part: Object) -> bool:
    verb = part["verbs"][0]
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and verb not in verbs:
        return False
    if "nonResourceURLs" in part:
        path = part["nonResourceURLs"][0]
        return any(path_covers(owned, path) for owned in rule.get("nonResourceURLs") or ())
    return _covers_resource(rule, part)


def _covers_resource(rule: Object, part: Object) -> bool:
    group, resource = part["apiGroups"][0], part["resources"][0]
    groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
    if "*" not in groups and group not in groups:
        return False
    _, slash, subresource = resource.partition("/")
    if not {"*", resource}.intersection(resources) and not (slash and f"*/{subresource}" in resources):
        return False
    names = rule.get("resourceNames")
    return not names or ("resourceNames" in part and part["resourceNames"][0] in names)


def _join_verbs(parts: Iterable[Object]) -> list[Object]:
    joined: dict[str, Object] = {}
    for index, part in enumerate(parts):
        key = str(index)
        if "nonResourceURLs" not in part:
            key = f"{part['apiGroups'][0]}/{part['resources'][0]}/{part.get('resourceNames')}"
        known = joined.setdefault(key, {**part, "verbs": []})
        known["verbs"] = known["verbs"] + part["verbs"]
    return list(joined.values())


def _describe(rule: Object) -> str:
    titles = {
        "apiGroups": "APIGroups",
        "resources": "Resources",
        "nonResourceURLs": "NonResourceURLs",
        "resourceNames": "ResourceNames",
        "verbs": "Verbs",
    }
    texts = [f"{title}:{quoted_list(rule[key])}" for key, title in titles.items() if rule.get(key)]
    return "{" + ", ".join(texts) + "}"


def quoted_list(values: Iterable[str]) -> str:
    """`["a" "b"]`, as upstream's messages write lists."""
    return "[" + " ".join(f'"{value}"' for value in values) + "]"

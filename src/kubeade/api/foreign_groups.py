"""Groups in the order of discovery, those of other servers (aggregation) among our own.

Groups are sorted by their priority, then by name; a group's versions by theirs, then as versions are. A group
version that an extension API server serves is never ours as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kubeade.api import catalogue as catalogues
from kubeade.api.group_priorities import group_priority, version_priority

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Foreign:
    """A group version that another server serves. `resources` are its APIResources, as it tells of them."""

    group: str
    version: str
    group_priority: int
    version_priority: int
    resources: list[Document] = field(default_factory=list)
    current: bool = True


@dataclass(frozen=True, slots=True)
class ServedGroup:
    """Its versions, the preferred one first; with what is foreign of them."""

    name: str
    versions: list[tuple[str, Foreign | None]]


def served_groups(catalogue: catalogues.Catalogue, foreign: Sequence[Foreign]) -> list[ServedGroup]:
    """All named groups."""
    names = catalogue.groups()
    if not foreign:
        return [ServedGroup(name, [(v, None) for v in catalogue.versions(name)]) for name in names]
    priorities = {name: group_priority(name) for name in names}
    for each in foreign:
        priorities[each.group] = max(priorities.get(each.group, 0), each.group_priority)
    ordered = sorted(priorities, key=lambda name: (-priorities[name], name))
    return [ServedGroup(name, _versions(catalogue, name, foreign)) for name in ordered]


def _versions(
    catalogue: catalogues.Catalogue, group: str, foreign: Sequence[Foreign]
) -> list[tuple[str, Foreign | None]]:
    theirs = {each.version: each for each in foreign if each.group == group}
    priorities = {version: version_priority(group, version) for version in catalogue.versions(group)}
    priorities |= {version: each.version_priority for version, each in theirs.items()}
    ordered = sorted(priorities, key=lambda v: (-priorities[v], catalogues.version_priority(v)))
    return [(version, theirs.get(version)) for version in ordered]


def aggregated_version(foreign: Foreign) -> Document:
    """An APIVersionDiscovery made from APIResources (upstream: ConvertGroupVersionIntoToDiscovery)."""
    resources: dict[str, Document] = {}
    named = [(str(each.get("name") or ""), each) for each in foreign.resources]
    for name, each in named:
        if name and "/" not in name:
            resources[name] = _resource(foreign, name, each)
    for name, each in named:
        plural, _, subresource = name.partition("/")
        if subresource and plural in resources:
            made: Document = {"subresource": subresource, "responseKind": _kind(foreign, each)}
            made["verbs"] = each.get("verbs") or []
            resources[plural].setdefault("subresources", []).append(made)
    freshness = "Current" if foreign.current else "Stale"
    return {"version": foreign.version, "resources": list(resources.values()), "freshness": freshness}


def _resource(foreign: Foreign, name: str, resource: Document) -> Document:
    made: Document = {
        "resource": name,
        "responseKind": _kind(foreign, resource),
        "scope": "Namespaced" if resource.get("namespaced") else "Cluster",
        "singularResource": resource.get("singularName") or "",
        "verbs": resource.get("verbs") or [],
    }
    return made | {key: resource[key] for key in ("shortNames", "categories") if resource.get(key)}


def _kind(foreign: Foreign, resource: Document) -> Document:
    return {
        "group": resource.get("group") or foreign.group,
        "version": resource.get("version") or foreign.version,
        "kind": resource.get("kind") or "",
    }

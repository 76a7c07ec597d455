"""The catalogue: every resource that the API serves, built in or defined by its users.

Custom resources are added and removed while the server runs; `generation` counts those changes, so
whatever is derived from the catalogue (discovery, OpenAPI) knows when it is stale.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Self

from kubeade.api.built_in import built_in_types
from kubeade.api.resource_type import ResourceType
from kubeade.api.schema import DEFAULT_VERSION

_Key = tuple[str, str, str]
_KUBE_VERSION = re.compile(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?")
_STABILITY = {None: 0, "beta": 1, "alpha": 2}


class Catalogue:
    """Look resources up by path (group, version, plural) or by kind; walk groups in discovery's order."""

    def __init__(self, types: Iterable[ResourceType] = ()) -> None:
        self._by_plural: dict[_Key, ResourceType] = {}
        self._by_kind: dict[_Key, ResourceType] = {}
        self._versions: dict[str, list[str]] = {}
        self._built_in_groups: list[str] = []
        self.generation = 0
        for resource_type in types:
            self.add(resource_type)
        self._built_in_groups = list(self._versions)

    @classmethod
    def built_in(cls, kubernetes_version: str = DEFAULT_VERSION) -> Self:
        """What `1.37` serves by default."""
        return cls(built_in_types(kubernetes_version))

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(list(self._by_plural.values()))

    def find(self, group: str, version: str, plural: str) -> ResourceType | None:
        """By the parts of its path."""
        return self._by_plural.get((group, version, plural))

    def by_kind(self, group: str, version: str, kind: str) -> ResourceType | None:
        """By apiVersion and kind."""
        return self._by_kind.get((group, version, kind))

    def any_version(self, group: str, plural: str) -> ResourceType | None:
        """The resource at its group's most preferred version that has it."""
        for version in self.versions(group):
            found = self.find(group, version, plural)
            if found is not None:
                return found
        return None

    def groups(self) -> list[str]:
        """Every named group: the built-in ones in upstream's order, then custom ones by name."""
        custom = sorted(group for group in self._versions if group not in self._built_in_groups)
        return [group for group in self._built_in_groups + custom if group in self._versions and group]

    def versions(self, group: str) -> list[str]:
        """A group's versions, the preferred one first."""
        return list(self._versions.get(group, ()))

    def types(self, group: str, version: str) -> list[ResourceType]:
        """The resources of one group version, by name."""
        found = (t for t in self._by_plural.values() if (t.group, t.version) == (group, version))
        return sorted(found, key=lambda resource_type: resource_type.plural)

    def add(self, resource_type: ResourceType) -> None:
        """Serve a resource; in place of an earlier one of the same group, version and plural."""
        self.remove(resource_type)
        group, version = resource_type.group, resource_type.version
        self._by_plural[group, version, resource_type.plural] = resource_type
        self._by_kind[group, version, resource_type.kind] = resource_type
        versions = self._versions.setdefault(group, [])
        if version not in versions:
            versions.append(version)
            versions.sort(key=version_priority)
        self.generation += 1

    def remove(self, resource_type: ResourceType) -> None:
        """Serve a resource no more; nothing happens where it is not served."""
        group, version = resource_type.group, resource_type.version
        old = self._by_plural.pop((group, version, resource_type.plural), None)
        if old is None:
            return
        self._by_kind.pop((group, version, old.kind), None)
        if not self.types(group, version):
            self._versions[group].remove(version)
        if not self._versions[group]:
            del self._versions[group]
        self.generation += 1


def version_priority(version: str) -> tuple[bool, int, int, int, str]:
    """Sorts versions as upstream does: v2, v1, v1beta2, v1beta1, v1alpha1, then others by name."""
    match = _KUBE_VERSION.fullmatch(version)
    if match is None:
        return (True, 0, 0, 0, version)
    major, stability, minor = match.groups()
    return (False, _STABILITY[stability], -int(major), -int(minor or 0), "")

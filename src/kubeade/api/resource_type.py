"""What the API serves of a resource: its names, verbs, subresources, and where its objects are kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubeade.api.resource import Resource

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
READ_WRITE = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Subresource:
    """`pods/eviction`: its verbs, and the kind that is sent and answered."""

    name: str
    verbs: tuple[str, ...]
    group: str
    version: str
    kind: str


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One resource at one version, as discovery tells of it.

    `storage` says under which resource the objects are kept: itself, another version that shares
    them (`api.conversion` translates), or None for what is answered but never kept (reviews, bindings).
    """

    resource: Resource
    singular: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: Mapping[str, Subresource] = field(default_factory=dict)
    storage: Resource | None = None
    list_kind: str = ""
    custom: bool = False

    @property
    def group(self) -> str:
        return self.resource.group

    @property
    def version(self) -> str:
        return self.resource.version

    @property
    def plural(self) -> str:
        return self.resource.plural

    @property
    def kind(self) -> str:
        return self.resource.kind

    @property
    def namespaced(self) -> bool:
        return self.resource.namespaced

    @property
    def virtual(self) -> bool:
        """Whether objects are answered without being kept."""
        return self.storage is None

    @property
    def has_status(self) -> bool:
        return "status" in self.subresources


def custom_resource_type(
    resource: Resource, names: Mapping[str, Any], subresources: Iterable[str], storage_version: str
) -> ResourceType:
    """The type of one version of a CustomResourceDefinition; `names` are its accepted names.

    `subresources` is of status and scale.
    """
    stored = Resource(resource.group, storage_version, resource.plural, resource.kind, resource.namespaced)
    return ResourceType(
        resource,
        singular=names.get("singular") or resource.kind.lower(),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources={name: common_subresource(resource, name) for name in sorted(subresources)},
        storage=stored,
        list_kind=names.get("listKind") or f"{resource.kind}List",
        custom=True,
    )


def common_subresource(resource: Resource, name: str) -> Subresource:
    """`status`, which is the object itself, or `scale`, which is an autoscaling/v1 Scale."""
    if name == "scale":
        return Subresource(name, READ_WRITE, "autoscaling", "v1", "Scale")
    return Subresource(name, READ_WRITE, resource.group, resource.version, resource.kind)

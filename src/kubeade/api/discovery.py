"""The documents by which clients learn what is served: one by one as of old, and all in one.

Everything is made from the catalogue, and from what is known of groups that other servers serve; whoever
serves these keeps them until either changes.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from kubeade.api.catalogue import Catalogue
from kubeade.api.foreign_groups import Foreign, ServedGroup, aggregated_version, served_groups
from kubeade.api.resource import Resource
from kubeade.api.resource_type import ResourceType, Subresource

Document = dict[str, Any]

AGGREGATED_VERSIONS = ("v2", "v2beta1")
"""Versions of apidiscovery.k8s.io that `aggregated` can speak."""


def api_versions(server_address: str) -> Document:
    """`/api`: the versions of the core group; `server_address` is host:port."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": server_address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def api_group_list(catalogue: Catalogue, foreign: Sequence[Foreign] = ()) -> Document:
    """`/apis`: every named group."""
    groups = [_group(group) for group in served_groups(catalogue, foreign)]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(catalogue: Catalogue, group: str, foreign: Sequence[Foreign] = ()) -> Document | None:
    """`/apis/apps`; None where there is no such group."""
    found = next((each for each in served_groups(catalogue, foreign) if each.name == group), None)
    return None if found is None else {"kind": "APIGroup", "apiVersion": "v1", **_group(found)}


def api_resource_list(catalogue: Catalogue, group: str, version: str) -> Document | None:
    """`/api/v1` and `/apis/apps/v1`: resources and subresources; None where there are none."""
    if version not in catalogue.versions(group):
        return None
    resources = []
    for resource_type in catalogue.types(group, version):
        resources.append(_resource(resource_type))
        resources += [
            _subresource(resource_type, subresource)
            for _, subresource in sorted(resource_type.subresources.items())
        ]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": resources,
    }


def aggregated(
    catalogue: Catalogue, foreign: Sequence[Foreign] = (), *, core: bool, version: str = "v2"
) -> Document:
    """`/api` (core) or `/apis` as one APIGroupDiscoveryList, of apidiscovery.k8s.io/v2 or v2beta1."""
    assert version in AGGREGATED_VERSIONS
    own = ServedGroup("", [(each, None) for each in catalogue.versions("")])
    groups = [own] if core else served_groups(catalogue, foreign)
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": [_aggregated_group(catalogue, group) for group in groups],
    }


def _group(group: ServedGroup) -> Document:
    versions = [
        {"groupVersion": f"{group.name}/{version}", "version": version} for version, _ in group.versions
    ]
    return {"name": group.name, "versions": versions, "preferredVersion": versions[0]}


def _resource(resource_type: ResourceType) -> Document:
    document: Document = {
        "name": resource_type.plural,
        "singularName": resource_type.singular,
        "namespaced": resource_type.namespaced,
        "kind": resource_type.kind,
        "verbs": list(resource_type.verbs),
    }
    if resource_type.short_names:
        document["shortNames"] = list(resource_type.short_names)
    if resource_type.categories:
        document["categories"] = list(resource_type.categories)
    if resource_type.storage is not None:
        document["storageVersionHash"] = storage_version_hash(resource_type.storage)
    return document


def _subresource(resource_type: ResourceType, subresource: Subresource) -> Document:
    document: Document = {
        "name": f"{resource_type.plural}/{subresource.name}",
        "singularName": "",
        "namespaced": resource_type.namespaced,
    }
    if _is_foreign(resource_type, subresource):
        document |= {"group": subresource.group, "version": subresource.version}
    return document | {"kind": subresource.kind, "verbs": list(subresource.verbs)}


def _aggregated_group(catalogue: Catalogue, group: ServedGroup) -> Document:
    versions = [
        aggregated_version(foreign)
        if foreign
        else {
            "version": version,
            "resources": [_aggregated_resource(each) for each in catalogue.types(group.name, version)],
            "freshness": "Current",
        }
        for version, foreign in group.versions
    ]
    metadata: Document = {"creationTimestamp": None}
    return {"metadata": {"name": group.name, **metadata} if group.name else metadata, "versions": versions}


def _aggregated_resource(resource_type: ResourceType) -> Document:
    document: Document = {
        "resource": resource_type.plural,
        "responseKind": {"group": "", "version": "", "kind": resource_type.kind},
        "scope": "Namespaced" if resource_type.namespaced else "Cluster",
        "singularResource": resource_type.singular,
        "verbs": list(resource_type.verbs),
    }
    if resource_type.short_names:
        document["shortNames"] = list(resource_type.short_names)
    if resource_type.categories:
        document["categories"] = list(resource_type.categories)
    if resource_type.subresources:
        document["subresources"] = [
            _aggregated_subresource(resource_type, subresource)
            for _, subresource in sorted(resource_type.subresources.items())
        ]
    return document


def _aggregated_subresource(resource_type: ResourceType, subresource: Subresource) -> Document:
    foreign = _is_foreign(resource_type, subresource)
    kind = {
        "group": subresource.group if foreign else "",
        "version": subresource.version if foreign else "",
        "kind": subresource.kind,
    }
    return {"subresource": subresource.name, "responseKind": kind, "verbs": list(subresource.verbs)}


def _is_foreign(resource_type: ResourceType, subresource: Subresource) -> bool:
    """Whether the subresource's kind belongs to another group version than its resource."""
    own = (resource_type.group, resource_type.version)
    return (subresource.group, subresource.version) != own


def storage_version_hash(stored: Resource) -> str:
    """Changes when objects are kept in another version; storage migrators compare it."""
    text = f"{stored.group}/{stored.version}/{stored.kind}"
    return b64encode(sha256(text.encode()).digest()[:8]).decode()

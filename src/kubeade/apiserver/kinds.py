"""What dynamic admission has to know of kinds (`seams.Kinds`): versions of one resource that stand for each
other, one version's object as another's, and what a changed object becomes."""

from kubeade.api.catalogue import Catalogue
from kubeade.api.conversion import convert
from kubeade.api.decoding import NONE, Decoder, FieldValidation
from kubeade.api.defaults import apply_defaults
from kubeade.api.resource import Object, Resource, split_api_version
from kubeade.api.resource_type import ResourceType
from kubeade.api.schema import Schema
from kubeade.api.schema_node import Node
from kubeade.apiserver.custom_resources import CustomResources
from kubeade.apiserver.custom_resources.objects import decode_custom


class ServedKinds:
    """Over the catalogue of this moment."""

    def __init__(
        self, catalogue: Catalogue, schema: Schema, decoder: Decoder, customs: CustomResources
    ) -> None:
        self._catalogue = catalogue
        self._schema = schema
        self._decoder = decoder
        self._customs = customs
        self._equivalents: dict[tuple[Resource, str], list[Resource]] = {}
        self._generation = -1

    def equivalents(self, resource: Resource, subresource: str) -> list[Resource]:
        if self._generation != self._catalogue.generation:
            self._generation = self._catalogue.generation
            self._equivalents.clear()
        key = (resource, subresource)
        found = self._equivalents.get(key)
        if found is None:
            found = self._equivalents[key] = list(self._others(resource, subresource))
        return found

    def _others(self, resource: Resource, subresource: str) -> list[Resource]:
        own = self._catalogue.find(resource.group, resource.version, resource.plural)
        if own is None or own.storage is None:
            return []
        return [
            each.resource
            for each in self._catalogue
            if each.resource != resource
            and _place(each) == _place(own)
            and (not subresource or subresource in each.subresources)
        ]

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        found = self._catalogue.by_kind(*split_api_version(api_version), kind)
        return None if found is None else found.resource

    async def convert(self, obj: Object, target: Resource) -> Object:
        group, version = split_api_version(obj["apiVersion"])
        source = self._catalogue.by_kind(group, version, obj["kind"])
        if source is None or _place(source)[1] != target.plural or source.resource == target:
            return obj
        if source.custom:
            return await self._customs.in_version(obj, target)
        return convert(obj, source.resource, target)

    def completed(self, resource: Resource, obj: Object) -> Object:
        custom = self._customs.find(resource)
        if custom is not None:
            return decode_custom(custom, self._schema, obj, FieldValidation.IGNORE, NONE)[0]
        found, _ = self._decoder.decode(resource, obj, FieldValidation.IGNORE)
        apply_defaults(resource, found)
        return found

    def node(self, resource: Resource) -> Node:
        return self._schema.node(resource)


def _place(resource_type: ResourceType) -> tuple[str, str]:
    stored = resource_type.storage
    return (stored.group, stored.plural) if stored else (resource_type.group, resource_type.plural)

"""How one request looks to webhooks and expressions: the object in the version that they speak, and who
asks."""

from dataclasses import dataclass
from typing import Any

from kubeade.api.resource import Object, Resource, split_api_version
from kubeade.apiserver.admission.dynamic.matching import is_namespace
from kubeade.apiserver.seams import AdmissionAttributes, Kinds, User


@dataclass(slots=True)
class View:
    """The request as `resource` (its own, or an equivalent one) says it."""

    resource: Resource
    kind: tuple[str, str, str]
    object: Object | None
    old_object: Object | None


class Views:
    """One request's views, made once each. A change of the object makes them stale: take new ones."""

    def __init__(self, attributes: AdmissionAttributes) -> None:
        assert attributes.kinds is not None
        self.kinds = attributes.kinds
        self._attributes = attributes
        self._made: dict[Resource, View] = {}

    async def of(self, resource: Resource) -> View:
        view = self._made.get(resource)
        if view is None:
            found = self._attributes
            kind = kind_of(found, self.kinds, resource)
            view = View(
                resource,
                kind,
                await self._converted(found.object, resource),
                await self._converted(found.old_object, resource),
            )
            self._made[resource] = view
        return view

    async def _converted(self, obj: Object | None, resource: Resource) -> Object | None:
        if obj is None or resource == self._attributes.resource:
            return obj
        return await self.kinds.convert(obj, resource)


def kind_of(attributes: AdmissionAttributes, kinds: Kinds, resource: Resource) -> tuple[str, str, str]:
    """Group, version and kind of what is sent: a subresource may have a body of its own."""
    if attributes.kind != attributes.resource.kind:
        group, version = _body_version(attributes)
        return group, version, attributes.kind
    return resource.group, resource.version, resource.kind


def _body_version(attributes: AdmissionAttributes) -> tuple[str, str]:
    body = attributes.object or {}
    return split_api_version(str(body.get("apiVersion") or "v1"))


def body_resource(resource: Resource, obj: Object) -> Resource:
    """The resource, or what stands for the kind of a subresource's own body (a Scale, a Binding)."""
    if obj.get("kind") in (resource.kind, None):
        return resource
    return Resource(*split_api_version(str(obj.get("apiVersion") or "v1")), resource.plural, obj["kind"])


def admission_request(attributes: AdmissionAttributes, view: View, uid: str, kinds: Kinds) -> Object:
    """The AdmissionRequest (admission.k8s.io) without the objects."""
    resource, own = view.resource, attributes.resource
    request: Object = {
        "uid": uid,
        "kind": _kind(view.kind),
        "resource": _resource(resource),
        "requestKind": _kind(kind_of(attributes, kinds, own)),
        "requestResource": _resource(own),
        "operation": attributes.operation.value,
        "userInfo": user_info(attributes.user),
        "dryRun": attributes.dry_run,
        "options": attributes.options or None,
    }
    if attributes.subresource:
        request["subResource"] = request["requestSubResource"] = attributes.subresource
    if attributes.name:
        request["name"] = attributes.name
    namespace = attributes.name if is_namespace(attributes) else attributes.namespace
    if namespace:
        request["namespace"] = namespace
    return request


def user_info(user: User) -> Object:
    """authentication.k8s.io/v1 UserInfo."""
    found: dict[str, Any] = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    found["extra"] = {key: list(values) for key, values in user.extra.items()}
    return {key: value for key, value in found.items() if value or key == "username"}


def _kind(kind: tuple[str, str, str]) -> Object:
    return dict(zip(("group", "version", "kind"), kind, strict=True))


def _resource(resource: Resource) -> Object:
    return {"group": resource.group, "version": resource.version, "resource": resource.plural}

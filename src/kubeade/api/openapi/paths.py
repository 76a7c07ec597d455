"""Which requests can be made of a resource: OpenAPI's paths and operations.

Operations carry what kubectl looks for (kind, action, the parameters of a patch) and what client
generators need (ids, parameters, bodies, answers).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kubeade.api.openapi.connections import Connections, connects
from kubeade.api.openapi.schemas import Components, Json
from kubeade.api.resource_type import ResourceType, Subresource
from kubeade.api.schema import META

_PRODUCES = ["application/json", "application/yaml"]
_PATCHES = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
]
_LIST_PARAMETERS = {
    "allowWatchBookmarks": "boolean",
    "continue": "string",
    "fieldSelector": "string",
    "labelSelector": "string",
    "limit": "integer",
    "resourceVersion": "string",
    "resourceVersionMatch": "string",
    "sendInitialEvents": "boolean",
    "timeoutSeconds": "integer",
    "watch": "boolean",
}
_WRITE_PARAMETERS = {"dryRun": "string", "fieldManager": "string", "fieldValidation": "string"}
_DELETE_PARAMETERS = {
    "dryRun": "string",
    "gracePeriodSeconds": "integer",
    "orphanDependents": "boolean",
    "propagationPolicy": "string",
}


@dataclass(frozen=True, slots=True)
class _Action:
    """What a verb is to OpenAPI: HTTP method, action, the operation id's first word, query parameters."""

    method: str
    action: str
    word: str
    query: dict[str, str]


_COLLECTION = {
    "list": _Action("get", "list", "list", _LIST_PARAMETERS),
    "create": _Action("post", "post", "create", _WRITE_PARAMETERS),
    "deletecollection": _Action(
        "delete", "deletecollection", "deleteCollection", {**_LIST_PARAMETERS, **_DELETE_PARAMETERS}
    ),
}
_OBJECT = {
    "get": _Action("get", "get", "read", {}),
    "update": _Action("put", "put", "replace", _WRITE_PARAMETERS),
    "patch": _Action("patch", "patch", "patch", {**_WRITE_PARAMETERS, "force": "boolean"}),
    "delete": _Action("delete", "delete", "delete", _DELETE_PARAMETERS),
}
_SUBRESOURCE = {**_OBJECT, "create": _Action("post", "post", "create", _WRITE_PARAMETERS)}


class Paths:
    """Writes the paths of one resource type, in the dialect of the components they refer to."""

    def __init__(self, components: Components, resource_type: ResourceType) -> None:
        self._components = components
        self._type = resource_type
        self._v3 = components.dialect.v3

    def write(self) -> Iterator[tuple[str, Json]]:
        """Each path with its operations."""
        resource = self._type.resource
        namespace = "{namespace}" if resource.namespaced else ""
        collection = self._item(_COLLECTION, self._type.verbs, namespaced=resource.namespaced)
        if len(collection) > 1:
            yield resource.path(namespace), collection
        if namespace and "list" in self._type.verbs:
            yield resource.path(), self._item(_COLLECTION, ("list",), namespaced=False, everywhere=True)
        one = self._item(_OBJECT, self._type.verbs, namespaced=resource.namespaced, named=True)
        if len(one) > 1:
            yield resource.path(namespace, "{name}"), one
        for name, subresource in self._type.subresources.items():
            path = resource.path(namespace, "{name}", name)
            if connects(subresource):
                yield from self._connections().write(path, subresource)
                continue
            yield (
                path,
                self._item(
                    _SUBRESOURCE,
                    subresource.verbs,
                    namespaced=resource.namespaced,
                    named=True,
                    subresource=subresource,
                ),
            )

    def _connections(self) -> Connections:
        return Connections(self._type, self._group_version(), self._tag(), self._v3)

    def _item(
        self,
        actions: dict[str, _Action],
        verbs: tuple[str, ...],
        *,
        namespaced: bool,
        named: bool = False,
        everywhere: bool = False,
        subresource: Subresource | None = None,
    ) -> Json:
        item: Json = {"parameters": list(self._path_parameters(namespaced, named))}
        for verb, action in actions.items():
            if verb in verbs:
                item[action.method] = self._operation(verb, action, subresource, everywhere)
        return item

    def _path_parameters(self, namespaced: bool, named: bool) -> Iterator[Json]:
        names = [*(["name"] if named else []), *(["namespace"] if namespaced else [])]
        for name in names:
            yield self._parameter(name, "string", "path", required=True)
        yield self._parameter("pretty", "string", "query")

    def _operation(
        self, verb: str, action: _Action, subresource: Subresource | None, everywhere: bool
    ) -> Json:
        named = subresource or self._type
        kind = {"group": named.group, "version": named.version, "kind": named.kind}
        operation: Json = {
            "description": f"{action.word} {self._type.kind}",
            "operationId": self._operation_id(action, subresource, everywhere),
            "parameters": [self._parameter(name, of_type, "query") for name, of_type in action.query.items()],
            "responses": self._responses(verb, self._answer(verb, subresource)),
            "tags": [self._tag()],
            "x-kubernetes-action": action.action,
            "x-kubernetes-group-version-kind": kind,
        }
        self._add_media(operation, verb, self._body(verb, subresource))
        return operation

    def _add_media(self, operation: Json, verb: str, body: str) -> None:
        """What is sent: a media type for each way, and the body's schema."""
        consumed = self._patches() if verb == "patch" else ["*/*"]
        if self._v3:
            if body:
                schema = self._components.reference(body)
                content = {media_type: {"schema": schema} for media_type in consumed}
                required = verb in ("create", "update", "patch")
                operation["requestBody"] = {"content": content, **({"required": True} if required else {})}
            return
        operation |= {"consumes": consumed, "produces": _PRODUCES, "schemes": ["https"]}
        if body:
            schema = self._components.reference(body)
            required = verb in ("create", "update", "patch")
            operation["parameters"].insert(
                0,
                {"name": "body", "in": "body", "schema": schema, **({"required": True} if required else {})},
            )

    def _patches(self) -> list[str]:
        """Objects without a schema of ours have no merge keys: kubectl must not patch them strategically."""
        return [one for one in _PATCHES if not (self._type.custom and "strategic" in one)]

    def _body(self, verb: str, subresource: Subresource | None) -> str:
        if verb == "patch":
            return f"{META}.Patch"
        if verb in ("delete", "deletecollection"):
            return f"{META}.DeleteOptions"
        return self._kind(subresource) if verb in ("create", "update") else ""

    def _answer(self, verb: str, subresource: Subresource | None) -> str:
        if verb in ("delete", "deletecollection"):
            return f"{META}.Status"
        if verb == "list":
            return self._components.name_of(self._type.group, self._type.version, self._type.list_kind)
        return self._kind(subresource)

    def _kind(self, subresource: Subresource | None) -> str:
        """The component that is exchanged; "" for a log, which is text."""
        if subresource is None:
            return self._components.name_of(self._type.group, self._type.version, self._type.kind)
        if subresource.name == "log":
            return ""
        return self._components.name_of(subresource.group, subresource.version, subresource.kind)

    def _responses(self, verb: str, answer: str) -> Json:
        codes = {"200": "OK"}
        if verb in ("create", "update", "patch"):
            codes["201"] = "Created"
        if verb in ("create", "delete"):
            codes["202"] = "Accepted"
        answers: Json = {code: self._response(text, answer) for code, text in codes.items()}
        return {**answers, "401": {"description": "Unauthorized"}}

    def _response(self, description: str, answer: str) -> Json:
        schema = self._components.reference(answer) if answer else {"type": "string"}
        if self._v3:
            content = {media_type: {"schema": schema} for media_type in _PRODUCES}
            return {"description": description, "content": content}
        return {"description": description, "schema": schema}

    def _parameter(self, name: str, type: str, place: str, required: bool = False) -> Json:
        schema = {"type": type, "uniqueItems": True}
        parameter: Json = {"name": name, "in": place, **({"schema": schema} if self._v3 else schema)}
        return {**parameter, "required": True} if required else parameter

    def _operation_id(self, action: _Action, subresource: Subresource | None, everywhere: bool) -> str:
        group_version = self._group_version()
        scope = "Namespaced" if self._type.namespaced and not everywhere else ""
        kind = self._type.kind + (_camel(subresource.name) if subresource else "")
        return f"{action.word}{group_version}{scope}{kind}{'ForAllNamespaces' if everywhere else ''}"

    def _group_version(self) -> str:
        """As operation ids name it: `RbacAuthorizationV1`."""
        group = self._type.group.removesuffix(".k8s.io") or "core"
        return "".join(_camel(part) for part in (*group.split("."), self._type.version))

    def _tag(self) -> str:
        """`rbac.authorization.k8s.io/v1` is tagged rbacAuthorization_v1."""
        first, *others = (self._type.group.removesuffix(".k8s.io") or "core").split(".")
        return f"{first}{''.join(_camel(word) for word in others)}_{self._type.version}"


def _camel(word: str) -> str:
    return word[:1].upper() + word[1:]

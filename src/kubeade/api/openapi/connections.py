"""The paths of subresources that connect instead of exchanging objects: exec, attach, port-forward, proxies.

Every method that opens the connection is an operation of its own; a proxy has a second path, for what lies
behind it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kubeade.api.openapi.schemas import Json
from kubeade.api.resource_type import ResourceType, Subresource

_STREAMS = {"stderr": "boolean", "stdin": "boolean", "stdout": "boolean", "tty": "boolean"}
_ATTACH = {"container": "string", **_STREAMS}
_QUERIES = {
    "attach": _ATTACH,
    "exec": {"command": "string", **_ATTACH},
    "portforward": {"ports": "integer"},
    "proxy": {"path": "string"},
}
_METHODS = ("get", "post")
_PROXY_METHODS = ("delete", "get", "head", "options", "patch", "post", "put")


@dataclass(frozen=True, slots=True)
class Connections:
    """Writes them for one resource type; `group_version` is how operation ids name it (`CoreV1`)."""

    resource_type: ResourceType
    group_version: str
    tag: str
    v3: bool

    def write(self, path: str, subresource: Subresource) -> Iterator[tuple[str, Json]]:
        yield path, self._item(subresource, with_path=False)
        if subresource.name == "proxy":
            yield f"{path}/{{path}}", self._item(subresource, with_path=True)

    def _item(self, subresource: Subresource, *, with_path: bool) -> Json:
        proxy = subresource.name == "proxy"
        item: Json = {"parameters": list(self._parameters(subresource, with_path))}
        for method in _PROXY_METHODS if proxy else _METHODS:
            item[method] = self._operation(method, subresource, with_path)
        return item

    def _parameters(self, subresource: Subresource, with_path: bool) -> Iterator[Json]:
        places = ["name", *(["namespace"] if self.resource_type.namespaced else [])]
        for name in [*places, *(["path"] if with_path else [])]:
            yield {**self._parameter(name, "string", "path"), "required": True}
        for name, of_type in _QUERIES[subresource.name].items():
            yield self._parameter(name, of_type, "query")

    def _parameter(self, name: str, of_type: str, place: str) -> Json:
        schema = {"type": of_type, "uniqueItems": True}
        return {"name": name, "in": place, **({"schema": schema} if self.v3 else schema)}

    def _operation(self, method: str, subresource: Subresource, with_path: bool) -> Json:
        kind, scope = self.resource_type.kind, "Namespaced" if self.resource_type.namespaced else ""
        name = subresource.name.capitalize() + ("WithPath" if with_path else "")
        operation: Json = {
            "description": f"connect {method.upper()} requests to {subresource.name} of {kind}",
            "operationId": f"connect{self.group_version}{method.capitalize()}{scope}{kind}{name}",
            "responses": {"200": self._answer(), "401": {"description": "Unauthorized"}},
            "tags": [self.tag],
            "x-kubernetes-action": "connect",
            "x-kubernetes-group-version-kind": {
                "group": subresource.group,
                "version": subresource.version,
                "kind": subresource.kind,
            },
        }
        if not self.v3:
            operation |= {"consumes": ["*/*"], "produces": ["*/*"], "schemes": ["https"]}
        return operation

    def _answer(self) -> Json:
        schema = {"type": "string"}
        content = {"content": {"*/*": {"schema": schema}}} if self.v3 else {"schema": schema}
        return {"description": "OK", **content}


def connects(subresource: Subresource) -> bool:
    return subresource.name in _QUERIES

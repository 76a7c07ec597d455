"""Random requests over the whole API: every resource, verb and kind of patch, odd paths, queries and headers.

Objects are valid ones, mutated ones or noise. What could take the cluster itself away (admission that refuses
everything, say) is only tried as a dry run; everything lies in a namespace of its own.
"""

import zlib
from random import Random
from typing import Any
from urllib.parse import quote, quote_from_bytes

import msgspec
import yaml
from fuzz_request import NAMESPACE, FuzzRequest
from fuzz_rooms import RoomMaker
from fuzz_values import NUMBERS, WORDS, any_value, mutated, value_of

from kubeade.api.catalogue import Catalogue
from kubeade.api.protobuf.codec import ProtobufCodec
from kubeade.api.resource_type import ResourceType
from kubeade.api.schema import Schema

_ONLY_TRIED = ("admissionregistration.k8s.io", "apiregistration.k8s.io", "flowcontrol.apiserver.k8s.io")
_ONLY_TRIED_KINDS = ("resourcequotas", "limitranges")
_CONTENT_TYPES = (
    *("application/json",) * 6,
    *(
        "application/yaml",
        "application/vnd.kubernetes.protobuf",
        "text/plain",
        "",
        "application/json; charset=x",
    ),
)
_PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/json",
)
_ACCEPTS = (
    *("", "*/*", "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "text/html"),
    *(
        "application/json;as=Table;g=meta.k8s.io;v=v1",
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    ),
    *(
        "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        ";;;=",
        "application/json;as=X",
    ),
)
_PARAMETERS = {
    "labelSelector": (*WORDS, "a=b", "a in (b)"),
    "fieldSelector": (
        *WORDS,
        "metadata.name=a",
        "metadata.namespace!=b",
        "spec.nodeName=",
        "status.phase=Running",
    ),
    "limit": (*map(str, NUMBERS), "x", ""),
    "continue": (*WORDS, "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYSJ9"),
    "resourceVersion": (*map(str, NUMBERS[:4]), "0", "", "x", "9" * 30),
    "resourceVersionMatch": ("Exact", "NotOlderThan", "x", ""),
    "sendInitialEvents": ("true", "false", "x"),
    "allowWatchBookmarks": ("true", "x"),
    "dryRun": ("All", "", "x"),
    "fieldManager": WORDS,
    "fieldValidation": ("Strict", "Warn", "Ignore", "x"),
    "force": ("true", "false", "x"),
    "propagationPolicy": ("Background", "Foreground", "Orphan", "x"),
    "gracePeriodSeconds": (*map(str, NUMBERS), "x"),
    "orphanDependents": ("true", "false", "x"),
    "pretty": ("true", "x"),
    "includeObject": ("Object", "Metadata", "None", "x"),
    "container": WORDS,
    "command": WORDS,
    "stdin": ("true", "x"),
    "stdout": ("true",),
    "tailLines": (*map(str, NUMBERS), "x"),
    "sinceSeconds": (*map(str, NUMBERS), "x"),
    "sinceTime": WORDS,
    "limitBytes": (*map(str, NUMBERS), "x"),
    "ports": (*map(str, NUMBERS), "x"),
    "path": WORDS,
}
_PLAIN_PATHS = (
    "/",
    "/api",
    "/apis",
    "/api/v1",
    "/apis/apps/v1",
    "/version",
    "/healthz",
    "/readyz?verbose",
    "/livez/ping",
)
_OTHER_PATHS = (
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/api/v1",
    "/metrics",
    "/openid/v1/jwks",
    "/debug",
    "/api/v1/x/y/z/w",
)


class RequestMaker:
    """An endless source of requests from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._schema = Schema.load()
        self._codec = ProtobufCodec(self._schema)
        self._types = list(Catalogue.built_in())
        self._rooms = RoomMaker(self._random)

    def next(self) -> FuzzRequest:
        random = self._random
        roll = random.random()
        request = self._made(roll)
        request.authenticated = random.random() < 0.9
        self._spoil_headers(request)
        if random.random() < 0.08:
            request.body = damaged(random, request.body)
        return request

    def _made(self, roll: float) -> FuzzRequest:
        if roll < 0.03:
            return self._plain()
        if roll < 0.08:
            return self._odd_path()
        return self._rooms.next() if roll < 0.3 else self._resource()

    # -- requests ----------------------------------------------------------------------------------

    def _plain(self) -> FuzzRequest:
        method = self._random.choice(("GET", "GET", "HEAD", "POST", "DELETE", "OPTIONS"))
        return FuzzRequest(method, self._random.choice(_PLAIN_PATHS + _OTHER_PATHS))

    def _odd_path(self) -> FuzzRequest:
        random = self._random
        segments = [
            "api",
            "v1",
            "namespaces",
            NAMESPACE,
            "pods",
            "a",
            "log",
            "apis",
            "apps",
            "watch",
            "proxy",
            "",
        ]
        parts = [random.choice((*segments, *WORDS)) for _ in range(random.randint(1, 8))]
        path = "/" + "/".join(quote(part, safe=random.choice(("", "/.%"))) for part in parts)
        if random.random() < 0.2:
            path += quote_from_bytes(random.randbytes(3))
        return FuzzRequest(random.choice(("GET", "PUT", "DELETE", "PATCH")), path + self._query(), {}, b"{}")

    def _resource(self) -> FuzzRequest:
        random = self._random
        kind = random.choice(self._types)
        verb = random.choice(
            ("create", "create", "create", "update", "patch", "patch", "patch", "get", "list", "delete")
        )
        subresource = (
            random.choice(list(kind.subresources)) if kind.subresources and random.random() < 0.25 else ""
        )
        name = "" if verb in {"create", "list"} and not subresource else self._name()
        path = kind.resource.path(NAMESPACE if kind.namespaced else "", quote(name, safe=""), subresource)
        query = self._query(kind, verb)
        if verb == "list":
            return FuzzRequest("GET", path + query)
        if verb in {"get", "delete"}:
            return self._read_or_delete(verb, path + query, kind)
        method = {"create": "POST", "update": "PUT", "patch": "PATCH"}[verb]
        request = FuzzRequest(method, path + query)
        self._give_body(request, kind, name or self._name(), subresource)
        return request

    def _read_or_delete(self, verb: str, target: str, kind: ResourceType) -> FuzzRequest:
        if verb == "get":
            return FuzzRequest("GET", target)
        keeps = "/namespaces/" not in target and kind.plural in {"namespaces", "nodes"}
        body = msgspec.json.encode(self._deletion()) if self._random.random() < 0.5 else b""
        headers = {"content-type": "application/json"} if body else {}
        return FuzzRequest("GET" if keeps else "DELETE", target, headers, body)

    def _deletion(self) -> Any:
        node = self._schema.definition("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")
        return value_of(self._random, node)

    # -- bodies ------------------------------------------------------------------------------------

    def _give_body(self, request: FuzzRequest, kind: ResourceType, name: str, subresource: str) -> None:
        random = self._random
        if request.method == "PATCH":
            media_type = random.choice(_PATCHES)
            request.headers["content-type"] = media_type
            request.body = self._patch(media_type, kind, name)
            return
        obj = self._object(kind, name, subresource)
        media_type = random.choice(_CONTENT_TYPES)
        request.headers["content-type"] = media_type
        request.body = self._encoded(obj, media_type)

    def _object(self, kind: ResourceType, name: str, subresource: str = "") -> Any:
        random = self._random
        declared = kind.subresources.get(subresource)
        group, version, wire = (kind.group, kind.version, kind.kind)
        if declared is not None:
            group, version, wire = declared.group, declared.version, declared.kind
        node = self._schema.find(group, version, wire)
        obj: Any = value_of(random, node) if node is not None else {}
        if isinstance(obj, dict):
            obj.update({"kind": wire, "apiVersion": f"{group}/{version}" if group else version})
            metadata = obj.get("metadata")
            kept = metadata if isinstance(metadata, dict) and random.random() < 0.3 else {}
            kept.pop("finalizers", None)
            obj["metadata"] = {**kept, "name": name}
            if kind.namespaced:
                obj["metadata"]["namespace"] = NAMESPACE
        for _ in range(random.choice((0, 0, 1, 1, 2, 5))):
            obj = mutated(random, obj)
        return obj

    def _patch(self, media_type: str, kind: ResourceType, name: str) -> bytes:
        random = self._random
        if media_type == "application/json-patch+json":
            return _json([self._operation() for _ in range(random.randint(0, 4))])
        obj = self._object(kind, name)
        if isinstance(obj, dict) and random.random() < 0.5:
            obj.pop("metadata", None)
        if isinstance(obj, dict) and random.random() < 0.3:
            obj[
                random.choice(("$patch", "$retainKeys", "$setElementOrder/x", "$deleteFromPrimitiveList/x"))
            ] = any_value(random)
        return self._encoded(obj, "application/yaml" if "yaml" in media_type else "application/json")

    def _operation(self) -> Any:
        random = self._random
        steps = (
            "metadata",
            "name",
            "labels",
            "annotations",
            "spec",
            "status",
            "0",
            "-",
            "containers",
            "template",
            "data",
            "~1",
            "~2",
            "99",
        )
        path = "".join(f"/{random.choice(steps)}" for _ in range(random.randint(0, 4)))
        operation = {
            "op": random.choice(("add", "remove", "replace", "move", "copy", "test", "x")),
            "path": path,
        }
        if random.random() < 0.8:
            operation["value"] = any_value(random)
        if random.random() < 0.4:
            operation["from"] = f"/{random.choice(steps)}"
        return mutated(random, operation) if random.random() < 0.1 else operation

    def _encoded(self, obj: Any, media_type: str) -> bytes:
        random = self._random
        if media_type == "application/yaml" and random.random() < 0.8:
            return yaml.safe_dump(msgspec.json.decode(_json(obj), strict=False)).encode("utf-8", "replace")
        if media_type.endswith("protobuf") and isinstance(obj, dict):
            try:
                return self._codec.encode(obj) or b""
            except Exception:
                return b"k8s\x00" + _json(obj)
        data = _json(obj)
        if random.random() < 0.02:
            deep = random.choice((100, 900, 9000, 20_000))
            data = data[:-1] + b',"deep":' + b"[" * deep + b"]" * deep + b"}"
        if random.random() < 0.02:
            data = data[:-1] + b',"metadata":{},"metadata":{"name":"twice"}}'
        return data

    # -- pieces ------------------------------------------------------------------------------------

    def _name(self) -> str:
        random = self._random
        return random.choice(WORDS) if random.random() < 0.08 else f"fuzz-{random.randint(0, 9)}"

    def _query(self, kind: ResourceType | None = None, verb: str = "") -> str:
        random = self._random
        pairs = []
        for _ in range(random.choice((0, 0, 0, 1, 1, 2, 4))):
            name = random.choice(list(_PARAMETERS))
            pairs.append((name, random.choice(_PARAMETERS[name])))
        if verb in {"list", "get"} and random.random() < 0.1:
            pairs.append(("watch", random.choice(("true", "1", "x"))))
        if kind is not None and _only_tried(kind) and verb not in {"list", "get"}:
            pairs = [(name, value) for name, value in pairs if name != "dryRun"] + [("dryRun", "All")]
        if random.random() < 0.02:
            pairs.append((random.choice(WORDS), random.choice(WORDS)))
        pairs.append(("timeoutSeconds", "1"))
        return "?" + "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)

    def _spoil_headers(self, request: FuzzRequest) -> None:
        random = self._random
        headers = request.headers
        if random.random() < 0.2:
            headers["accept"] = random.choice(_ACCEPTS)
        if random.random() < 0.03:
            headers["authorization"] = random.choice(
                ("Bearer", "Bearer x", "Bearer a.b.c", "Basic eA==", "Bearer " + "e" * 9000)
            )
        if random.random() < 0.03:
            headers[
                random.choice(
                    ("impersonate-user", "impersonate-group", "impersonate-uid", "impersonate-extra-a")
                )
            ] = "x"
        if random.random() < 0.03:
            headers["connection"] = "Upgrade"
            headers["upgrade"] = random.choice(("websocket", "SPDY/3.1", "h2c", "x"))
            headers["sec-websocket-key"] = random.choice(("dGhlIHNhbXBsZSBub25jZQ==", "x"))
            headers["sec-websocket-version"] = random.choice(("13", "8"))
            headers["sec-websocket-protocol"] = random.choice(("v5.channel.k8s.io", "v4.channel.k8s.io", "x"))
        if random.random() < 0.02:
            headers["content-encoding"] = random.choice(("gzip", "deflate", "x"))
            request.body = zlib.compress(request.body)
        if random.random() < 0.03:
            headers["user-agent"] = random.choice(
                [word for word in WORDS if word.isascii() and word.isprintable()]
            )


def _only_tried(kind: ResourceType) -> bool:
    return kind.group in _ONLY_TRIED or kind.plural in _ONLY_TRIED_KINDS


def damaged(random: Random, data: bytes) -> bytes:
    """The bytes with some flipped, cut out, doubled or put in."""
    found = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        at = random.randrange(len(found) + 1)
        roll = random.random()
        if roll < 0.4 and at < len(found):
            found[at] = random.randrange(256)
        elif roll < 0.6:
            del found[at : at + random.randint(1, 20)]
        elif roll < 0.8:
            found[at:at] = random.randbytes(random.randint(1, 6))
        else:
            found[at:at] = found[max(0, at - 10) : at]
    return bytes(found)


def _json(value: Any) -> bytes:
    """JSON of any size of number (which most encoders refuse)."""
    import json

    return json.dumps(value).encode("utf-8", "replace")

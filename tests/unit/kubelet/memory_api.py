"""An API server in a dictionary: enough of it for a kubelet, and a tape of what was written."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from kubeade.api.errors import AlreadyExists, ApiError, Conflict, MethodNotAllowed, NotFound
from kubeade.lib.http.message import Request, Response

Object = dict[str, Any]


class MemoryApi:
    """A Handler. Objects by path; watches see every change after they began."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.patches: list[tuple[str, Object]] = []
        self.tokens = 0
        self._versions = itertools.count(1)
        self._watches: list[tuple[str, dict[str, str], asyncio.Queue[bytes]]] = []
        self._changed = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except ApiError as error:
            return Response(error.status_code, body=msgspec.json.encode(error.to_status()))

    def put(self, path: str, item: Object) -> Object:
        """Create or replace, as a user would."""
        old = self.objects.get(path)
        item["metadata"]["resourceVersion"] = str(next(self._versions))
        item["metadata"].setdefault("uid", f"uid-{item['metadata']['name']}")
        self.objects[path] = item
        self._tell("MODIFIED" if old else "ADDED", path, item)
        return item

    def remove(self, path: str) -> None:
        item = self.objects.pop(path)
        self._tell("DELETED", path, item)

    async def until(self, condition: Any) -> Any:
        """Wait until the condition, a function of nothing, is true of the objects."""
        async with asyncio.timeout(10):
            while True:
                found = condition()
                if found:
                    return found
                self._changed.clear()
                await self._changed.wait()

    def events(self, reason: str = "") -> list[Object]:
        found = [item for path, item in self.objects.items() if "/events/" in path]
        return [item for item in found if reason in ("", item["reason"])]

    def _answer(self, request: Request) -> Response:
        query = dict(parse_qsl(request.query_string))
        if request.method == "GET":
            return self._read(request.path, query)
        body = msgspec.json.decode(request.body)
        if request.method == "POST":
            return self._create(request.path, body)
        if request.method == "PATCH":
            return self._patch(request.path, body)
        if request.method == "DELETE":
            return self._delete(request.path, body)
        raise MethodNotAllowed(request.method)

    def _read(self, path: str, query: dict[str, str]) -> Response:
        if query.get("watch"):
            return Response(200, body=self._watch(path, query))
        if path in self.objects:
            return Response(200, body=msgspec.json.encode(self.objects[path]))
        if path.rpartition("/")[2] in ("pods", "nodes", "services", "configmaps", "secrets"):
            items = [
                item for key, item in self.objects.items() if _listed(path, key) and _selected(item, query)
            ]
            version = str(next(self._versions))
            answer = {"kind": "List", "metadata": {"resourceVersion": version}, "items": items}
            return Response(200, body=msgspec.json.encode(answer))
        raise NotFound.of("things", path)

    def _create(self, path: str, body: Object) -> Response:
        if path.endswith("/token"):
            self.tokens += 1
            body["status"] = {"token": f"token-{self.tokens}", "expirationTimestamp": "2099-01-01T00:00:00Z"}
            return Response(201, body=msgspec.json.encode(body))
        name = body["metadata"]["name"]
        if f"{path}/{name}" in self.objects:
            raise AlreadyExists.of(path, name)
        return Response(201, body=msgspec.json.encode(self.put(f"{path}/{name}", body)))

    def _patch(self, path: str, body: Object) -> Response:
        self.patches.append((path, msgspec.json.decode(msgspec.json.encode(body))))
        path = path.removesuffix("/status")
        if path not in self.objects:
            raise NotFound.of("things", path)
        uid = (body.get("metadata") or {}).pop("uid", None)
        item = msgspec.json.decode(msgspec.json.encode(self.objects[path]))
        if uid is not None and uid != item["metadata"]["uid"]:
            raise Conflict("the UID in the precondition does not match")
        _merge(item, body)
        return Response(200, body=msgspec.json.encode(self.put(path, item)))

    def _delete(self, path: str, body: Object) -> Response:
        if path not in self.objects:
            raise NotFound.of("things", path)
        wanted = (body.get("preconditions") or {}).get("uid")
        if wanted not in (None, self.objects[path]["metadata"]["uid"]):
            raise Conflict("the UID in the precondition does not match")
        self.remove(path)
        return Response(200, body=b"{}")

    async def _watch(self, path: str, query: dict[str, str]) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        entry = (path, query, queue)
        self._watches.append(entry)
        try:
            while True:
                yield await queue.get()
        finally:
            self._watches.remove(entry)

    def _tell(self, type: str, path: str, item: Object) -> None:
        self._changed.set()
        line = msgspec.json.encode({"type": type, "object": item}) + b"\n"
        for watched, query, queue in self._watches:
            if _listed(watched, path) and _selected(item, query):
                queue.put_nowait(line)


def _listed(collection: str, path: str) -> bool:
    parts = path.split("/")
    everywhere = "/".join([*parts[:3], *parts[5:-1]]) if parts[3] == "namespaces" else ""
    return collection in (path.rpartition("/")[0], everywhere)


def _selected(item: Object, query: dict[str, str]) -> bool:
    selector = query.get("fieldSelector")
    if not selector:
        return True
    place, _, value = selector.partition("=")
    for part in place.split("."):
        item = item.get(part, {})
    return bool(item == value)


def _merge(item: Object, change: Object) -> None:
    for key, value in change.items():
        if value is None:
            item.pop(key, None)
        elif key == "conditions":
            merged = {each["type"]: each for each in item.get(key) or []}
            for each in value:
                if each.get("$patch") == "delete":
                    merged.pop(each["type"], None)
                else:
                    merged[each["type"]] = {**merged.get(each["type"], {}), **each}
            item[key] = list(merged.values())
        elif isinstance(value, list):
            item[key] = [each for each in value if not (isinstance(each, dict) and "$patch" in each)]
        elif isinstance(value, dict) and isinstance(item.get(key), dict):
            _merge(item[key], value)
        else:
            item[key] = value

"""Typed verbs over a transport: the only road from our components to an API server.

Errors are those of `api.errors`, whichever transport is used. Nothing is retried here: a loop that retries
belongs to its caller, who knows what may be repeated.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from kubeade.api.errors import ApiError, from_status
from kubeade.api.resource import Object, Resource
from kubeade.client.shelf import Shelf
from kubeade.client.transport import Transport
from kubeade.lib.http.message import Request, Response

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class _RawEvent(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _RawList(msgspec.Struct):
    metadata: Object
    items: list[msgspec.Raw] | None = None


_decode_event = msgspec.json.Decoder(_RawEvent).decode
_decode_list = msgspec.json.Decoder(_RawList).decode

_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class PatchType(Enum):
    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class ObjectList:
    """A list answer: its items and the revision they were read at."""

    items: list[Object]
    resource_version: str
    continue_token: str = ""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """`type` is ADDED, MODIFIED, DELETED or BOOKMARK; an ERROR event is raised as its ApiError."""

    type: str
    object: Object


class Client:
    """The verbs of the Kubernetes API for one identity.

    `user_agent` also names the field manager of writes, as upstream derives it, unless a call says otherwise.
    `shelf`: where readers find what others in this process have decoded (`sharing`).
    """

    def __init__(
        self,
        transport: Transport,
        *,
        user_agent: str,
        metadata_only: bool = False,
        shelf: Shelf | None = None,
        shares: bool = False,
    ) -> None:
        self._transport = transport
        self._user_agent = user_agent
        self._shelf = Shelf() if shelf is None else shelf
        self._take: Callable[[msgspec.Raw], Object] = self._shelf.take if shares else _decode
        # The form of a list is refused (406) wherever one object is the answer, and the other way round.
        self._accept = _METADATA if metadata_only else "application/json"
        self._accept_list = _METADATA_LIST if metadata_only else "application/json"

    def metadata_only(self) -> "Client":
        """The same identity, reading only `metadata` of whatever it gets, lists and watches."""
        return Client(self._transport, user_agent=self._user_agent, metadata_only=True)

    def sharing(self) -> "Client":
        """The same identity; what it lists and watches is shared, so nobody may change it."""
        return Client(self._transport, user_agent=self._user_agent, shelf=self._shelf, shares=True)

    async def get(
        self, resource: Resource, name: str, namespace: str = "", *, subresource: str = ""
    ) -> Object:
        return await self._call("GET", resource.path(namespace, name, subresource))

    async def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_token: str = "",
    ) -> ObjectList:
        query = {
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "limit": limit or "",
            "continue": continue_token,
        }
        answer = _decode_list(
            await _read_good(
                await self._send("GET", resource.path(namespace), query, accept=self._accept_list)
            )
        )
        items = [self._take(raw) for raw in answer.items or ()]
        for item in items:
            item.setdefault("apiVersion", resource.api_version)
            item.setdefault("kind", resource.kind)
        return ObjectList(items, answer.metadata["resourceVersion"], answer.metadata.get("continue", ""))

    async def watch(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        resource_version: str = "",
        label_selector: str = "",
        field_selector: str = "",
        bookmarks: bool = True,
        timeout_seconds: int | None = None,
    ) -> AsyncIterator[WatchEvent]:
        """Changes after `resource_version`, until the server ends the stream (normal: watch again).

        Raises Expired when that revision is no longer kept: list again.
        """
        query = {
            "watch": "true",
            "resourceVersion": resource_version,
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "allowWatchBookmarks": "true" if bookmarks else "",
            "timeoutSeconds": "" if timeout_seconds is None else timeout_seconds,
        }
        response = await self._send("GET", resource.path(namespace), query)
        if response.status >= 400:
            raise _error(response.status, await read_body(response))
        async for line in _lines(response.body):
            event = _decode_event(line)
            if event.type == "ERROR":
                raise from_status(_decode(event.object), 500)
            # What leaves a selection is told as it was, at the revision of what it is now: nothing to share.
            take = _decode if event.type == "DELETED" else self._take
            yield WatchEvent(event.type, take(event.object))

    async def create(
        self,
        resource: Resource,
        body: Object,
        namespace: str = "",
        *,
        name: str = "",
        subresource: str = "",
        query: Mapping[str, Any] | None = None,
    ) -> Object:
        """POST an object to its collection, or to a subresource of `name` (binding, eviction, token)."""
        path = resource.path(namespace, name, subresource)
        return await self._call("POST", path, query, _encode(body))

    async def update(
        self,
        resource: Resource,
        body: Object,
        *,
        subresource: str = "",
        query: Mapping[str, Any] | None = None,
    ) -> Object:
        """PUT the whole object. With `metadata.resourceVersion` set, raises Conflict when it has changed."""
        metadata = body["metadata"]
        path = resource.path(metadata.get("namespace", ""), metadata["name"], subresource)
        return await self._call("PUT", path, query, _encode(body))

    async def patch(
        self,
        resource: Resource,
        name: str,
        body: Any,
        namespace: str = "",
        *,
        type: PatchType = PatchType.MERGE,
        subresource: str = "",
        query: Mapping[str, Any] | None = None,
    ) -> Object:
        path = resource.path(namespace, name, subresource)
        return await self._call("PATCH", path, query, _encode(body), type.value)

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str = "",
        *,
        propagation_policy: str = "",
        grace_period_seconds: int | None = None,
        uid: str = "",
        resource_version: str = "",
    ) -> Object:
        """Ask for deletion; the answer is the object (still finalizing) or a Status."""
        preconditions = {"uid": uid, "resourceVersion": resource_version}
        preconditions = {key: value for key, value in preconditions.items() if value}
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if propagation_policy:
            options["propagationPolicy"] = propagation_policy
        if grace_period_seconds is not None:
            options["gracePeriodSeconds"] = grace_period_seconds
        if preconditions:
            options["preconditions"] = preconditions
        return await self._call("DELETE", resource.path(namespace, name), None, _encode(options))

    async def raw(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: bytes = b"",
        content_type: str = "application/json",
    ) -> Response:
        """Any request, its response as it came; the caller reads the body and closes it."""
        return await self._send(method, path, query, body, content_type)

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: bytes = b"",
        content_type: str = "application/json",
    ) -> Object:
        return await decode_body(await self._send(method, path, query, body, content_type))

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: bytes = b"",
        content_type: str = "application/json",
        accept: str = "",
    ) -> Response:
        pairs = [(key, value) for key, value in (query or {}).items() if value != ""]
        headers = {"accept": accept or self._accept, "user-agent": self._user_agent}
        if body:
            headers["content-type"] = content_type
        raw_path = quote(path, safe="/:")
        request = Request(method, path, urlencode(pairs), headers, body, raw_path)
        return await self._transport(request)


async def decode_body(response: Response) -> Object:
    """The JSON object of a response, read whole; an error status is raised as its ApiError."""
    answer: Object = _decode(await _read_good(response))
    return answer


async def _read_good(response: Response) -> bytes:
    data = await read_body(response)
    if response.status >= 400:
        raise _error(response.status, data)
    return data


async def read_body(response: Response) -> bytes:
    """The whole body, in whichever form it came."""
    body = response.body
    if isinstance(body, bytes):
        return body
    if isinstance(body, list):
        return b"".join(body)
    return b"".join([part async for part in body])


async def _lines(body: bytes | list[bytes] | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(body, bytes | list):
        for line in (body if isinstance(body, bytes) else b"".join(body)).splitlines():
            yield line
        return
    pending = b""
    try:
        async for part in body:
            *complete, pending = (pending + part).split(b"\n")
            for line in complete:
                if line:
                    yield line
    finally:
        close = getattr(body, "aclose", None)
        if close is not None:
            await close()


def _error(http_status: int, body: bytes) -> ApiError:
    try:
        status = _decode(body)
    except msgspec.DecodeError:
        status = {"message": body.decode(errors="replace")[:1024]}
    return from_status(status if isinstance(status, dict) else {}, http_status)

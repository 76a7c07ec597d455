"""/openapi/v2 and /openapi/v3: the schema, published. Documents are made on first use from what is served;
those of extension API servers come from them."""

from hashlib import sha256
from typing import Any

from kubeade.api.errors import NotFound
from kubeade.api.openapi import V2_PROTOBUF, V2_PROTOBUF_ASKED, OpenApi
from kubeade.api.resource import split_api_version
from kubeade.apiserver.aggregation import Aggregator
from kubeade.lib.http.message import Request, Response

_JSON = "application/json"


class OpenApiEndpoint:
    """Answers below /openapi."""

    def __init__(self, documents: OpenApi, aggregator: Aggregator | None = None) -> None:
        self._documents = documents
        self._foreign = aggregator.openapi if aggregator else None

    async def answer(self, request: Request) -> Response:
        """Raises NotFound for a group version that is not served."""
        path = request.path.strip("/")
        if path == "openapi/v2":
            return self._v2(request, await self._foreign.v2() if self._foreign else [])
        if path == "openapi/v3":
            places = await self._foreign.v3_index() if self._foreign else {}
            return _document(request, self._documents.v3_index(places), _JSON)
        root, _, api_version = path.removeprefix("openapi/v3/").partition("/")
        if not path.startswith("openapi/v3/") or root not in ("api", "apis"):
            raise NotFound("the server could not find the requested resource")
        group, version = split_api_version(api_version)
        told = await self._foreign.v3(group, version) if self._foreign else None
        body = told.body if told else self._documents.v3(group, version)
        if body is None:
            raise NotFound("the server could not find the requested resource")
        return _document(request, body, _JSON)

    def _v2(self, request: Request, foreign: list[dict[str, Any]]) -> Response:
        accept = request.headers.get("accept", "")
        if any(asked in accept for asked in V2_PROTOBUF_ASKED):
            return _document(request, self._documents.v2_protobuf(foreign), V2_PROTOBUF)
        return _document(request, self._documents.v2(foreign), _JSON)


def _document(request: Request, body: bytes, content_type: str) -> Response:
    etag = f'"{sha256(body).hexdigest().upper()}"'
    headers = [("etag", etag), ("vary", "Accept"), ("cache-control", "no-cache, private")]
    if request.headers.get("if-none-match") == etag:
        return Response(304, headers)
    return Response(200, [("content-type", content_type), *headers], body)

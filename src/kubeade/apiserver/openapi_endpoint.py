"""/openapi/v2 and /openapi/v3: the schema, published. Documents are made on first use from what is served."""

from hashlib import sha256

from kubeade.api.errors import NotFound
from kubeade.api.openapi import V2_PROTOBUF, V2_PROTOBUF_ASKED, OpenApi
from kubeade.api.resource import split_api_version
from kubeade.lib.http.message import Request, Response

_JSON = "application/json"


class OpenApiEndpoint:
    """Answers below /openapi."""

    def __init__(self, documents: OpenApi) -> None:
        self._documents = documents

    def answer(self, request: Request) -> Response:
        """Raises NotFound for a group version that is not served."""
        path = request.path.strip("/")
        if path == "openapi/v2":
            return self._v2(request)
        if path == "openapi/v3":
            return _document(request, self._documents.v3_index(), _JSON)
        root, _, api_version = path.removeprefix("openapi/v3/").partition("/")
        if not path.startswith("openapi/v3/") or root not in ("api", "apis"):
            raise NotFound("the server could not find the requested resource")
        body = self._documents.v3(*split_api_version(api_version))
        if body is None:
            raise NotFound("the server could not find the requested resource")
        return _document(request, body, _JSON)

    def _v2(self, request: Request) -> Response:
        accept = request.headers.get("accept", "")
        if any(asked in accept for asked in V2_PROTOBUF_ASKED):
            return _document(request, self._documents.v2_protobuf(), V2_PROTOBUF)
        return _document(request, self._documents.v2(), _JSON)


def _document(request: Request, body: bytes, content_type: str) -> Response:
    etag = f'"{sha256(body).hexdigest().upper()}"'
    headers = [("etag", etag), ("vary", "Accept"), ("cache-control", "no-cache, private")]
    if request.headers.get("if-none-match") == etag:
        return Response(304, headers)
    return Response(200, [("content-type", content_type), *headers], body)

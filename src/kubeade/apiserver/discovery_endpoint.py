"""/api and /apis: what is served here and by extension API servers, as documents kept until it changes.

Clients that ask for the aggregated form get everything at once, with an ETag: whoever has that version
already is told so with 304.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from kubeade.api import discovery
from kubeade.api.catalogue import Catalogue
from kubeade.api.errors import NotFound
from kubeade.api.foreign_groups import Foreign
from kubeade.apiserver.aggregation import Aggregator
from kubeade.apiserver.encoding import encode
from kubeade.lib.http.message import Request, Response

_JSON = ("content-type", "application/json")
_VARY = ("vary", "Accept")


class DiscoveryEndpoint:
    """Answers below /api and /apis. `address` is what /api says of where the server is (host:port)."""

    def __init__(self, catalogue: Catalogue, address: str, aggregator: Aggregator | None = None) -> None:
        self._catalogue = catalogue
        self._address = address
        self._aggregator = aggregator
        self._generation = (-1, -1)
        self._documents: dict[str, bytes] = {}

    def answer(self, request: Request) -> Response:
        """Raises NotFound for a group or version that is not served."""
        aggregator = self._aggregator
        generation = (self._catalogue.generation, aggregator.generation if aggregator else 0)
        if self._generation != generation:
            self._generation = generation
            self._documents.clear()
        path = request.path.strip("/")
        if path in {"api", "apis"}:
            version = _aggregated_version(request.headers.get("accept", ""))
            if version:
                return self._aggregated(request, path, version)
        body = self._document(path, lambda: self._plain(path))
        return Response(200, [_JSON, _VARY, ("cache-control", "no-cache, private")], body)

    def _aggregated(self, request: Request, path: str, version: str) -> Response:
        body = self._document(
            f"{path};{version}",
            lambda: discovery.aggregated(
                self._catalogue, self._foreign(), core=path == "api", version=version
            ),
        )
        etag = f'"{sha256(body).hexdigest().upper()}"'
        headers = [("etag", etag), _VARY, ("cache-control", "public")]
        if request.headers.get("if-none-match") == etag:
            return Response(304, headers)
        content_type = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
        return Response(200, [("content-type", content_type), *headers], body)

    def _plain(self, path: str) -> Any:
        root, _, rest = path.partition("/")
        parts = rest.split("/") if rest else []
        document: Any = None
        if root == "api":
            if not parts:
                return discovery.api_versions(self._address)
            document = discovery.api_resource_list(self._catalogue, "", parts[0])
        elif not parts:
            return discovery.api_group_list(self._catalogue, self._foreign())
        elif len(parts) == 1:
            document = discovery.api_group(self._catalogue, parts[0], self._foreign())
        else:
            document = discovery.api_resource_list(self._catalogue, parts[0], parts[1])
        if document is None:
            raise NotFound("the server could not find the requested resource")
        return document

    def _foreign(self) -> list[Foreign]:
        return self._aggregator.foreign() if self._aggregator else []

    def _document(self, key: str, make: Callable[[], Any]) -> bytes:
        found = self._documents.get(key)
        if found is None:
            found = self._documents[key] = encode(make())
        return found


def _aggregated_version(accept: str) -> str:
    """The first aggregated form that the client names and we speak."""
    for alternative in accept.split(","):
        parameters = {part.strip() for part in alternative.split(";")}
        if "g=apidiscovery.k8s.io" in parameters and "as=APIGroupDiscoveryList" in parameters:
            for version in discovery.AGGREGATED_VERSIONS:
                if f"v={version}" in parameters:
                    return version
        elif parameters & {"application/json", "*/*"}:
            return ""
    return ""

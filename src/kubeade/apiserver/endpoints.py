"""Answers to what is no resource: /version, health, /metrics, discovery, OpenAPI, and the list of all
paths."""

from collections.abc import Awaitable, Callable

from kubeade.api.errors import MethodNotAllowed, NotFound
from kubeade.apiserver.encoding import encode
from kubeade.lib.http.message import Request, Response

Endpoint = Callable[[Request], Response | Awaitable[Response]]

_JSON = ("content-type", "application/json")


class Endpoints:
    """Handlers by first path segment (`version`), or by whole path where one is registered
    (`openid/v1/jwks`)."""

    def __init__(self) -> None:
        self._handlers: dict[str, Endpoint] = {}

    def add(self, path: str, handler: Endpoint) -> None:
        """`path` without slashes around it; it also covers what lies below."""
        self._handlers[path] = handler

    async def answer(self, request: Request) -> Response:
        """Raises NotFound."""
        if request.method not in {"GET", "HEAD"}:
            message = "the server does not allow this method on the requested resource"
            raise MethodNotAllowed(message, details={})
        handler = self._find(request.path.removeprefix("/").rstrip("/"))
        if handler is None:
            raise NotFound("the server could not find the requested resource", details={})
        answer = handler(request)
        return answer if isinstance(answer, Response) else await answer

    def _find(self, path: str) -> Endpoint | None:
        if not path:
            return self._index
        while path:
            if path in self._handlers:
                return self._handlers[path]
            path = path.rpartition("/")[0]
        return None

    def _index(self, request: Request) -> Response:
        return json_response({"paths": sorted(f"/{path}" for path in self._handlers if path)})


def json_response(value: object, status: int = 200) -> Response:
    return Response(status, [_JSON], encode(value))


def version_info(kubernetes_version: str) -> dict[str, str]:
    """What /version says; clients read major, minor and gitVersion."""
    major, minor = kubernetes_version.split(".")[:2]
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"v{major}.{minor}.0+kubeade",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "cpython",
        "platform": "linux/amd64",
    }

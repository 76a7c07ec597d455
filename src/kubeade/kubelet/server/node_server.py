"""The node's server: a handler for logs, exec, attach and the like, behind the `Gate`.

    /healthz  /pods  /runningpods  /metrics[/resource|/cadvisor|/probes]  /stats/summary  /configz
    /containerLogs/{namespace}/{pod}/{container}
    /exec/{namespace}/{pod}[/{uid}]/{container}  /attach/...

Errors are plain text, as upstream's kubelet gives them; the API server makes a Status of them.
"""

import json
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from kubeade.api.errors import ApiError
from kubeade.client.client import Client
from kubeade.cri.service import CriError, ExecSession, NotFound, PodConnection
from kubeade.kubelet.pod_access import PodAccess, Unavailable, Unknown
from kubeade.kubelet.server import logs
from kubeade.kubelet.server.figures import Figures
from kubeade.kubelet.server.gate import Gate
from kubeade.kubelet.server.remote_command import Wanted
from kubeade.kubelet.stats.usage import UsageReader
from kubeade.lib.clock import Clock
from kubeade.lib.http.message import HandshakeError, Request, Response

_Endpoint = Callable[[PodAccess, Request, list[str]], Awaitable[Response]]
_Start = Callable[[], Awaitable[ExecSession]]


class NodeServer:
    """`handle` answers with 503 until `serve` has said whose pods these are."""

    def __init__(self, node_name: str, client: Client, clock: Clock) -> None:
        self._gate = Gate(node_name, client, clock)
        self._clock = clock
        self._access: PodAccess | None = None
        self._endpoints: dict[str, _Endpoint] = {
            "healthz": self._healthz,
            "pods": self._pods,
            "containerLogs": self._logs,
            "exec": self._exec,
            "attach": self._attach,
            "portForward": self._port_forward,
        }

    def serve(self, access: PodAccess, usage: UsageReader) -> None:
        """From now on answer for the pods behind `access`, with the figures that `usage` reads."""
        figures = Figures(usage)
        self._endpoints |= {
            "metrics": figures.metrics,
            "stats": figures.stats,
            "configz": figures.configz,
            "runningpods": figures.running_pods,
            "checkpoint": figures.checkpoint,
        }
        self._access = access

    async def handle(self, request: Request) -> Response:
        try:
            await self._gate.admit(request)
            return await self._answer(request)
        except ApiError as error:
            return _text(error.code, str(error))
        except (Unknown, NotFound) as error:
            return _text(404, str(error))
        except (Unavailable, HandshakeError, ValueError) as error:
            return _text(400, str(error))
        except CriError as error:
            return _text(500, str(error))

    async def _answer(self, request: Request) -> Response:
        first, *rest = request.path.strip("/").split("/")
        endpoint = self._endpoints.get(first)
        if self._access is None:
            return _text(503, "the kubelet is starting")
        if endpoint is None:
            return _text(404, "404 page not found")
        return await endpoint(self._access, request, rest)

    async def _healthz(self, access: PodAccess, request: Request, rest: list[str]) -> Response:
        return _text(200, "ok")

    async def _pods(self, access: PodAccess, request: Request, rest: list[str]) -> Response:
        found = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": access.pods()}
        return Response(200, [("content-type", "application/json")], json.dumps(found).encode())

    async def _logs(self, access: PodAccess, request: Request, rest: list[str]) -> Response:
        if len(rest) != 3:
            return _text(404, "404 page not found")
        query = dict(request.query())
        options = logs.read_options(query, self._clock.now())
        previous = logs.is_true(query.get("previous", ""))
        return await logs.serve_log(access, (rest[0], rest[1], rest[2]), options, previous=previous)

    async def _exec(self, access: PodAccess, request: Request, rest: list[str]) -> Response:
        wanted = _wanted(request, reports_exit_code=True)
        command = parse_qs(request.query_string, keep_blank_values=True).get("command", [])
        if not command:
            return _text(400, "you must specify at least 1 command to execute")
        container = await _container(access, rest)

        def start() -> Awaitable[ExecSession]:
            return access.runtime.exec(container, command, stdin=wanted.stdin, tty=wanted.tty)

        return _command_response(request, start, wanted)

    async def _attach(self, access: PodAccess, request: Request, rest: list[str]) -> Response:
        wanted = _wanted(request, reports_exit_code=False)
        container = await _container(access, rest)

        def start() -> Awaitable[ExecSession]:
            return access.runtime.attach(container, stdin=wanted.stdin, tty=wanted.tty)

        return _command_response(request, start, wanted)

    async def _port_forward(self, access: PodAccess, request: Request, rest: list[str]) -> Response:
        if len(rest) not in (2, 3):
            return _text(404, "404 page not found")
        from kubeade.kubelet.server.port_forward import Target
        from kubeade.kubelet.server.upgrades import port_forward_response

        sandbox, uid = await access.find_sandbox(*rest)

        def connect(port: int) -> Awaitable[PodConnection]:
            return access.runtime.port_forward(sandbox, port)

        return port_forward_response(request, Target(rest[1], uid, connect))


def _command_response(request: Request, start: _Start, wanted: Wanted) -> Response:
    """The protocols are loaded when the first client asks: few nodes ever run a command for one."""
    from kubeade.kubelet.server.upgrades import command_response

    return command_response(request, start, wanted)


async def _container(access: PodAccess, rest: list[str]) -> str:
    """`rest` is namespace, pod, perhaps the pod's uid, container. Raises Unavailable."""
    if len(rest) not in (3, 4):
        raise Unknown("404 page not found")
    uid = rest[2] if len(rest) == 4 else ""
    return await access.find_container(rest[0], rest[1], rest[-1], uid)


def _wanted(request: Request, *, reports_exit_code: bool) -> Wanted:
    """Raises ValueError where no stream is asked for."""
    query = dict(request.query())
    stdin, stdout, stderr, tty = (
        logs.is_true(query.get(name, "")) for name in ("input", "output", "error", "tty")
    )
    if not (stdin or stdout or stderr):
        raise ValueError("you must specify at least 1 of stdin, stdout, stderr")
    return Wanted(stdin, stdout, stderr and not tty, tty, reports_exit_code)


def _text(status: int, message: str) -> Response:
    return Response(status, [("content-type", "text/plain; charset=utf-8")], message.encode())

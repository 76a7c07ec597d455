"""/healthz, /livez, /readyz: is the server alive, is it ready, and which check says no.

Checks are named; `?verbose` lists them, `?exclude=name` leaves one out, `/readyz/<name>` asks for one. What
has to be done once after start (default roles, namespaces) is a post-start hook: readiness waits for it.
"""

from collections.abc import Callable

from kubeade.lib.http.message import Request, Response

Check = Callable[[], str]
"""Why it is not well; "" when it is."""

PATHS = ("healthz", "livez", "readyz")
_TEXT = ("content-type", "text/plain; charset=utf-8")


class Health:
    """The checks, in the order they are listed. `shutdown` turns readiness off."""

    def __init__(self) -> None:
        self._live: dict[str, Check] = {"ping": lambda: ""}
        self._ready: dict[str, Check] = {}
        self._hooks: dict[str, bool] = {}
        self.stopping = False

    def add_live(self, name: str, check: Check) -> None:
        """A failing check means that a restart would help; it also counts for readiness."""
        self._live[name] = check

    def add_ready(self, name: str, check: Check) -> None:
        self._ready[name] = check

    def add_hook(self, name: str) -> Callable[[], None]:
        """A post-start hook, shown as `poststarthook/<name>`; call the result when it is done."""
        self._hooks[name] = False

        def done() -> None:
            self._hooks[name] = True

        return done

    @property
    def ready(self) -> bool:
        return not any(self._check(name) for name in self._names("readyz"))

    def answer(self, request: Request) -> Response:
        """For a path below /healthz, /livez or /readyz."""
        kind, _, single = request.path.strip("/").partition("/")
        query = dict(request.query())
        names = [name for name in self._names(kind) if name != query.get("exclude")]
        if single:
            if single not in names:
                return Response(404, [_TEXT], b"404 page not found\n")
            names = [single]
        failures = {name: why for name in names if (why := self._check(name))}
        status = 500 if failures else 200
        if not failures and "verbose" not in query:
            return Response(status, [_TEXT, _NOSNIFF], b"ok")
        lines = [f"[-]{n} failed: reason withheld" if n in failures else f"[+]{n} ok" for n in names]
        lines.append(f"{kind} check {'failed' if failures else 'passed'}")
        return Response(status, [_TEXT, _NOSNIFF], ("\n".join(lines) + "\n").encode())

    def _names(self, kind: str) -> list[str]:
        names = [*self._live, *(f"poststarthook/{name}" for name in self._hooks)]
        return [*names, *self._ready, "shutdown"] if kind == "readyz" else names

    def _check(self, name: str) -> str:
        if name == "shutdown":
            return "the server is stopping" if self.stopping else ""
        if name.startswith("poststarthook/"):
            return "" if self._hooks[name.partition("/")[2]] else "not finished"
        return (self._live.get(name) or self._ready[name])()


_NOSNIFF = ("x-content-type-options", "nosniff")

"""One HTTP GET, as small as a probe needs it: no cookies, no proxies, no certificate checks.

Redirects to the same host are followed, at most ten; one to another host ends the probe as a warning
(upstream: pkg/probe/http). Shared by probes and lifecycle hooks.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import httptools

from kubeade.api.resource import Object

BODY_LIMIT_BYTES = 10 * 1024
REDIRECT_LIMIT = 10
READ_BYTES = 16 * 1024


class ProbeError(Exception):
    """The probe itself could not be made; says nothing of the container."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send the request: what a httpGet action says, with the pod's address filled in."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Answer:
    """`redirected_away`: the last answer pointed to another host and was not followed."""

    status: int = 0
    body: bytes = b""
    redirected_away: bool = False
    location: str = ""
    complete: bool = False
    _headers: dict[str, str] = field(default_factory=dict)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"location":
            self.location = value.decode("latin-1")

    def on_body(self, data: bytes) -> None:
        self.body = (self.body + data)[:BODY_LIMIT_BYTES]

    def on_message_complete(self) -> None:
        self.complete = True


def resolve_port(port: int | str, container: Object) -> int:
    """A port's number, or that of the container's port of that name. Raises ProbeError."""
    if isinstance(port, int):
        return port
    for each in container.get("ports") or []:
        if each.get("name") == port:
            return int(each["containerPort"])
    try:
        return int(port)
    except ValueError:
        raise ProbeError(f"couldn't find port: {port!r}") from None


def target_of(action: Object, container: Object, pod_address: str, purpose: str) -> Target:
    """The request that a `httpGet` action asks for; `purpose` goes into the User-Agent. Raises ProbeError."""
    if action.get("protocol") not in (None, "", "HTTP1", "HTTP/1.1"):
        raise ProbeError(f"httpGet with protocol {action['protocol']} is not supported by this node")
    host = action.get("host") or pod_address
    host = f"[{host}]" if ":" in host else host
    port = resolve_port(action["port"], container)
    path = action.get("path") or "/"
    path = path if path.startswith("/") else f"/{path}"
    url = f"{(action.get('scheme') or 'HTTP').lower()}://{host}:{port}{path}"
    headers = [(each["name"], each.get("value", "")) for each in action.get("httpHeaders") or []]
    given = {name.lower() for name, _ in headers}
    if "user-agent" not in given:
        headers.append(("User-Agent", f"kube-{purpose}/1.37"))
    if "accept" not in given:
        headers.append(("Accept", "*/*"))
    return Target(url, tuple((name, value) for name, value in headers if value or name.lower() != "accept"))


async def get(target: Target, timeout_seconds: float) -> Answer:
    """The answer, after redirects. Raises OSError, TimeoutError, ProbeError."""
    async with asyncio.timeout(timeout_seconds):
        url = target.url
        for _ in range(REDIRECT_LIMIT + 1):
            answer = await _once(url, target.headers)
            if answer.status not in (301, 302, 303, 307, 308) or not answer.location:
                return answer
            following = urljoin(url, answer.location)
            if urlsplit(following).hostname != urlsplit(target.url).hostname:
                answer.redirected_away = True
                return answer
            url = following
    raise OSError(f'Get "{target.url}": stopped after {REDIRECT_LIMIT} redirects')


async def _once(url: str, headers: tuple[tuple[str, str], ...]) -> Answer:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(
        parts.hostname, port, ssl=_unverified() if secure else None
    )
    try:
        writer.write(_request(parts.path or "/", parts.query, parts.netloc, headers))
        return await _read(reader)
    finally:
        writer.close()


def _request(path: str, query: str, netloc: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    where = f"{path}?{query}" if query else path
    lines = [f"GET {where} HTTP/1.1"]
    if not any(name.lower() == "host" for name, _ in headers):
        lines.append(f"Host: {netloc}")
    lines += [f"{name}: {value}" for name, value in headers]
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", errors="replace")


async def _read(reader: asyncio.StreamReader) -> Answer:
    answer = Answer()
    parser = httptools.HttpResponseParser(answer)
    try:
        while not answer.complete:
            data = await reader.read(READ_BYTES)
            if not data:
                break
            parser.feed_data(data)
            if len(answer.body) >= BODY_LIMIT_BYTES:
                break
        answer.status = parser.get_status_code()
    except httptools.HttpParserError as error:
        raise OSError(f"malformed HTTP response: {error}") from error
    if not answer.status:
        raise OSError("EOF")
    return answer


def _unverified() -> ssl.SSLContext:
    """Probes ask whether somebody answers, not who (upstream: InsecureSkipVerify)."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

"""Makes one probe of a container and says how it went."""

import asyncio
from dataclasses import dataclass

from kubeade.api.resource import Object
from kubeade.cri.service import CriError, RuntimeService
from kubeade.kubelet.expansion import expand
from kubeade.kubelet.probes import grpc_health
from kubeade.kubelet.probes.http_get import ProbeError, get, resolve_port, target_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """`warning`: passed, but somebody should know."""

    passed: bool
    output: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is probed."""

    container: Object
    container_id: str
    address: str


async def attempt(probe: Object, subject: Subject, runtime: RuntimeService) -> Verdict:
    """Raises ProbeError when the probe itself could not be made."""
    timeout_seconds = float(probe.get("timeoutSeconds") or 1)
    if "exec" in probe:
        return await _exec(probe["exec"].get("command") or [], subject, runtime, timeout_seconds)
    if "httpGet" in probe:
        return await _http(probe["httpGet"], subject, timeout_seconds)
    if "tcpSocket" in probe:
        return await _tcp(probe["tcpSocket"], subject, timeout_seconds)
    if "grpc" in probe:
        action = probe["grpc"]
        if action.get("mode") not in (None, "", "Plaintext"):
            raise ProbeError(f"grpc with mode {action['mode']} is not supported by this node")
        service = action.get("service") or ""
        passed, output = await grpc_health.check(subject.address, action["port"], service, timeout_seconds)
        return Verdict(passed, output)
    raise ProbeError("missing probe handler")


async def _exec(
    command: list[str], subject: Subject, runtime: RuntimeService, timeout_seconds: float
) -> Verdict:
    static = {each["name"]: each.get("value") or "" for each in subject.container.get("env") or []}
    command = [expand(each, static) for each in command]
    try:
        out, err, code = await runtime.exec_sync(subject.container_id, command, timeout_seconds)
    except TimeoutError:
        return Verdict(
            False, f'command timed out: "{" ".join(command)}" timed out after {timeout_seconds:g}s'
        )
    except CriError as error:
        raise ProbeError(str(error)) from error
    return Verdict(code == 0, (out + err)[:10240].decode(errors="replace"))


async def _http(action: Object, subject: Subject, timeout_seconds: float) -> Verdict:
    target = target_of(action, subject.container, subject.address, "probe")
    try:
        answer = await get(target, timeout_seconds)
    except TimeoutError:
        return Verdict(False, f'Get "{target.url}": context deadline exceeded')
    except OSError as error:
        return Verdict(False, f'Get "{target.url}": {_words(error)}')
    body = answer.body.decode(errors="replace")
    if answer.redirected_away:
        return Verdict(True, f"Probe terminated redirects, Response body: {body}", warning=True)
    if 200 <= answer.status < 400:
        return Verdict(True, body)
    return Verdict(False, f"HTTP probe failed with statuscode: {answer.status}")


async def _tcp(action: Object, subject: Subject, timeout_seconds: float) -> Verdict:
    host = action.get("host") or subject.address
    port = resolve_port(action["port"], subject.container)
    try:
        async with asyncio.timeout(timeout_seconds):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return Verdict(False, f"dial tcp {host}:{port}: i/o timeout")
    except OSError as error:
        return Verdict(False, f"dial tcp {host}:{port}: {_words(error)}")
    writer.close()
    return Verdict(True)


def _words(error: OSError) -> str:
    return f"connect: {error.strerror.lower()}" if error.strerror else str(error)

"""Lifecycle hooks: postStart after a container has started, preStop before it is stopped."""

import asyncio

from kubeade.api.resource import Object
from kubeade.cri.service import CriError, RuntimeService
from kubeade.kubelet.failures import HookFailure
from kubeade.kubelet.probes.http_get import ProbeError, get, target_of

POST_START_LIMIT_SECONDS = 3600.0
HTTP_LIMIT_SECONDS = 60.0


async def run_hook(
    handler: Object, container: Object, container_id: str, address: str, runtime: RuntimeService
) -> None:
    """Returns when the hook is done. Raises HookFailure. The caller limits its time."""
    if "exec" in handler:
        await _exec(handler["exec"].get("command") or [], container_id, runtime)
    elif "httpGet" in handler:
        await _http(handler["httpGet"], container, address)
    elif "sleep" in handler:
        await asyncio.sleep(float(handler["sleep"]["seconds"]))
    else:
        kind = next(iter(handler), "an empty handler")
        raise HookFailure(f"{kind} hooks are not supported")


async def _exec(command: list[str], container_id: str, runtime: RuntimeService) -> None:
    try:
        out, err, code = await runtime.exec_sync(container_id, command, POST_START_LIMIT_SECONDS)
    except (CriError, TimeoutError) as error:
        raise HookFailure(f"exec {command}: {error}") from error
    if code != 0:
        output = (out + err)[:1024].decode(errors="replace")
        raise HookFailure(f"command '{' '.join(command)}' exited with {code}: {output}")


async def _http(action: Object, container: Object, address: str) -> None:
    try:
        await get(target_of(action, container, address, "lifecycle"), HTTP_LIMIT_SECONDS)
    except (OSError, TimeoutError, ProbeError) as error:
        raise HookFailure(f"http lifecycle hook failed: {error}") from error

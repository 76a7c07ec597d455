"""Stops the containers of a pod: hooks, order and grace as upstream (kuberuntime killContainer).

The preStop hook runs inside the grace period. Sidecars are stopped after all app containers, the last
declared first; when the grace period is over nobody waits for anybody.
"""

import asyncio

from kubeade.api.resource import Object
from kubeade.cri.service import CriError
from kubeade.cri.types import ContainerStatus, SandboxState
from kubeade.kubelet import pods
from kubeade.kubelet.failures import HookFailure
from kubeade.kubelet.hooks import run_hook
from kubeade.kubelet.observed import ObservedPod
from kubeade.kubelet.pod_context import PodContext

MINIMUM_GRACE_SECONDS = 2


class TerminationOrder:
    """Who has to have ended before a sidecar is told to."""

    def __init__(self, pod: Object, running: set[str]) -> None:
        self._ended = {each["name"]: asyncio.Event() for each in pods.all_containers(pod)}
        for name, event in self._ended.items():
            if name not in running:
                event.set()
        self._before: dict[str, list[str]] = {}
        later: list[str] = [each["name"] for each in pods.app_containers(pod)]
        for container in reversed(pods.init_containers(pod)):
            if pods.is_sidecar(container):
                self._before[container["name"]] = list(later)
                later.append(container["name"])

    async def wait_turn(self, name: str, limit_seconds: float) -> float:
        """Seconds waited; at most the limit."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(limit_seconds):
                for other in self._before.get(name, []):
                    await self._ended[other].wait()
        except TimeoutError:
            pass
        return loop.time() - started

    def ended(self, name: str) -> None:
        if name in self._ended:
            self._ended[name].set()


async def stop_pod(context: PodContext, observed: ObservedPod, grace_seconds: int | None = None) -> None:
    """Stop every container, then every sandbox. Safe to repeat; a repetition may shorten the grace."""
    running = observed.running()
    order = TerminationOrder(context.pod, {each.metadata.name for each in running})
    async with asyncio.TaskGroup() as tasks:
        for status in running:
            tasks.create_task(_stop_in_order(context, status, order, grace_seconds))
    for sandbox in observed.sandboxes:
        if sandbox.state is SandboxState.READY:
            await context.node.runtime.stop_pod_sandbox(sandbox.id)


async def stop_one(
    context: PodContext, container: Object, container_id: str, message: str, grace_seconds: int | None = None
) -> None:
    """Stop one container of a pod that goes on."""
    grace = pods.grace_period_seconds(context.pod) if grace_seconds is None else grace_seconds
    context.say_normal("Killing", message, container)
    grace -= await _pre_stop(context, container, container_id, grace)
    await context.node.runtime.stop_container(container_id, max(MINIMUM_GRACE_SECONDS, grace))


async def _stop_in_order(
    context: PodContext, status: ContainerStatus, order: TerminationOrder, grace_seconds: int | None
) -> None:
    name = status.metadata.name
    container = pods.container_named(context.pod, name) or {"name": name}
    grace = pods.grace_period_seconds(context.pod) if grace_seconds is None else grace_seconds
    try:
        context.say_normal("Killing", f"Stopping container {name}", container)
        grace -= await _pre_stop(context, container, status.id, grace)
        if grace > 0:
            grace -= int(await order.wait_turn(name, grace))
        await context.node.runtime.stop_container(status.id, max(MINIMUM_GRACE_SECONDS, grace))
    except CriError as error:
        context.say_warning("FailedKillPod", f"error killing pod: {error}")
        raise
    finally:
        order.ended(name)


async def _pre_stop(context: PodContext, container: Object, container_id: str, grace_seconds: int) -> int:
    """Run the hook, as long as the grace period lasts; whole seconds that it took."""
    handler = (container.get("lifecycle") or {}).get("preStop")
    if not handler or grace_seconds <= 0 or context.node.config.simulated:
        return 0
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with asyncio.timeout(grace_seconds):
            address = context.status.get("podIP", "")
            await run_hook(handler, container, container_id, address, context.node.runtime)
    except HookFailure:
        context.say_warning("FailedPreStopHook", "PreStopHook failed", container)
    except TimeoutError:
        pass
    return int(loop.time() - started)

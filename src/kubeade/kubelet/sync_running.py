"""The state of a pod that is meant to run: look, report, decide (`plan`), act, once.

Called again whenever something about the pod has changed. It may be cancelled between any two steps, when the
pod is to be stopped: what it has made by then is found again by looking.
"""

from dataclasses import replace
from datetime import timedelta

from kubeade.api.errors import NotFound
from kubeade.api.resource import Object
from kubeade.api.resources import RUNTIME_CLASSES
from kubeade.cri.service import CriError
from kubeade.cri.types import ContainerStatus, SandboxConfig
from kubeade.kubelet import pods
from kubeade.kubelet.container_config import sandbox_config
from kubeade.kubelet.container_starter import ContainerStarter, Place
from kubeade.kubelet.dns import lacks_cluster_dns, pod_dns
from kubeade.kubelet.failures import StartFailure, VolumeError
from kubeade.kubelet.observed import ObservedPod
from kubeade.kubelet.payload import references
from kubeade.kubelet.plan import Kill, PodActions, plan_pod
from kubeade.kubelet.pod_context import PodContext
from kubeade.kubelet.referenced_objects import NotSynced
from kubeade.kubelet.resize import changes, in_progress
from kubeade.kubelet.status.containers import Waiting
from kubeade.kubelet.stopper import stop_one, stop_pod
from kubeade.kubelet.volumes.manager import PodVolume
from kubeade.lib.timestamps import parse_time

DEADLINE_MESSAGE = "Pod was active on the node longer than the specified deadline"


class RetryAfter(Exception):
    """Something failed and was told; try again after `seconds` (None: as the worker's back-off says)."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


async def sync_running(context: PodContext) -> float:
    """One round. The seconds until the next is due by itself. Raises RetryAfter."""
    observed = await context.observe()
    context.report(observed)
    context.follow_probes(observed)
    if _is_past_deadline(context):
        context.failure = ("DeadlineExceeded", DEADLINE_MESSAGE)
        context.say_normal("DeadlineExceeded", DEADLINE_MESSAGE)
    if context.should_stop:
        return 0.0
    await _act(context, observed)
    return _next_look_seconds(context)


async def _act(context: PodContext, observed: ObservedPod) -> None:
    actions = plan_pod(context.pod, observed, context.results)
    if actions.kill_pod:
        if actions.create_sandbox:
            text = "Pod sandbox changed, it will be killed and re-created."
            context.say_normal("SandboxChanged", text)
        await stop_pod(context, observed)
    if not actions.kill_pod:
        await _resize(context, observed, actions)
    for kill in actions.kill:
        await _kill(context, kill)
    wanted = [*actions.start_ephemeral, *actions.start_init, *actions.start]
    if not actions.create_sandbox and not wanted:
        context.waiting.clear()
        await _refresh_volumes(context)
        return
    volumes = await _volumes(context)
    config = _sandbox_config(context, actions.attempt)
    sandbox_id = await _sandbox(context, observed, actions, config)
    observed = await context.observe()
    context.report(observed)
    place = Place(sandbox_id, config, volumes)
    await _start_all(context, ContainerStarter(context, place, observed), actions)


async def _resize(context: PodContext, observed: ObservedPod, actions: PodActions) -> None:
    """Bring running containers to what they are granted, in place or by a restart."""
    if not context.resize and not context.actuated:
        return
    error = ""
    killed = {kill.status.id for kill in actions.kill}
    running = [_as_actuated(each, context) for each in observed.running() if each.id not in killed]
    for change in changes(context.pod, running, context.node.memory_capacity_bytes):
        if change.restart:
            message = f"Container {change.container['name']} resize requires restart"
            actions.kill.append(Kill(change.container, change.status, message))
            sidecar = any(each is change.container for each in pods.init_containers(context.pod))
            (actions.start_init if sidecar else actions.start).append(change.container)
            continue
        try:
            await context.node.runtime.update_container_resources(change.status.id, change.resources)
            context.actuated[change.status.id] = change.resources
        except CriError as refused:
            error = f"{change.container['name']}: {refused}"
    if any(each["type"] == "PodResizeInProgress" for each in context.resize):
        _end_resize(context, error)
        context.report(observed)


def _end_resize(context: PodContext, error: str) -> None:
    if error:
        context.resize = [in_progress(error)]
        context.say_warning("ResizeError", f"Pod resize error: {error}")
        return
    context.resize = []
    context.say_normal("ResizeCompleted", "Pod resize completed")


def _as_actuated(status: ContainerStatus, context: PodContext) -> ContainerStatus:
    return replace(status, resources=context.actuated.get(status.id, status.resources))


async def _kill(context: PodContext, kill: Kill) -> None:
    probe = kill.container.get(f"{kill.probe}Probe") or {}
    grace = probe.get("terminationGracePeriodSeconds")
    await stop_one(context, kill.container, kill.status.id, kill.message, grace)


async def _refresh_volumes(context: PodContext) -> None:
    if pods.phase_of(context.current_pod) == "Running":
        await _volumes(context)


async def _volumes(context: PodContext) -> dict[str, PodVolume]:
    node = context.node
    try:
        await node.objects.track(context.uid, references(context.pod))
        if node.config.simulated:
            return {}
        return await node.volumes.ensure(context.current_pod, node.allocatable)
    except (VolumeError, NotSynced) as error:
        context.say_warning("FailedMount", str(error))
        raise RetryAfter(str(error)) from error


def _sandbox_config(context: PodContext, attempt: int) -> SandboxConfig:
    node, pod = context.node, context.pod
    if lacks_cluster_dns(pod, node.dns):
        policy = pod["spec"].get("dnsPolicy") or "ClusterFirst"
        text = f'pod: "{pods.full_name(pod)}". kubelet does not have ClusterDNS IP configured and cannot'
        message = f'{text} create Pod using "{policy}" policy. Falling back to "Default" policy.'
        context.say_warning("MissingClusterDNS", message)
    return sandbox_config(
        pod,
        attempt=attempt,
        log_directory=str(context.log_directory),
        dns=pod_dns(pod, node.dns),
        cluster_domain=node.config.cluster_domain,
    )


def _refuse_claims(context: PodContext) -> None:
    """Devices are handed out by drivers, and this node has none: the pod waits, as upstream has it."""
    claims = context.pod["spec"].get("resourceClaims") or []
    if claims:
        names = ", ".join(each["name"] for each in claims)
        message = f"Failed to prepare dynamic resources: no driver on this node prepares claims: {names}"
        context.say_warning("FailedPrepareDynamicResources", message)
        raise RetryAfter(message)


async def _runtime_handler(context: PodContext) -> str:
    """What the pod's RuntimeClass means on a node. Raises RetryAfter."""
    name = context.pod["spec"].get("runtimeClassName")
    if not name:
        return ""
    try:
        return str((await context.node.client.get(RUNTIME_CLASSES, name))["handler"])
    except NotFound as error:
        message = f'Failed to create pod sandbox: RuntimeClass "{name}" not found'
        context.say_warning("FailedCreatePodSandBox", message)
        raise RetryAfter(message) from error


async def _sandbox(
    context: PodContext, observed: ObservedPod, actions: PodActions, config: SandboxConfig
) -> str:
    if not actions.create_sandbox:
        assert observed.ready_sandbox is not None
        return observed.ready_sandbox.id
    _refuse_claims(context)
    config = replace(config, runtime_handler=await _runtime_handler(context))
    context.warn_of_ignored_fields()
    if not context.node.config.simulated:
        context.log_directory.mkdir(parents=True, exist_ok=True)
    try:
        return await context.node.runtime.run_pod_sandbox(config)
    except (CriError, OSError) as error:
        message = f"Failed to create pod sandbox: {error}"
        context.say_warning("FailedCreatePodSandBox", message)
        raise RetryAfter(message) from error


async def _start_all(context: PodContext, starter: ContainerStarter, actions: PodActions) -> None:
    """Ephemeral, init, app containers. One that cannot start does not keep its neighbours from starting,
    except that nothing follows an init container that failed to."""
    retries: list[float] = []
    for container in actions.start_ephemeral:
        await _start(context, starter, container, retries)
    for container in actions.start_init:
        if not await _start(context, starter, container, retries):
            break
    else:
        for container in actions.start:
            await _start(context, starter, container, retries)
    if retries:
        context.report(await context.observe())
        raise RetryAfter("some containers cannot start", min(retries))


async def _start(
    context: PodContext, starter: ContainerStarter, container: Object, retries: list[float]
) -> bool:
    try:
        await starter.start(container)
    except StartFailure as failure:
        if failure.reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName"):
            context.say_warning("Failed", f"Error: {failure.reason}", container)
        context.waiting[container["name"]] = Waiting(failure.reason, failure.message)
        retries.append(failure.retry_seconds)
        return False
    context.waiting.pop(container["name"], None)
    return True


def _is_past_deadline(context: PodContext) -> bool:
    left = _deadline_left_seconds(context)
    return left is not None and left <= 0


def _deadline_left_seconds(context: PodContext) -> float | None:
    seconds = context.pod["spec"].get("activeDeadlineSeconds")
    started = context.status.get("startTime")
    if seconds is None or not started:
        return None
    return (parse_time(started) + timedelta(seconds=seconds) - context.now()).total_seconds()


def _next_look_seconds(context: PodContext) -> float:
    """The resync, or the pod's deadline, or the renewal of a token, whichever comes first."""
    candidates = [context.node.config.resync_seconds]
    deadline = _deadline_left_seconds(context)
    if deadline is not None:
        candidates.append(deadline)
    renew_at = context.node.volumes.renew_at(context.uid)
    if renew_at is not None:
        candidates.append((renew_at - context.now()).total_seconds())
    return max(0.05, min(candidates))

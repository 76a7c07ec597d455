"""Decides what to do next for a pod, from its spec and what the runtime holds. Pure.

The rules are those of upstream's kuberuntime (computePodActions): init containers one after the other,
looked at from the last backwards; sidecars kept running; app containers restarted by policy, or killed where
a probe failed; a pod with nothing left to run is stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubeade.api.resource import Object
from kubeade.cri.types import ContainerState, ContainerStatus
from kubeade.kubelet import pods
from kubeade.kubelet.identity import container_hash
from kubeade.kubelet.observed import (
    HASH_ANNOTATION,
    ObservedPod,
    has_started_app,
    needs_sandbox,
    next_attempt,
)
from kubeade.kubelet.probe_results import ProbeOutcome

NO_OUTCOME = ProbeOutcome()


@dataclass(frozen=True, slots=True)
class Kill:
    """A container to stop. `probe` is "liveness" or "startup" where one is the cause."""

    container: Object
    status: ContainerStatus
    message: str
    probe: str = ""


@dataclass(slots=True)
class PodActions:
    """`kill_pod`: stop everything first. Then create a sandbox, kill, and start in this order."""

    kill_pod: bool = False
    create_sandbox: bool = False
    attempt: int = 0
    kill: list[Kill] = field(default_factory=list)
    start_ephemeral: list[Object] = field(default_factory=list)
    start_init: list[Object] = field(default_factory=list)
    start: list[Object] = field(default_factory=list)


def plan_pod(pod: Object, observed: ObservedPod, probes: Mapping[str, ProbeOutcome]) -> PodActions:
    """The next actions for a pod that is meant to run; `probes` by container id."""
    if needs_sandbox(observed, host_network=pods.uses_host_network(pod)):
        return _plan_new_sandbox(pod, observed)
    actions = PodActions()
    actions.start_ephemeral = [
        each for each in pods.ephemeral_containers(pod) if observed.latest(each["name"]) is None
    ]
    initialized = _InitPlan(pod, observed, probes, actions).run()
    if initialized and not actions.kill_pod:
        _plan_apps(pod, observed, probes, actions)
    return actions


def wants_restart(container: Object, pod: Object, latest: ContainerStatus | None) -> bool:
    """Whether a container that is not running should be (upstream: ShouldContainerBeRestarted)."""
    if pods.is_deleted(pod):
        return False
    if latest is None:
        return True
    if latest.state is ContainerState.RUNNING:
        return False
    if latest.state is not ContainerState.EXITED:
        return True
    return pods.should_restart(container, pod, latest.exit_code)


def _plan_new_sandbox(pod: Object, observed: ObservedPod) -> PodActions:
    actions = PodActions(kill_pod=bool(observed.sandboxes), create_sandbox=True)
    actions.attempt = next_attempt(observed)
    never = pod["spec"].get("restartPolicy") == "Never"
    if never and actions.attempt and observed.containers:
        actions.create_sandbox, actions.kill_pod = False, True
        return actions
    to_start = [each for each in pods.app_containers(pod) if not _succeeded_once(each, pod, observed)]
    was_initialized = any(observed.latest(each["name"]) for each in pods.app_containers(pod))
    if not to_start and was_initialized:
        actions.create_sandbox, actions.kill_pod = False, True
        return actions
    if pods.init_containers(pod):
        actions.start_init = pods.init_containers(pod)[:1]
    else:
        actions.start = to_start
    return actions


def _succeeded_once(container: Object, pod: Object, observed: ObservedPod) -> bool:
    policy = container.get("restartPolicy") or pod["spec"].get("restartPolicy")
    latest = observed.latest(container["name"])
    exited = latest is not None and latest.state is ContainerState.EXITED and latest.exit_code == 0
    return bool(policy == "OnFailure" and exited)


def _plan_apps(
    pod: Object, observed: ObservedPod, probes: Mapping[str, ProbeOutcome], actions: PodActions
) -> None:
    kept = 0
    for container in pods.app_containers(pod):
        latest = observed.latest(container["name"])
        if latest is None or latest.state is not ContainerState.RUNNING:
            if wants_restart(container, pod, latest):
                actions.start.append(container)
            continue
        kill = _reason_to_kill("Container", container, latest, probes)
        if kill is None:
            kept += 1
            continue
        changed = kill.probe == ""
        if changed or pods.restarts_when_killed(container, pod):
            kill = Kill(container, latest, f"{kill.message}, will be restarted", kill.probe)
            actions.start.append(container)
        actions.kill.append(kill)
    if not kept and not actions.start:
        actions.kill_pod = True
        actions.start_init = []


def _reason_to_kill(
    word: str, container: Object, status: ContainerStatus, probes: Mapping[str, ProbeOutcome]
) -> Kill | None:
    outcome = probes.get(status.id, NO_OUTCOME)
    name = container["name"]
    known_hash = status.annotations.get(HASH_ANNOTATION)
    if known_hash is not None and known_hash != container_hash(container):
        return Kill(container, status, f"{word} {name} definition changed")
    if outcome.liveness is False:
        return Kill(container, status, f"{word} {name} failed liveness probe", "liveness")
    if outcome.startup is False:
        return Kill(container, status, f"{word} {name} failed startup probe", "startup")
    return None


class _InitPlan:
    """Walks the init containers from the last one back: the newest progress is what counts."""

    def __init__(
        self, pod: Object, observed: ObservedPod, probes: Mapping[str, ProbeOutcome], actions: PodActions
    ) -> None:
        self._pod = pod
        self._observed = observed
        self._probes = probes
        self._actions = actions
        self._containers = pods.init_containers(pod)
        self._initialized = has_started_app(observed, (c["name"] for c in pods.app_containers(pod)))

    def run(self) -> bool:
        """Fill in the init part of the actions; whether app containers may run."""
        if not self._containers:
            return True
        begun = self._initialized
        for index in reversed(range(len(self._containers))):
            container = self._containers[index]
            status = self._observed.latest(container["name"])
            if status is None:
                if begun and pods.is_sidecar(container):
                    self._start(index)
                continue
            if begun and not pods.is_sidecar(container):
                continue
            if not self._look_at(index, status, first=not begun):
                return False
            begun = True
        if not begun:
            self._start(0)
        self._actions.start_init.reverse()
        return self._initialized

    def _look_at(self, index: int, status: ContainerStatus, *, first: bool) -> bool:
        """False: initialization failed for good."""
        container = self._containers[index]
        if status.state is ContainerState.RUNNING:
            if pods.is_sidecar(container):
                self._look_at_running_sidecar(index, status, first=first)
            return True
        if pods.is_sidecar(container) or status.state is not ContainerState.EXITED:
            self._start(index)
            return True
        if status.exit_code == 0:
            self._done(index, first=True)
            return True
        if pods.should_restart(container, self._pod, status.exit_code):
            self._start(index)
            return True
        self._actions.kill_pod = True
        self._actions.start_init = []
        return False

    def _look_at_running_sidecar(self, index: int, status: ContainerStatus, *, first: bool) -> None:
        container = self._containers[index]
        kill = _reason_to_kill("Init container", container, status, self._probes)
        started = True
        if container.get("startupProbe"):
            started = self._probes.get(status.id, NO_OUTCOME).startup is True
        if started:
            self._done(index, first=first)
        if kill is not None:
            self._actions.kill.append(kill)
            self._start(index)

    def _done(self, index: int, *, first: bool) -> None:
        if index == len(self._containers) - 1:
            self._initialized = True
        elif first:
            self._start(index + 1)

    def _start(self, index: int) -> None:
        self._actions.start_init.append(self._containers[index])

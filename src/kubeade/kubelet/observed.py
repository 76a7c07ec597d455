"""What the runtime holds for one pod, newest first. A value: `observer` fills it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from kubeade.cri.types import ContainerState, ContainerStatus, SandboxState, SandboxStatus

POD_NAME_LABEL = "io.kubernetes.pod.name"
POD_NAMESPACE_LABEL = "io.kubernetes.pod.namespace"
POD_UID_LABEL = "io.kubernetes.pod.uid"
CONTAINER_NAME_LABEL = "io.kubernetes.container.name"
HASH_ANNOTATION = "io.kubernetes.container.hash"
TERMINATION_PATH_ANNOTATION = "io.kubernetes.container.terminationMessagePath"
TERMINATION_POLICY_ANNOTATION = "io.kubernetes.container.terminationMessagePolicy"
TERMINATION_FILE_ANNOTATION = "kubeade.dev/termination-message-file"
RUNS_TO_COMPLETION_ANNOTATION = "kubeade.dev/runs-to-completion"
GRACE_ANNOTATION = "io.kubernetes.pod.terminationGracePeriod"


@dataclass(frozen=True, slots=True)
class ObservedPod:
    """Sandboxes and containers of one pod uid, each newest first."""

    sandboxes: list[SandboxStatus] = field(default_factory=list)
    containers: list[ContainerStatus] = field(default_factory=list)

    def latest(self, name: str) -> ContainerStatus | None:
        """The newest container of that name."""
        return next((each for each in self.containers if each.metadata.name == name), None)

    def of_name(self, name: str) -> list[ContainerStatus]:
        return [each for each in self.containers if each.metadata.name == name]

    def running(self) -> list[ContainerStatus]:
        return [each for each in self.containers if each.state is ContainerState.RUNNING]

    @property
    def sandbox(self) -> SandboxStatus | None:
        return self.sandboxes[0] if self.sandboxes else None

    @property
    def ready_sandbox(self) -> SandboxStatus | None:
        """The newest sandbox, if it can hold containers."""
        sandbox = self.sandbox
        return sandbox if sandbox is not None and sandbox.state is SandboxState.READY else None

    @property
    def addresses(self) -> list[str]:
        sandbox = self.ready_sandbox
        return list(sandbox.ips) if sandbox is not None else []


def needs_sandbox(observed: ObservedPod, *, host_network: bool) -> bool:
    """Whether the pod has no sandbox in which containers could start."""
    ready = [each for each in observed.sandboxes if each.state is SandboxState.READY]
    if not ready or observed.ready_sandbox is None:
        return True
    return not host_network and not observed.ready_sandbox.ips


def next_attempt(observed: ObservedPod) -> int:
    sandbox = observed.sandbox
    return 0 if sandbox is None else sandbox.metadata.attempt + 1


def has_started_app(observed: ObservedPod, names: Iterable[str]) -> bool:
    """Whether an app container runs or is about to: then initialization lies behind the pod."""
    active = (ContainerState.CREATED, ContainerState.RUNNING)
    latest = (observed.latest(name) for name in names)
    return any(each is not None and each.state in active for each in latest)

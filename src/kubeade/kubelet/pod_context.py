"""What is shared by all pods of a node, and what the kubelet remembers of one of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kubeade.api.resource import Object
from kubeade.api.resources import PODS
from kubeade.client.client import Client
from kubeade.cri.service import RuntimeService
from kubeade.cri.types import LinuxResources
from kubeade.kubelet import pods
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.container_backoff import FailureBackoff
from kubeade.kubelet.dns import DnsSettings
from kubeade.kubelet.eviction.pressure import Pressure
from kubeade.kubelet.image_puller import ImagePuller
from kubeade.kubelet.observed import ObservedPod
from kubeade.kubelet.observer import Observer
from kubeade.kubelet.pod_fields import Mode, ignored_fields
from kubeade.kubelet.probe_results import ProbeResults
from kubeade.kubelet.probes.manager import ProbeManager
from kubeade.kubelet.referenced_objects import ReferencedObjects
from kubeade.kubelet.resize import granted_before, with_allocation
from kubeade.kubelet.status.containers import Waiting
from kubeade.kubelet.status.pod_status import StatusInputs, pod_status
from kubeade.kubelet.status_writer import StatusWriter
from kubeade.kubelet.volumes.manager import VolumeManager
from kubeade.lib.clock import Clock
from kubeade.reconcile.events import NORMAL, WARNING, EventRecorder


@dataclass(frozen=True, slots=True)
class NodeServices:
    """The parts of a kubelet that every pod's worker uses."""

    config: KubeletConfig
    client: Client
    clock: Clock
    events: EventRecorder
    runtime: RuntimeService
    runtime_name: str
    observer: Observer
    images: ImagePuller
    objects: ReferencedObjects
    volumes: VolumeManager
    statuses: StatusWriter
    dns: DnsSettings
    services: Callable[[], list[Object]]
    allocatable: dict[str, str]
    memory_capacity_bytes: int
    pressure: Pressure


@dataclass(slots=True)
class PodContext:
    """One pod on this node. `failure` (reason, message) ends it as Failed; `gone`: no longer in the API;
    `grace_seconds` instead of the pod's own; `disruption`: why the node itself has ended it;
    `mirror`: how the API shows a static pod.

    `pod` asks for what this node has granted it (`resize`), which may be less new than its spec in the API.
    `actuated` is what running containers were last set to, by their ids.
    """

    pod: Object
    node: NodeServices
    poke: Callable[[], None]
    status: Object = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    failure: tuple[str, str] | None = None
    gone: bool = False
    grace_seconds: int | None = None
    disruption: str = ""
    mirror: Object | None = None
    results: ProbeResults = field(init=False)
    probes: ProbeManager = field(init=False)
    crashes: FailureBackoff = field(init=False)
    resize: list[Object] = field(default_factory=list)
    allocation: dict[str, Object] = field(init=False)
    actuated: dict[str, LinuxResources] = field(default_factory=dict)

    def __post_init__(self) -> None:
        node = self.node
        self.pod = with_type(self.pod)
        self.status = dict(self.pod.get("status") or {})
        self.allocation = granted_before(self.pod)
        self.pod = with_allocation(self.pod, self.allocation)
        self.results = ProbeResults(self.poke)
        self.probes = ProbeManager(node.runtime, node.events, self.results, node.clock)
        self.crashes = FailureBackoff(node.config.crash_loop_backoff)

    @property
    def uid(self) -> str:
        return pods.uid_of(self.pod)

    @property
    def is_static(self) -> bool:
        """Ordered by a file on this node; what the API shows is its `mirror`."""
        source = (self.pod["metadata"].get("annotations") or {}).get(pods.SOURCE_ANNOTATION, "api")
        return bool(source != "api")

    @property
    def directory(self) -> Path:
        return self.node.config.pod_directory(self.uid)

    @property
    def log_directory(self) -> Path:
        metadata = self.pod["metadata"]
        return self.node.config.log_directory(metadata["namespace"], metadata["name"], self.uid)

    @property
    def current_pod(self) -> Object:
        """The pod with the status that this kubelet knows, which may be ahead of the server's."""
        return {**self.pod, "status": self.status}

    @property
    def should_stop(self) -> bool:
        """Deleted, failed, or finished: its containers are to be stopped, or have ended."""
        ended = pods.is_terminal_phase(self.status.get("phase"))
        return self.gone or self.failure is not None or pods.is_deleted(self.pod) or ended

    async def observe(self) -> ObservedPod:
        return await self.node.observer.observe(self.uid, self.log_directory)

    def report(self, observed: ObservedPod, *, terminal: bool = False) -> Object:
        """Work the status out anew, remember it, and have it written if it changed."""
        self.status = pod_status(
            StatusInputs(
                pod=self.pod,
                observed=observed,
                old=self.status,
                now=self.node.clock.now(),
                runtime_name=self.node.runtime_name,
                host_addresses=self.node.config.addresses,
                probes=self.results,
                waiting=self.waiting,
                terminal=terminal,
                failure=self.failure,
                resize=self.resize,
                disruption=self.disruption,
            )
        )
        shown = self.mirror if self.is_static else self.pod
        if shown is not None and not self.gone:
            self.node.statuses.publish(shown, self.status)
        return self.status

    def follow_probes(self, observed: ObservedPod) -> None:
        if self.node.config.simulated:
            self._pass_probes(observed)
        else:
            self.probes.follow(self.current_pod, observed, self.status.get("podIP", ""))

    def say(self, type: str, reason: str, message: str, container: Object | None = None) -> None:
        """Record an event about the pod, or about one of its containers."""
        path = pods.field_path(self.pod, container) if container is not None else ""
        self.node.events.event(self.pod, type, reason, message, field_path=path)

    def say_normal(self, reason: str, message: str, container: Object | None = None) -> None:
        self.say(NORMAL, reason, message, container)

    def say_warning(self, reason: str, message: str, container: Object | None = None) -> None:
        self.say(WARNING, reason, message, container)

    def warn_of_ignored_fields(self) -> None:
        """Nothing that was ordered is left out without a word."""
        mode = self.node.config.mode
        ignored = [] if mode is Mode.SIMULATED else ignored_fields(self.pod, mode)
        if ignored:
            self.say_warning("FieldsIgnored", f"{mode.value}: no effect on this node: {', '.join(ignored)}")

    def now(self) -> datetime:
        return self.node.clock.now()

    def _pass_probes(self, observed: ObservedPod) -> None:
        for container in observed.running():
            for kind in ("startup", "readiness"):
                self.results.set(container.id, kind, passed=True)


def with_type(pod: Object) -> Object:
    """The pod with apiVersion and kind, which items of a list may lack."""
    return {"apiVersion": PODS.api_version, "kind": PODS.kind, **pod}

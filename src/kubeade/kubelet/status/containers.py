"""The status of each container: its state, its last state, whether it is started and ready."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kubeade.api.resource import Object
from kubeade.cri.types import ContainerState, ContainerStatus
from kubeade.kubelet import pods
from kubeade.kubelet.identity import api_container_id
from kubeade.kubelet.plan import wants_restart
from kubeade.kubelet.probe_results import ProbeOutcome
from kubeade.lib.timestamps import format_time

if TYPE_CHECKING:
    from kubeade.kubelet.status.pod_status import StatusInputs

LOST_EXIT_CODE = 137
LOST_MESSAGE = "The container could not be located when the pod was terminated"
LOST_BUT_RAN_MESSAGE = (
    "The container could not be located when the pod was deleted.  The container used to be Running"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a container cannot start: a reason such as CrashLoopBackOff, and words for people."""

    reason: str
    message: str = ""

    def to_dict(self) -> Object:
        return {"reason": self.reason, "message": self.message} if self.message else {"reason": self.reason}


def container_statuses(inputs: "StatusInputs") -> Object:
    """containerStatuses, initContainerStatuses and ephemeralContainerStatuses, where there are any."""
    pod = inputs.pod
    answer: Object = {"containerStatuses": _sorted(inputs, pods.app_containers(pod), "containerStatuses")}
    init = pods.init_containers(pod)
    if init:
        answer["initContainerStatuses"] = _in_order(inputs, init, "initContainerStatuses")
    ephemeral = pods.ephemeral_containers(pod)
    if ephemeral:
        answer["ephemeralContainerStatuses"] = _in_order(inputs, ephemeral, "ephemeralContainerStatuses")
    return answer


def _sorted(inputs: "StatusInputs", containers: list[Object], place: str) -> list[Object]:
    return sorted(_in_order(inputs, containers, place), key=lambda each: str(each["name"]))


def _in_order(inputs: "StatusInputs", containers: list[Object], place: str) -> list[Object]:
    old = {each["name"]: each for each in inputs.old.get(place) or []}
    return [_One(inputs, each, old.get(each["name"]), place).status() for each in containers]


class _One:
    """Works out the status of one container."""

    def __init__(self, inputs: "StatusInputs", container: Object, old: Object | None, place: str) -> None:
        self._inputs = inputs
        self._container = container
        self._old = old or {}
        self._place = place
        self._seen = inputs.observed.of_name(container["name"])
        self._default_reason = "PodInitializing" if pods.init_containers(inputs.pod) else "ContainerCreating"

    def status(self) -> Object:
        status = self._from_runtime() if self._seen else self._from_memory()
        self._apply_waiting(status)
        self._judge(status)
        return {key: value for key, value in status.items() if value is not None}

    def _base(self) -> Object:
        """What is known of a container that the runtime does not have."""
        mounts = [_volume_mount(each) for each in self._container.get("volumeMounts") or []]
        return {
            "name": self._container["name"],
            "state": {"waiting": {"reason": self._default_reason}},
            "lastState": self._old.get("lastState") or {},
            "ready": False,
            "restartCount": self._old.get("restartCount", 0),
            "image": self._container.get("image", ""),
            "imageID": "",
            "volumeMounts": mounts or None,
            "stopSignal": (self._container.get("lifecycle") or {}).get("stopSignal"),
        }

    def _from_memory(self) -> Object:
        status = self._base()
        state = self._old.get("state") or {}
        if "terminated" in state:
            return dict(self._old)
        if "running" in state and not status["lastState"].get("terminated"):
            status["lastState"] = {"terminated": _lost(LOST_BUT_RAN_MESSAGE)}
            if not pods.is_deleted(self._inputs.pod):
                status["restartCount"] += 1
        return status

    def _from_runtime(self) -> Object:
        latest = self._seen[0]
        status = self._base()
        status.update(
            {
                "state": self._state(latest),
                "restartCount": max(latest.metadata.attempt, self._old.get("restartCount", 0)),
                "image": latest.image or self._container.get("image", ""),
                "imageID": latest.image_ref,
                "containerID": api_container_id(self._inputs.runtime_name, latest.id),
                "user": _user(latest),
                **self._resources(latest),
            }
        )
        if len(self._seen) > 1:
            status["lastState"] = self._state(self._seen[1])
        return status

    def _resources(self, latest: ContainerStatus) -> Object:
        resources = self._container.get("resources") or {}
        kept = {key: resources[key] for key in ("limits", "requests", "claims") if resources.get(key)}
        return {"resources": kept, "allocatedResources": resources.get("requests") or None}

    def _state(self, container: ContainerStatus) -> Object:
        if container.state is ContainerState.RUNNING:
            return {"running": {"startedAt": _time(container.started_at)}}
        if container.state is ContainerState.EXITED:
            return {"terminated": self._terminated(container)}
        if container.state is ContainerState.UNKNOWN and "running" in (self._old.get("state") or {}):
            return {"terminated": _lost(LOST_MESSAGE)}
        return {"waiting": {"reason": self._default_reason}}

    def _terminated(self, container: ContainerStatus) -> Object:
        ended: Object = {
            "exitCode": container.exit_code,
            "signal": container.signal or None,
            "reason": container.reason or ("Completed" if container.exit_code == 0 else "Error"),
            "message": container.message or None,
            "startedAt": _time(container.started_at),
            "finishedAt": _time(container.finished_at),
            "containerID": api_container_id(self._inputs.runtime_name, container.id),
        }
        return {key: value for key, value in ended.items() if value is not None}

    def _apply_waiting(self, status: Object) -> None:
        """A container that should run but cannot says why, and keeps how it ended as its last state."""
        waiting = self._inputs.waiting.get(self._container["name"])
        latest = self._seen[0] if self._seen else None
        ended_well = latest is not None and latest.state is ContainerState.EXITED and latest.exit_code == 0
        if self._is_init and not self._is_sidecar and ended_well:
            return
        if self._place == "ephemeralContainerStatuses" and latest is not None:
            return
        if waiting is None or self._inputs.terminal:
            return
        if not wants_restart(self._container, self._inputs.pod, latest):
            return
        if "terminated" in status["state"]:
            status["lastState"] = status["state"]
        status["state"] = {"waiting": waiting.to_dict()}

    def _judge(self, status: Object) -> None:
        """Fill in `started` and `ready` from the probes."""
        running = "running" in status["state"]
        latest = self._seen[0] if self._seen else None
        outcome = self._outcome(latest)
        status["started"] = running and self._has_started(outcome, latest)
        if self._is_init and not self._is_sidecar:
            ended = status["state"].get("terminated")
            status["ready"] = bool(ended and ended["exitCode"] == 0)
        elif self._place == "ephemeralContainerStatuses":
            status["ready"] = False
            status.pop("started")
        else:
            status["ready"] = bool(status["started"] and self._is_ready(outcome, latest))

    def _has_started(self, outcome: ProbeOutcome, latest: ContainerStatus | None) -> bool:
        if not self._container.get("startupProbe"):
            return True
        if outcome.startup is None:
            return self._is_same(latest) and bool(self._old.get("started"))
        return outcome.startup

    def _is_ready(self, outcome: ProbeOutcome, latest: ContainerStatus | None) -> bool:
        if not self._container.get("readinessProbe"):
            return True
        if outcome.readiness is None:
            return self._is_same(latest) and bool(self._old.get("ready"))
        return outcome.readiness

    def _is_same(self, latest: ContainerStatus | None) -> bool:
        """Still the container of the last report: what was said of it holds until a probe says else."""
        known = api_container_id(self._inputs.runtime_name, latest.id if latest else "")
        return bool(known) and self._old.get("containerID") == known

    def _outcome(self, latest: ContainerStatus | None) -> ProbeOutcome:
        return self._inputs.probes.get(latest.id if latest else "", ProbeOutcome())

    @property
    def _is_init(self) -> bool:
        return self._place == "initContainerStatuses"

    @property
    def _is_sidecar(self) -> bool:
        return self._is_init and pods.is_sidecar(self._container)


def _lost(message: str) -> Object:
    return {
        "exitCode": LOST_EXIT_CODE,
        "reason": "ContainerStatusUnknown",
        "message": message,
        "startedAt": None,
        "finishedAt": None,
    }


def _user(container: ContainerStatus) -> Object | None:
    if container.user is None:
        return None
    uid, gid, groups = container.user
    return {"linux": {"uid": uid, "gid": gid, "supplementalGroups": list(groups)}}


def _volume_mount(mount: Mapping[str, Any]) -> Object:
    status: Object = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        status["readOnly"] = True
        recursive = mount.get("recursiveReadOnly") in ("Enabled", "IfPossible")
        status["recursiveReadOnly"] = "Enabled" if recursive else "Disabled"
    return status


def _time(nanoseconds: int) -> str | None:
    if not nanoseconds:
        return None
    return format_time(datetime.fromtimestamp(nanoseconds / 1e9, UTC))

"""The difference between what was ordered (`spec`) and what was delivered (`status`), for one object.
Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.courier.facts import condition, display


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing: `delivered` of `ordered`, and what they count."""

    what: str
    ordered: int
    delivered: int
    unit: str

    def __str__(self) -> str:
        return f"{self.what}: {self.delivered} of {self.ordered} {self.unit}"


def gap_of(about: Object) -> Gap | None:
    """The object's gap; None when it is delivered, or of a kind that orders nothing."""
    measure = _MEASURES.get(about["kind"])
    if measure is None:
        return None
    ordered, delivered, unit = measure(about)
    if _unobserved(about):
        delivered = min(delivered, ordered - 1)
    return Gap(display(about), ordered, delivered, unit) if delivered < ordered else None


def measure_of(about: Object) -> tuple[int, int, str] | None:
    """(ordered, delivered, unit) for kinds that order something."""
    measure = _MEASURES.get(about["kind"])
    return measure(about) if measure else None


def _unobserved(about: Object) -> bool:
    """The controller has not seen the latest order yet: its status speaks of an older one."""
    seen = number(about, "status", "observedGeneration")
    return bool(seen) and seen < number(about, "metadata", "generation")


def _replicas(about: Object) -> int:
    wanted = part(about, "spec").get("replicas")
    return 1 if wanted is None else int(wanted)


def _deployment(about: Object) -> tuple[int, int, str]:
    status = part(about, "status")
    ready, new = number(status, "availableReplicas"), number(status, "updatedReplicas")
    return _replicas(about), min(ready, new), "replicas"


def _replica_set(about: Object) -> tuple[int, int, str]:
    return _replicas(about), number(about, "status", "availableReplicas"), "replicas"


def _stateful_set(about: Object) -> tuple[int, int, str]:
    status = part(about, "status")
    return _replicas(about), min(number(status, "readyReplicas"), number(status, "replicas")), "replicas"


def _daemon_set(about: Object) -> tuple[int, int, str]:
    status = part(about, "status")
    wanted = number(status, "desiredNumberScheduled")
    return wanted, min(number(status, "numberAvailable"), number(status, "updatedNumberScheduled")), "nodes"


def _job(about: Object) -> tuple[int, int, str]:
    if part(about, "spec").get("suspend"):
        return 0, 0, "completions"
    completions = part(about, "spec").get("completions")
    wanted = 1 if completions is None else int(completions)
    done = condition(about, "Complete").get("status") == "True"
    return wanted, wanted if done else min(number(about, "status", "succeeded"), wanted - 1), "completions"


def _pod(about: Object) -> tuple[int, int, str]:
    if text(about, "status", "phase") == "Succeeded":
        return 1, 1, "ready"
    return 1, int(condition(about, "Ready").get("status") == "True"), "ready"


def _service(about: Object) -> tuple[int, int, str]:
    if text(about, "spec", "type") != "LoadBalancer":
        return 0, 0, "addresses"
    return 1, int(bool(parts(about, "status", "loadBalancer", "ingress"))), "addresses"


def _claim(about: Object) -> tuple[int, int, str]:
    return 1, int(text(about, "status", "phase") == "Bound"), "bound"


def _node(about: Object) -> tuple[int, int, str]:
    return 1, int(condition(about, "Ready").get("status") == "True"), "ready"


_MEASURES: dict[str, Callable[[Object], tuple[int, int, str]]] = {
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "ReplicationController": _replica_set,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "Pod": _pod,
    "Service": _service,
    "PersistentVolumeClaim": _claim,
    "Node": _node,
}

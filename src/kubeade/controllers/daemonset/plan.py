"""Decides which nodes get a pod, which pods go, and what the status says.

Pure; the rules are those of upstream's pkg/controller/daemon.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import number, part, text
from kubeade.api.pod_state import is_available, is_ready, phase, seconds_until_available
from kubeade.api.resource import Object
from kubeade.api.revisions import POD_REVISION_LABEL as REVISION_LABEL
from kubeade.api.scaled_value import scaled_value
from kubeade.controllers.daemonset.pods import Fit, fit, is_updated

BURST_REPLICAS = 250
PodsByNode = dict[str, list[Object]]


@dataclass(frozen=True, slots=True)
class View:
    """All that a decision depends on; `digest` is the hash of the present revision."""

    daemon_set: Object
    fits: dict[str, Fit]
    pods: PodsByNode
    digest: str
    now: datetime

    def available(self, pod: Object) -> bool:
        return is_available(pod, number(self.daemon_set, "spec", "minReadySeconds"), self.now)


@dataclass(frozen=True, slots=True)
class Plan:
    """Nodes to put a pod on, pods to delete; `failed` and `succeeded` too, with a word about them."""

    create: tuple[str, ...] = ()
    delete: tuple[Object, ...] = ()
    failed: tuple[Object, ...] = ()
    succeeded: tuple[Object, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.create or self.delete or self.succeeded)


def view(daemon_set: Object, nodes: Iterable[Object], pods: PodsByNode, digest: str, now: datetime) -> View:
    fits = {node["metadata"]["name"]: fit(daemon_set, node) for node in nodes}
    return View(daemon_set, fits, pods, digest, now)


def plan(view: View) -> Plan:
    """One pod on every node that should have one, none elsewhere."""
    total = Plan()
    for node, verdict in view.fits.items():
        total = _join(total, _plan_node(view, node, verdict))
    lost = [
        pod
        for node, pods in view.pods.items()
        if node not in view.fits
        for pod in pods
        if not text(pod, "spec", "nodeName") and not is_being_deleted(pod)
    ]
    return _join(total, Plan(delete=tuple(lost)))


def _join(one: Plan, other: Plan) -> Plan:
    return Plan(
        (one.create + other.create)[:BURST_REPLICAS],
        (one.delete + other.delete)[:BURST_REPLICAS],
        one.failed + other.failed,
        one.succeeded + other.succeeded,
    )


def _plan_node(view: View, node: str, verdict: Fit) -> Plan:
    pods = view.pods.get(node, [])
    staying = [pod for pod in pods if not is_being_deleted(pod)]
    if verdict.should_run and not pods:
        return Plan(create=(node,))
    if not verdict.may_stay:
        return Plan(delete=tuple(staying))
    failed = tuple(pod for pod in staying if phase(pod) == "Failed")
    succeeded = tuple(pod for pod in staying if phase(pod) == "Succeeded")
    running = [pod for pod in staying if phase(pod) not in ("Failed", "Succeeded")]
    if not surges(view.daemon_set):
        return Plan((), tuple(running[1:]), failed, succeeded)
    if not running and verdict.should_run:
        return Plan((node,), (), failed, succeeded)
    return Plan((), tuple(_surplus(view, running)), failed, succeeded)


def _surplus(view: View, running: list[Object]) -> list[Object]:
    """With surge, one pod of the present revision and one older may be side by side for a while."""
    if len(running) < 2:
        return []
    new = [pod for pod in running if part(pod, "metadata", "labels").get(REVISION_LABEL) == view.digest]
    old = [pod for pod in running if pod not in new]
    surplus = [*new[1:], *old[1:]]
    if new and old and (not is_ready(old[0]) or view.available(new[0])):
        surplus.append(old[0])
    return surplus


def rolling_plan(view: View) -> Plan:
    """The next old pods to replace, within maxUnavailable or maxSurge; nothing for OnDelete."""
    if part(view.daemon_set, "spec", "updateStrategy").get("type") == "OnDelete":
        return Plan()
    return _surging_plan(view) if surges(view.daemon_set) else _replacing_plan(view)


def _replacing_plan(view: View) -> Plan:
    allowed, unavailable = _limit(view, "maxUnavailable", default=1), 0
    broken: list[Object] = []
    candidates: list[Object] = []
    for pods in view.pods.values():
        new, old = _split(view, pods)
        if len(new) + len(old) != 1:
            unavailable += 1
        elif new:
            unavailable += not view.available(new[0])
        elif view.available(old[0]):
            candidates.append(old[0])
        else:
            broken.append(old[0])
            unavailable += 1
    return Plan(delete=tuple(broken + candidates[: max(0, allowed - unavailable)]))


def _surging_plan(view: View) -> Plan:
    allowed, surging = _limit(view, "maxSurge", default=0), 0
    broken: list[str] = []
    candidates: list[str] = []
    leaving: list[Object] = []
    for node, pods in view.pods.items():
        new, old = _split(view, pods)
        if len(new) > 1 or len(old) > 1:
            surging += 1
        elif new and old:
            if view.available(new[0]):
                leaving.append(old[0])
            else:
                surging += 1
        elif old and view.fits.get(node, Fit(False, False)).should_run:
            (candidates if view.available(old[0]) else broken).append(node)
        elif old and not view.available(old[0]):
            leaving.append(old[0])
    return Plan(tuple(broken + candidates[: max(0, allowed - surging)]), tuple(leaving))


def _split(view: View, pods: list[Object]) -> tuple[list[Object], list[Object]]:
    staying = [pod for pod in pods if not is_being_deleted(pod)]
    new = [pod for pod in staying if is_updated(view.daemon_set, pod, view.digest)]
    return new, [pod for pod in staying if pod not in new]


def surges(daemon_set: Object) -> bool:
    strategy = part(daemon_set, "spec", "updateStrategy")
    surge = part(strategy, "rollingUpdate").get("maxSurge") or 0
    return strategy.get("type") != "OnDelete" and scaled_value(surge, 1, round_up=True) > 0


def _limit(view: View, key: str, default: int) -> int:
    rolling = part(view.daemon_set, "spec", "updateStrategy", "rollingUpdate")
    value = rolling.get(key)
    wanted = sum(verdict.should_run for verdict in view.fits.values())
    return scaled_value(default if value is None else value, wanted, round_up=True)


def status_of(view: View, collisions: int) -> Object:
    counts = dict.fromkeys(("desired", "current", "misscheduled", "ready", "updated", "available"), 0)
    for node, verdict in view.fits.items():
        pods = view.pods.get(node, [])
        counts["desired"] += verdict.should_run
        counts["misscheduled"] += bool(pods) and not verdict.should_run
        if pods and verdict.should_run:
            pod = pods[0]
            counts["current"] += 1
            counts["ready"] += is_ready(pod)
            counts["available"] += view.available(pod)
            counts["updated"] += is_updated(view.daemon_set, pod, view.digest)
    status = {
        "observedGeneration": number(view.daemon_set, "metadata", "generation"),
        "desiredNumberScheduled": counts["desired"],
        "currentNumberScheduled": counts["current"],
        "numberMisscheduled": counts["misscheduled"],
        "numberReady": counts["ready"],
    }
    optional = {
        "updatedNumberScheduled": counts["updated"],
        "numberAvailable": counts["available"],
        "numberUnavailable": counts["desired"] - counts["available"],
        "collisionCount": collisions,
    }
    kept = {"conditions": part(view.daemon_set, "status").get("conditions")}
    return status | {key: value for key, value in (optional | kept).items() if value}


def next_look_seconds(view: View) -> float | None:
    """When the next ready pod becomes available only by the passing of time."""
    seconds = number(view.daemon_set, "spec", "minReadySeconds")
    pods = [pod for on_node in view.pods.values() for pod in on_node]
    waits = [seconds_until_available(pod, seconds, view.now) for pod in pods]
    return min((wait for wait in waits if wait is not None), default=None)

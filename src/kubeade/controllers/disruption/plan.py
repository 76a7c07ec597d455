"""How many pods a budget can spare. Pure."""

from datetime import datetime

from kubeade.api.parts import number, part
from kubeade.api.pod_state import is_active, is_ready
from kubeade.api.resource import Object
from kubeade.api.scaled_value import scaled_value
from kubeade.lib.timestamps import parse_time

DISRUPTION_TIMEOUT_SECONDS = 120.0


def status_of(budget: Object, pods: list[Object], expected: int, now: datetime) -> Object:
    """The budget's status. `expected`: how many pods the owners of these pods want in all."""
    spec = part(budget, "spec")
    disrupted = _still_disrupted(budget, pods, now)
    healthy = sum(
        is_ready(pod) and is_active(pod) and pod["metadata"]["name"] not in disrupted for pod in pods
    )
    if spec.get("maxUnavailable") is not None:
        desired = max(expected - scaled_value(spec["maxUnavailable"], expected, round_up=True), 0)
    else:
        wanted = spec.get("minAvailable", 1)
        if not isinstance(wanted, str):
            expected = len(pods)
        desired = scaled_value(wanted, expected, round_up=True)
    status: Object = {
        "observedGeneration": number(budget, "metadata", "generation"),
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "disruptionsAllowed": max(healthy - desired, 0) if expected else 0,
    }
    return {**status, "disruptedPods": disrupted} if disrupted else status


def _still_disrupted(budget: Object, pods: list[Object], now: datetime) -> dict[str, str]:
    """Evictions that were allowed and whose deletion has not shown yet."""
    present = {pod["metadata"]["name"] for pod in pods if not pod["metadata"].get("deletionTimestamp")}
    known = part(budget, "status", "disruptedPods")
    return {
        name: moment
        for name, moment in known.items()
        if name in present and (now - parse_time(moment)).total_seconds() < DISRUPTION_TIMEOUT_SECONDS
    }


def condition(status: Object, moment: str, known: Object) -> Object:
    """DisruptionAllowed, with its transition time kept while it stays the same."""
    allowed = status["disruptionsAllowed"] > 0
    made = {
        "type": "DisruptionAllowed",
        "status": "True" if allowed else "False",
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
        "observedGeneration": status["observedGeneration"],
    }
    same = known.get("status") == made["status"]
    return {**made, "lastTransitionTime": known["lastTransitionTime"] if same else moment}

"""Defaults of the autoscaling group."""

from kubeade.api.defaults.fill import attached, fill, fill_absent
from kubeade.api.resource import Object

_TARGET_CPU_PERCENT = 80
_PERIOD_SECONDS = 15


def default_horizontal_pod_autoscaler(autoscaler: Object) -> None:
    """At least one replica; without a metric, 80 % CPU (only v2 has metrics and behavior)."""
    spec = attached(autoscaler, "spec")
    fill(spec, "minReplicas", 1)
    if autoscaler.get("apiVersion") != "autoscaling/v2":
        return
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": _TARGET_CPU_PERCENT}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if isinstance(behavior, dict):
        _default_scale_up(attached(behavior, "scaleUp"))
        _default_scale_down(attached(behavior, "scaleDown"))


def _default_scale_up(rules: Object) -> None:
    fill(rules, "stabilizationWindowSeconds", 0)
    fill_absent(rules, "selectPolicy", "Max")
    fill(rules, "policies", [_policy("Pods", 4), _policy("Percent", 100)])


def _default_scale_down(rules: Object) -> None:
    fill_absent(rules, "selectPolicy", "Max")
    fill(rules, "policies", [_policy("Percent", 100)])


def _policy(kind: str, value: int) -> Object:
    return {"type": kind, "value": value, "periodSeconds": _PERIOD_SECONDS}

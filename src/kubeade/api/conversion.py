"""Between versions of a kind that share their objects, without losing anything on the way.

Three kinds have versions that differ: Event (core/v1 and events.k8s.io/v1 name the same facts differently),
HorizontalPodAutoscaler (what autoscaling/v1 has no field for travels in annotations, as upstream) and
PriorityLevelConfiguration (v1beta3 takes 0 shares for none said, but for an annotation).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from kubeade.api.hpa_metrics import metric_from_v1, metric_to_v1, status_from_v1, status_to_v1
from kubeade.api.resource import Object, Resource

_EVENT_FIELDS = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_CORE_EVENT_FIELDS = {newer: core for core, newer in _EVENT_FIELDS.items()}

ZERO_SHARES = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"
"""In v1beta3: a priority level's zero is meant."""

_METRICS = "autoscaling.alpha.kubernetes.io/metrics"
_BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
_CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics"
_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
_CPU_PERCENTAGE = "targetCPUUtilizationPercentage"
_CPU_CURRENT = "currentCPUUtilizationPercentage"
_DEFAULT_CPU_PERCENTAGE = 80


def convert(obj: Object, source: Resource, target: Resource) -> Object:
    """The object as another version says it; shares unchanged parts with `obj`, which stays as it is."""
    rule = _RULES.get((source.api_version, target.api_version, source.kind))
    converted = rule(obj) if rule else dict(obj)
    return {**converted, "apiVersion": target.api_version, "kind": target.kind}


def _renamed(obj: Object, names: Mapping[str, str]) -> Object:
    return {names.get(field, field): value for field, value in obj.items()}


def _autoscaler_to_v1(obj: Object) -> Object:
    spec, status = dict(obj.get("spec") or {}), {"currentReplicas": 0, **(obj.get("status") or {})}
    metrics = list(spec.pop("metrics", None) or ())
    cpu = next((metric for metric in metrics if _is_cpu_utilization(metric)), None)
    if cpu is not None:
        spec[_CPU_PERCENTAGE] = cpu["resource"]["target"]["averageUtilization"]
    current = status.pop("currentMetrics", None) or []
    utilization = next((found for found in map(_current_cpu, current) if found is not None), None)
    if utilization is not None:
        status[_CPU_CURRENT] = utilization
    carried = {
        _METRICS: [metric_to_v1(metric) for metric in metrics if not _is_cpu_utilization(metric)],
        _BEHAVIOR: spec.pop("behavior", None),
        _CURRENT_METRICS: [status_to_v1(metric) for metric in current],
        _CONDITIONS: status.pop("conditions", None),
    }
    annotations = dict(obj["metadata"].get("annotations") or {})
    for name, value in carried.items():
        annotations.pop(name, None)
        if value:
            annotations[name] = json.dumps(value, separators=(",", ":"))
    return _rebuilt(obj, annotations, spec, status)


def _autoscaler_from_v1(obj: Object) -> Object:
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    annotations = dict(obj["metadata"].get("annotations") or {})
    metrics = [metric_from_v1(metric) for metric in _carried(annotations, _METRICS) or ()]
    percentage = spec.pop(_CPU_PERCENTAGE, None)
    if percentage is not None or not metrics:
        metrics.append(_cpu_metric(percentage or _DEFAULT_CPU_PERCENTAGE))
    spec["metrics"] = metrics
    behavior = _carried(annotations, _BEHAVIOR)
    if behavior:
        spec["behavior"] = behavior
    status.pop(_CPU_CURRENT, None)
    current = _carried(annotations, _CURRENT_METRICS)
    if current:
        status["currentMetrics"] = [status_from_v1(metric) for metric in current]
    conditions = _carried(annotations, _CONDITIONS)
    if conditions:
        status["conditions"] = conditions
    return _rebuilt(obj, annotations, spec, status)


def _rebuilt(obj: Object, annotations: Mapping[str, str], spec: Object, status: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    if annotations:
        metadata["annotations"] = annotations
    parts = {"metadata": metadata, "spec": spec}
    return {**obj, **parts, **({"status": status} if "status" in obj or status else {})}


def _carried(annotations: dict[str, str], name: str) -> Any:
    """What an annotation carries; one that cannot be read carries nothing."""
    try:
        return json.loads(annotations.pop(name, "null"))
    except ValueError:
        return None


def _cpu_metric(percentage: int) -> Object:
    target = {"type": "Utilization", "averageUtilization": percentage}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _is_cpu_utilization(metric: Object) -> bool:
    resource = metric.get("resource") or {}
    utilization = (resource.get("target") or {}).get("averageUtilization")
    return metric.get("type") == "Resource" and resource.get("name") == "cpu" and utilization is not None


def _current_cpu(metric: Object) -> int | None:
    resource = metric.get("resource") or {}
    utilization: int | None = (resource.get("current") or {}).get("averageUtilization")
    return utilization if metric.get("type") == "Resource" and resource.get("name") == "cpu" else None


def _level_to_v1beta3(obj: Object) -> Object:
    limited = (obj.get("spec") or {}).get("limited")
    meant = isinstance(limited, dict) and limited.get("nominalConcurrencyShares") == 0
    return _annotated(obj, {ZERO_SHARES: ""}) if meant else obj


def _level_from_v1beta3(obj: Object) -> Object:
    return _annotated(obj, {ZERO_SHARES: None})


def _annotated(obj: Object, changed: Mapping[str, str | None]) -> Object:
    """With these annotations set; None takes one away."""
    metadata = dict(obj.get("metadata") or {})
    found = {**(metadata.pop("annotations", None) or {}), **changed}
    kept = {name: value for name, value in found.items() if value is not None}
    return {**obj, "metadata": {**metadata, "annotations": kept} if kept else metadata}


_FLOW_CONTROL = "flowcontrol.apiserver.k8s.io"
_LEVEL = "PriorityLevelConfiguration"
_Rule = Callable[[Object], Object]
_RULES: dict[tuple[str, str, str], _Rule] = {
    ("v1", "events.k8s.io/v1", "Event"): lambda obj: _renamed(obj, _EVENT_FIELDS),
    ("events.k8s.io/v1", "v1", "Event"): lambda obj: _renamed(obj, _CORE_EVENT_FIELDS),
    ("autoscaling/v2", "autoscaling/v1", "HorizontalPodAutoscaler"): _autoscaler_to_v1,
    ("autoscaling/v1", "autoscaling/v2", "HorizontalPodAutoscaler"): _autoscaler_from_v1,
    (f"{_FLOW_CONTROL}/v1", f"{_FLOW_CONTROL}/v1beta3", _LEVEL): _level_to_v1beta3,
    (f"{_FLOW_CONTROL}/v1beta3", f"{_FLOW_CONTROL}/v1", _LEVEL): _level_from_v1beta3,
}

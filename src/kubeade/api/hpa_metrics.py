"""A HorizontalPodAutoscaler's metrics in the flat form that autoscaling/v1 carries in annotations.

autoscaling/v2 nests what is measured and what is wanted (`metric`, `target`, `current`); the older form
spells both out (`metricName`, `targetAverageValue`, ...). Table-driven, so that both ways agree.
"""

from typing import Any

from kubeade.api.resource import Object

# Per type: the field that holds it, and (path in v2, name in the flat form).
_Fields = list[tuple[tuple[str, ...], str]]
_METRIC: _Fields = [(("metric", "name"), "metricName"), (("metric", "selector"), "selector")]
_EXTERNAL: _Fields = [(("metric", "name"), "metricName"), (("metric", "selector"), "metricSelector")]
_NAMED: _Fields = [(("name",), "name")]
_CONTAINER: _Fields = [*_NAMED, (("container",), "container")]
_UTILIZATION: _Fields = [
    (("target", "averageUtilization"), "targetAverageUtilization"),
    (("target", "averageValue"), "targetAverageValue"),
]
_CURRENT_UTILIZATION: _Fields = [
    (("current", "averageUtilization"), "currentAverageUtilization"),
    (("current", "averageValue"), "currentAverageValue"),
]
_SPECS: dict[str, tuple[str, _Fields]] = {
    "Resource": ("resource", [*_NAMED, *_UTILIZATION]),
    "ContainerResource": ("containerResource", [*_CONTAINER, *_UTILIZATION]),
    "Pods": ("pods", [*_METRIC, (("target", "averageValue"), "targetAverageValue")]),
    "Object": (
        "object",
        [
            *_METRIC,
            (("describedObject",), "target"),
            (("target", "value"), "targetValue"),
            (("target", "averageValue"), "averageValue"),
        ],
    ),
    "External": (
        "external",
        [
            *_EXTERNAL,
            (("target", "value"), "targetValue"),
            (("target", "averageValue"), "targetAverageValue"),
        ],
    ),
}
_STATUSES: dict[str, tuple[str, _Fields]] = {
    "Resource": ("resource", [*_NAMED, *_CURRENT_UTILIZATION]),
    "ContainerResource": ("containerResource", [*_CONTAINER, *_CURRENT_UTILIZATION]),
    "Pods": ("pods", [*_METRIC, (("current", "averageValue"), "currentAverageValue")]),
    "Object": (
        "object",
        [
            *_METRIC,
            (("describedObject",), "target"),
            (("current", "value"), "currentValue"),
            (("current", "averageValue"), "averageValue"),
        ],
    ),
    "External": (
        "external",
        [
            *_EXTERNAL,
            (("current", "value"), "currentValue"),
            (("current", "averageValue"), "currentAverageValue"),
        ],
    ),
}
_TARGET_TYPES = {"averageUtilization": "Utilization", "averageValue": "AverageValue", "value": "Value"}


def metric_to_v1(metric: Object) -> Object:
    """A MetricSpec of autoscaling/v2, flat."""
    return _flat(metric, _SPECS)


def metric_from_v1(metric: Object) -> Object:
    """A flat MetricSpec as autoscaling/v2 has it; the target's type follows from what is set."""
    nested = _nested(metric, _SPECS)
    for part in nested.values():
        if isinstance(part, dict) and "target" in part:
            target = part["target"]
            kind = next((name for field, name in _TARGET_TYPES.items() if field in target), "Value")
            part["target"] = {"type": kind, **target}
    return nested


def status_to_v1(metric: Object) -> Object:
    """A MetricStatus of autoscaling/v2, flat."""
    return _flat(metric, _STATUSES)


def status_from_v1(metric: Object) -> Object:
    """A flat MetricStatus as autoscaling/v2 has it."""
    return _nested(metric, _STATUSES)


def _flat(metric: Object, table: dict[str, tuple[str, _Fields]]) -> Object:
    kind = metric.get("type", "")
    if kind not in table:
        return dict(metric)
    holder, fields = table[kind]
    found = {name: _get(metric.get(holder), path) for path, name in fields}
    return {"type": kind, holder: {name: value for name, value in found.items() if value is not None}}


def _nested(metric: Object, table: dict[str, tuple[str, _Fields]]) -> Object:
    kind = metric.get("type", "")
    if kind not in table:
        return dict(metric)
    holder, fields = table[kind]
    flat = metric.get(holder) or {}
    part: Object = {}
    for path, name in fields:
        if name in flat:
            _set(part, path, flat[name])
    return {"type": kind, holder: part}


def _get(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _set(part: Object, path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        part = part.setdefault(step, {})
    part[path[-1]] = value

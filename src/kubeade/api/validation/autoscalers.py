"""Rules of HorizontalPodAutoscalers, in whichever version they are said (upstream:
pkg/apis/autoscaling/validation).
"""

from collections.abc import Callable

from kubeade.api.conversion import convert
from kubeade.api.parts import number, part, parts, text
from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object, Resource
from kubeade.api.validation.fields import (
    Errors,
    forbidden,
    invalid,
    messages,
    not_negative,
    not_supported,
    required,
)
from kubeade.api.validation.names import dns_label, path_segment
from kubeade.api.validation.quantities import container_resource_name, not_negative_quantity, quantity_of

_V1, _V2 = (
    Resource("autoscaling", version, "horizontalpodautoscalers", "HorizontalPodAutoscaler")
    for version in ("v1", "v2")
)
_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
_TARGETS = ("Utilization", "Value", "AverageValue")
_SELECTIONS = ("Disabled", "Max", "Min")
_POLICIES = ("Percent", "Pods")
_LONGEST_PERIOD_SECONDS = 1800
_LONGEST_WINDOW_SECONDS = 3600


def autoscaler(found: Object) -> Errors:
    """A new one."""
    yield from _spec(part(_in_full(found), "spec"), {})


def autoscaler_change(new: Object, old: Object) -> Errors:
    """A changed one: what was let through before is let through still."""
    yield from _spec(part(_in_full(new), "spec"), part(_in_full(old), "spec"))


def autoscaler_status(new: Object, _old: Object) -> Errors:
    """How many there are and should be."""
    for key in ("currentReplicas", "desiredReplicas"):
        yield from not_negative(f"status.{key}", part(new, "status").get(key))


def _in_full(found: Object) -> Object:
    """As the newer version says it, whose fields upstream names in its answers to either."""
    in_v1 = found.get("apiVersion") == _V1.api_version and isinstance(found.get("metadata"), dict)
    return convert(found, _V1, _V2) if in_v1 else found


def _spec(spec: Object, before: Object) -> Errors:
    least, most = spec.get("minReplicas"), number(spec, "maxReplicas")
    lowest = 0 if before.get("minReplicas") == 0 else 1
    if isinstance(least, int) and least < lowest:
        yield invalid("spec.minReplicas", least, f"must be greater than or equal to {lowest}")
    if most == 0:
        yield required("spec.maxReplicas", "must be set and greater than 0")
    elif most < 0:
        yield invalid("spec.maxReplicas", most, "must be greater than or equal to 1")
    if isinstance(least, int) and most < least:
        yield invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    yield from _scale_target(part(spec, "scaleTargetRef"), part(before, "scaleTargetRef"))
    metrics = parts(spec, "metrics")
    for index, metric in enumerate(metrics):
        yield from _metric(metric, f"spec.metrics[{index}]")
    if least == 0 and not any(text(metric, "type") in ("Object", "External") for metric in metrics):
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        yield forbidden("spec.metrics", detail)
    for direction in ("scaleUp", "scaleDown"):
        if isinstance(rules := part(spec, "behavior").get(direction), dict):
            yield from _scaling(rules, f"spec.behavior.{direction}")


def _scale_target(target: Object, before: Object) -> Errors:
    at = "spec.scaleTargetRef"
    yield from _named(target, at)
    same = before and all(text(target, key) == text(before, key) for key in ("apiVersion", "kind"))
    if not same:
        grouped = text(target, "kind") != "ReplicationController"
        yield from _api_version(text(target, "apiVersion"), grouped, f"{at}.apiVersion")


def _named(reference: Object, path: str) -> Errors:
    for key in ("kind", "name"):
        name = text(reference, key)
        if not name:
            yield required(f"{path}.{key}")
        else:
            yield from messages(f"{path}.{key}", name, path_segment(name))


def _api_version(version: str, grouped: bool, path: str) -> Errors:
    if version.count("/") > 1:
        yield invalid(path, version, f"unexpected GroupVersion string: {version}")
    elif grouped and not version.partition("/")[1]:
        yield invalid(path, version, "apiVersion must specify API group")


def _metric(metric: Object, path: str) -> Errors:
    kind = text(metric, "type")
    if not kind:
        yield required(f"{path}.type", "must specify a metric source type")
    if kind not in _TYPES:
        yield not_supported(f"{path}.type", kind, _TYPES)
    given = [key for key in _SOURCES if metric.get(key) is not None]
    if given:
        yield from _SOURCES[given[0]](part(metric, given[0]), f"{path}.{given[0]}")
    wanted = kind[:1].lower() + kind[1:]
    if kind in _TYPES and wanted not in given:
        yield required(f"{path}.{wanted}", "must populate information for the given metric source")
    if len(given) != 1:
        for other in given:
            if other != wanted:
                yield forbidden(f"{path}.{other}", "must populate the given metric source only")


def _object(source: Object, path: str) -> Errors:
    described, at = part(source, "describedObject"), f"{path}.describedObject"
    yield from _named(described, at)
    yield from _api_version(text(described, "apiVersion"), False, f"{at}.apiVersion")
    yield from _identifier(source, path)
    target = part(source, "target")
    if target.get("value") is None and target.get("averageValue") is None:
        yield required(f"{path}.target.averageValue", "must set either a target value or averageValue")


def _external(source: Object, path: str) -> Errors:
    yield from _identifier(source, path)
    target = part(source, "target")
    both = "a target value for metric {} a per-pod target"
    if target.get("value") is None and target.get("averageValue") is None:
        yield required(f"{path}.target.averageValue", f"must set either {both.format('or')}")
    if target.get("value") is not None and target.get("averageValue") is not None:
        yield forbidden(f"{path}.target.value", f"may not set both {both.format('and')}")


def _pods(source: Object, path: str) -> Errors:
    yield from _identifier(source, path)
    if part(source, "target").get("averageValue") is None:
        yield required(f"{path}.target.averageValue", "must specify a positive target averageValue")


def _resource(source: Object, path: str) -> Errors:
    if not text(source, "name"):
        yield required(f"{path}.name", "must specify a resource name")
    yield from _raw_or_utilization(part(source, "target"), f"{path}.target")


def _container_resource(source: Object, path: str) -> Errors:
    name, container = text(source, "name"), text(source, "container")
    if not name:
        yield required(f"{path}.name", "must specify a resource name")
    else:
        yield from container_resource_name(name, f"{path}.name")
    if not container:
        yield required(f"{path}.container", "must specify a container")
    else:
        yield from messages(f"{path}.container", container, dns_label(container))
    yield from _raw_or_utilization(part(source, "target"), f"{path}.target")


_SOURCES: dict[str, Callable[[Object, str], Errors]] = {
    "object": _object,
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}
"""In the order in which upstream looks: of several, the first is judged."""


def _identifier(source: Object, path: str) -> Errors:
    name, at = text(source, "metric", "name"), f"{path}.metric.name"
    if not name:
        yield required(at, "must specify a metric name")
    else:
        yield from messages(at, name, path_segment(name))
    yield from _target(part(source, "target"), f"{path}.target")


def _raw_or_utilization(target: Object, path: str) -> Errors:
    yield from _target(target, path)
    raw, utilization = target.get("averageValue"), target.get("averageUtilization")
    if raw is None and utilization is None:
        detail = "must set either a target raw value or a target utilization"
        yield required(f"{path}.averageUtilization", detail)
    if raw is not None and utilization is not None:
        detail = "may not set both a target raw value and a target utilization"
        yield forbidden(f"{path}.averageValue", detail)


def _target(target: Object, path: str) -> Errors:
    kind, utilization = text(target, "type"), target.get("averageUtilization")
    if not kind:
        yield required(f"{path}.type", "must specify a metric target type")
    if kind not in _TARGETS:
        yield invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue")
    for key in ("value", "averageValue"):
        amount = None if target.get(key) is None else quantity_of(target[key])
        if amount is not None and amount <= Quantity.parse("0"):
            yield invalid(f"{path}.{key}", str(target[key]), "must be positive")
    if isinstance(utilization, int) and utilization < 1:
        yield invalid(f"{path}.averageUtilization", utilization, "must be greater than 0")


def _scaling(rules: Object, path: str) -> Errors:
    window, at = number(rules, "stabilizationWindowSeconds"), f"{path}.stabilizationWindowSeconds"
    if window < 0:
        yield invalid(at, window, "must be greater than or equal to zero")
    elif window > _LONGEST_WINDOW_SECONDS:
        yield invalid(at, window, f"must be less than or equal to {_LONGEST_WINDOW_SECONDS}")
    select = rules.get("selectPolicy")
    if select is not None and select not in _SELECTIONS:
        yield not_supported(f"{path}.selectPolicy", select, _SELECTIONS)
    policies = parts(rules, "policies")
    if not policies:
        yield required(f"{path}.policies", "must specify at least one Policy")
    for index, policy in enumerate(policies):
        yield from _policy(policy, f"{path}.policies[{index}]")
    yield from not_negative_quantity(rules.get("tolerance"), f"{path}.tolerance")


def _policy(policy: Object, path: str) -> Errors:
    kind, seconds = text(policy, "type"), number(policy, "periodSeconds")
    if kind not in _POLICIES:
        yield not_supported(f"{path}.type", kind, _POLICIES)
    if number(policy, "value") <= 0:
        yield invalid(f"{path}.value", number(policy, "value"), "must be greater than zero")
    if seconds <= 0:
        yield invalid(f"{path}.periodSeconds", seconds, "must be greater than zero")
    elif seconds > _LONGEST_PERIOD_SECONDS:
        detail = f"must be less than or equal to {_LONGEST_PERIOD_SECONDS}"
        yield invalid(f"{path}.periodSeconds", seconds, detail)

"""What an object uses of a quota, and which quotas it counts against (upstream: pkg/quota/v1). Pure.

Names are those of `spec.hard`: `pods`, `requests.cpu`, `count/deployments.apps`, ... A pod that has ended, or
should have, uses nothing but its place in the store.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.pod_requests import pod_amounts, qos_class
from kubeade.api.quantity import Format, Quantity
from kubeade.api.resource import Object
from kubeade.api.selectors import LabelSelector
from kubeade.lib.timestamps import parse_time

Usage = dict[str, Quantity]

_ONE = Quantity.of(1)
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_REQUIRED = frozenset({"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})
_COUNTED_BY_NAME = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
    }
)
_BY_CLASS = ".storageclass.storage.k8s.io/"
_OLD_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def usage_of(group: str, plural: str, found: Object, now: datetime) -> Usage:
    """All that the object uses, whether or not a quota asks."""
    usage: Usage = {f"count/{plural}.{group}" if group else f"count/{plural}": _ONE}
    if group:
        return usage
    if plural in _COUNTED_BY_NAME:
        usage[plural] = _ONE
    match plural:
        case "pods":
            usage |= _pod_usage(found, now)
        case "services":
            usage |= _service_usage(part(found, "spec"))
        case "persistentvolumeclaims":
            usage |= _claim_usage(found)
    return usage


def counted_resource(name: str) -> tuple[str, str]:
    """(group, plural) of the objects that an entry of `spec.hard` is about."""
    if name.startswith("count/"):
        plural, _, group = name.removeprefix("count/").partition(".")
        return group, plural
    if name.startswith("services"):
        return "", "services"
    if name == "requests.storage" or _BY_CLASS in name:
        return "", "persistentvolumeclaims"
    return "", name if name in _COUNTED_BY_NAME else "pods"


def quota_matches(quota: Object, group: str, plural: str, found: Object) -> bool:
    """Whether the quota's scopes take the object in. Scopes are about pods only."""
    scopes = [{"scopeName": name, "operator": "Exists"} for name in values(quota, "spec", "scopes")]
    scopes += parts(quota, "spec", "scopeSelector", "matchExpressions")
    if not scopes:
        return True
    is_pod = (group, plural) == ("", "pods")
    return is_pod and all(_in_scope(scope, part(found, "spec")) for scope in scopes)


def missing_requests(names: Iterable[str], pod: Object) -> str:
    """Which containers do not say how much they need of what a quota limits; "" where all do."""
    required = sorted(_REQUIRED.intersection(names))
    spec = part(pod, "spec")
    if part(spec, "resources").get("requests") or part(spec, "resources").get("limits"):
        return ""
    missing: dict[str, list[str]] = {}
    for container in parts(spec, "containers") + parts(spec, "initContainers"):
        for name in required:
            field, _, resource = name.rpartition(".")
            if resource not in part(container, "resources", field or "requests"):
                missing.setdefault(name, []).append(text(container, "name"))
    return "; ".join(f"{name} for: {','.join(sorted(set(who)))}" for name, who in missing.items())


def grown(after: Usage, before: Usage) -> Usage:
    """By how much `after` exceeds `before`, where it does."""
    zero = Quantity.of(0)
    differences = {name: amount - before.get(name, zero) for name, amount in after.items()}
    return {name: amount for name, amount in differences.items() if amount > zero}


def _pod_usage(pod: Object, now: datetime) -> Usage:
    if _has_ended(pod, now):
        return {}
    usage: Usage = {"pods": _ONE}
    requests, limits = pod_amounts(pod, "requests"), pod_amounts(pod, "limits")
    for name, amount in requests.items():
        quantity = _quantity(name, amount)
        usage[f"requests.{name}"] = quantity
        if name in _COMPUTE or name.startswith("hugepages-"):
            usage[name] = quantity
    usage |= {f"limits.{name}": _quantity(name, limits[name]) for name in _COMPUTE if name in limits}
    return usage


def _quantity(name: str, amount: int) -> Quantity:
    if name == "cpu":
        return Quantity.of_milli(amount)
    in_bytes = name in _COMPUTE or name.startswith("hugepages-")
    return Quantity.of(amount, Format.BINARY if in_bytes else Format.DECIMAL)


def _has_ended(pod: Object, now: datetime) -> bool:
    if text(pod, "status", "phase") in {"Failed", "Succeeded"}:
        return True
    deleted_at = text(pod, "metadata", "deletionTimestamp")
    grace = timedelta(seconds=number(pod, "metadata", "deletionGracePeriodSeconds"))
    return bool(deleted_at) and now > parse_time(deleted_at) + grace


def _service_usage(spec: Object) -> Usage:
    kind, ports = text(spec, "type"), parts(spec, "ports")
    counted = len(ports)
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        counted = sum(1 for port in ports if port.get("nodePort"))
    exposed = kind in {"NodePort", "LoadBalancer"}
    return {
        "services.loadbalancers": Quantity.of(1 if kind == "LoadBalancer" else 0),
        "services.nodeports": Quantity.of(counted if exposed else 0),
    }


def _claim_usage(claim: Object) -> Usage:
    old_class = part(claim, "metadata", "annotations").get(_OLD_CLASS_ANNOTATION)
    storage_class = old_class or text(claim, "spec", "storageClassName")
    usage: Usage = {}
    requested = part(claim, "spec", "resources", "requests").get("storage")
    if requested is not None:
        usage["requests.storage"] = Quantity.parse(str(requested))
    if storage_class:
        usage |= {f"{storage_class}{_BY_CLASS}{name}": amount for name, amount in usage.items()}
        usage[f"{storage_class}{_BY_CLASS}persistentvolumeclaims"] = _ONE
    return usage


def _in_scope(scope: Object, spec: Object) -> bool:
    match scope.get("scopeName"):
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return _is_best_effort(spec)
        case "NotBestEffort":
            return not _is_best_effort(spec)
        case "PriorityClass":
            name = text(spec, "priorityClassName")
            requirement = {**scope, "key": "PriorityClass"}
            selector = LabelSelector.from_object({"matchExpressions": [requirement]})
            return selector.matches({"PriorityClass": name} if name else {})
        case "CrossNamespacePodAffinity":
            return _crosses_namespaces(spec)
    return False


def _is_best_effort(spec: Object) -> bool:
    return qos_class({"spec": spec}) == "BestEffort"


def _crosses_namespaces(spec: Object) -> bool:
    for kind in ("podAffinity", "podAntiAffinity"):
        affinity = part(spec, "affinity", kind)
        preferred = parts(affinity, "preferredDuringSchedulingIgnoredDuringExecution")
        terms = parts(affinity, "requiredDuringSchedulingIgnoredDuringExecution")
        terms += [part(weighted, "podAffinityTerm") for weighted in preferred]
        if any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms):
            return True
    return False

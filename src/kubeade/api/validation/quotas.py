"""Rules of LimitRanges and ResourceQuotas."""

from kubeade.api.parts import part, parts, text, values
from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, duplicate, forbidden, invalid, messages, required
from kubeade.api.validation.names import qualified_name
from kubeade.api.validation.quantities import (
    QUOTA_RESOURCES,
    container_resource_name,
    quantity,
    quantity_of,
    resource_name,
)

_LIMIT_TYPES = ("Container", "Pod", "PersistentVolumeClaim")
_AMOUNTS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_SCOPES = (
    "BestEffort",
    "NotBestEffort",
    "Terminating",
    "NotTerminating",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
)
_FLAG_SCOPES = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
_CONFLICTS = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
# Left must not be greater than right: message, the two amounts, and the one whose path and value are shown.
_ORDERED = (
    ("min", "max", "min", "min value {0} is greater than max value {1}"),
    ("min", "defaultRequest", "defaultRequest", "min value {0} is greater than default request value {1}"),
    ("defaultRequest", "max", "defaultRequest", "default request value {0} is greater than max value {1}"),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "default request value {0} is greater than default limit value {1}",
    ),
    ("min", "default", "default", "min value {0} is greater than default value {1}"),
    ("default", "max", "default", "default value {0} is greater than max value {1}"),
)


def limit_range(found: Object) -> Errors:
    types: set[str] = set()
    for index, item in enumerate(parts(found, "spec", "limits")):
        at, kind = f"spec.limits[{index}]", text(item, "type")
        yield from _limit_type(kind, f"{at}.type")
        if kind in types:
            yield duplicate(f"{at}.type", kind)
        types.add(kind)
        yield from _limits(item, kind, at)


def _limit_type(kind: str, path: str) -> Errors:
    found = qualified_name(kind)
    yield from messages(path, kind, found)
    if not found and "/" not in kind and kind not in _LIMIT_TYPES:
        yield invalid(path, kind, "must be a standard limit type or fully qualified")


def _limits(item: Object, kind: str, path: str) -> Errors:
    rule = container_resource_name if kind in ("Pod", "Container") else resource_name
    for key in _AMOUNTS:
        amounts = part(item, key)
        if kind == "Pod" and amounts and key in ("default", "defaultRequest"):
            yield forbidden(f"{path}.{key}", "may not be specified when `type` is 'Pod'")
            continue
        for name, value in amounts.items():
            yield from rule(name, f"{path}.{key}[{name}]")
            yield from quantity(name, value, f"{path}.{key}[{name}]")
    if kind == "PersistentVolumeClaim" and not {"storage"} & {*part(item, "min"), *part(item, "max")}:
        detail = "either minimum or maximum storage value is required, but neither was provided"
        yield required(f"{path}.limits", detail)
    yield from _ordered(item, path)


def _ordered(item: Object, path: str) -> Errors:
    for low, high, blamed, detail in _ORDERED:
        for name, value in part(item, low).items():
            other = part(item, high).get(name)
            left, right = quantity_of(value), quantity_of(other)
            if other is not None and left is not None and right is not None and left > right:
                wrong = part(item, blamed)[name]
                yield invalid(f"{path}.{blamed}[{name}]", wrong, detail.format(value, other))
    for name, value in part(item, "maxLimitRequestRatio").items():
        ratio = quantity_of(value)
        if ratio is not None and ratio < Quantity.parse("1"):
            at = f"{path}.maxLimitRequestRatio[{name}]"
            yield invalid(at, value, f"ratio {value} is less than 1")


def resource_quota(found: Object) -> Errors:
    yield from _amounts(part(found, "spec", "hard"), "spec.hard")
    yield from _scopes(part(found, "spec"))
    yield from _scope_selector(part(found, "spec"), "spec.scopeSelector.matchExpressions")


def _amounts(hard: Object, path: str) -> Errors:
    for name, value in hard.items():
        at = f"{path}[{name}]"
        yield from resource_name(name, at)
        huge = name.startswith(("hugepages-", "requests.hugepages-", "limits.hugepages-"))
        if "/" not in name and name not in QUOTA_RESOURCES and not huge:
            yield invalid(at, name, "must be a standard resource for quota")
        yield from quantity(name, value, at)


def _scopes(spec: Object) -> Errors:
    scopes = [str(scope) for scope in values(spec, "scopes")]
    for scope in scopes:
        if scope not in _SCOPES:
            yield invalid("spec.scopes", scopes, "unsupported scope")
    if any(pair <= set(scopes) for pair in _CONFLICTS):
        yield invalid("spec.scopes", scopes, "conflicting scopes")


def _scope_selector(spec: Object, path: str) -> Errors:
    for requirement in parts(spec, "scopeSelector", "matchExpressions"):
        scope, operator = text(requirement, "scopeName"), text(requirement, "operator")
        found = values(requirement, "values")
        if scope not in _SCOPES:
            yield invalid(f"{path}.scopeName", scope, "unsupported scope")
        if scope in _FLAG_SCOPES and operator != "Exists":
            listed = "ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
            listed += "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
            detail = (
                f"must be 'Exists' when scope is any of {listed}ResourceQuotaScopeCrossNamespacePodAffinity"
            )
            yield invalid(f"{path}.operator", operator, detail)
        if operator in ("In", "NotIn"):
            if not found:
                detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                yield required(f"{path}.values", detail)
        elif operator in ("Exists", "DoesNotExist"):
            if found:
                detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                yield invalid(f"{path}.values", found, detail)
        else:
            yield invalid(f"{path}.operator", operator, "not a valid selector operator")


def resource_quota_change(new: Object, old: Object) -> Errors:
    scopes = values(new, "spec", "scopes")
    if set(map(str, scopes)) != set(map(str, values(old, "spec", "scopes"))):
        yield invalid("spec.scopes", scopes, "field is immutable")


def resource_quota_status(new: Object, _old: Object) -> Errors:
    for key in ("hard", "used"):
        yield from _amounts(part(new, "status", key), f"status.{key}")

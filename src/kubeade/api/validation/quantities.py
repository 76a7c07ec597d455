"""Rules of amounts of resources (upstream: ValidateContainerResourceRequirements and its kin)."""

from kubeade.api.parts import part, parts, text
from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    NOT_NEGATIVE,
    Errors,
    duplicate,
    forbidden,
    invalid,
    messages,
    not_found,
    required,
)
from kubeade.api.validation.names import qualified_name

_CONTAINER_RESOURCES = {"cpu", "ephemeral-storage", "memory"}
_OBJECT_RESOURCES = {
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
}
_COMPUTE_RESOURCES = {
    f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in _CONTAINER_RESOURCES
}
QUOTA_RESOURCES = _OBJECT_RESOURCES | _COMPUTE_RESOURCES | {"requests.storage"}
STANDARD_RESOURCES = QUOTA_RESOURCES | {"storage"}
_HUGE_PAGES = ("hugepages-", "requests.hugepages-")
_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def quantity_of(value: object) -> Quantity | None:
    """The parsed quantity; None where it cannot be read."""
    try:
        return Quantity.parse(str(value))
    except ValueError:
        return None


def resource_name(name: str, path: str) -> Errors:
    """A standard resource, or one with a domain in its name."""
    found = qualified_name(name)
    yield from messages(path, name, found)
    if not found and "/" not in name and name not in STANDARD_RESOURCES and not name.startswith(_HUGE_PAGES):
        yield invalid(path, name, "must be a standard resource type or fully qualified")


def container_resource_name(name: str, path: str) -> Errors:
    """A resource that a container may ask for."""
    yield from resource_name(name, path)
    if "/" not in name:
        if name not in _CONTAINER_RESOURCES and not name.startswith("hugepages-"):
            yield invalid(path, name, "must be a standard resource for containers")
    elif not _is_native(name) and name.startswith("requests."):
        yield invalid(path, name, "doesn't follow extended resource name standard")


def quantity(name: str, value: object, path: str) -> Errors:
    """A readable amount, not below zero; whole where the resource cannot be divided."""
    found = quantity_of(value)
    if found is None:
        yield invalid(path, value, _FORMAT)
    elif found < Quantity.parse("0"):
        yield invalid(path, str(value), NOT_NEGATIVE)
    elif not _is_divisible(name) and found.milli_value() % 1000:
        yield invalid(path, str(value), "must be an integer")


def not_negative_quantity(value: object, path: str) -> Errors:
    """Zero or more; absent is fine."""
    found = None if value is None else quantity_of(value)
    if found is not None and found < Quantity.parse("0"):
        yield invalid(path, str(value), NOT_NEGATIVE)


def requirements(found: Object, claims: set[str], path: str) -> Errors:
    """A container's limits and requests; `claims` are the names of the pod's resource claims."""
    limits, requests = part(found, "limits"), part(found, "requests")
    for name, value in limits.items():
        yield from container_resource_name(name, f"{path}.limits[{name}]")
        yield from quantity(name, value, f"{path}.limits[{name}]")
    for name, value in requests.items():
        yield from container_resource_name(name, f"{path}.requests[{name}]")
        yield from quantity(name, value, f"{path}.requests[{name}]")
        yield from _within_limit(name, value, limits, path)
    names = {*limits, *requests}
    if any(name.startswith("hugepages-") for name in names) and not names & {"cpu", "memory"}:
        yield forbidden(path, "HugePages require cpu or memory")
    yield from _claims(parts(found, "claims"), claims, f"{path}.claims")


def _within_limit(name: str, value: object, limits: Object, path: str) -> Errors:
    if name not in limits:
        if not _is_overcommittable(name):
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
        return
    request, limit = quantity_of(value), quantity_of(limits[name])
    if request is None or limit is None:
        return
    if request != limit and not _is_overcommittable(name):
        detail = f"must be equal to {name} limit of {limits[name]}"
        yield invalid(f"{path}.requests", str(value), detail)
    elif request > limit:
        detail = f"must be less than or equal to {name} limit of {limits[name]}"
        yield invalid(f"{path}.requests", str(value), detail)


def _claims(found: list[Object], claims: set[str], path: str) -> Errors:
    used: set[tuple[str, str]] = set()
    for index, claim in enumerate(found):
        name = text(claim, "name")
        key = (name, text(claim, "request"))
        if not name:
            yield required(f"{path}[{index}]")
            continue
        if key in used:
            yield duplicate(f"{path}[{index}]", "/".join(filter(None, key)))
        used.add(key)
        if name not in claims:
            yield not_found(f"{path}[{index}]", name)


def _is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def _is_overcommittable(name: str) -> bool:
    return _is_native(name) and not name.startswith("hugepages-")


def _is_divisible(name: str) -> bool:
    return name not in _OBJECT_RESOURCES and _is_native(name)

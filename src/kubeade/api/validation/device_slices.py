"""Rules of ResourceSlices: the devices that a driver offers (upstream: pkg/apis/resource/validation)."""

import re
from collections.abc import Sequence

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object
from kubeade.api.validation.device_allocations import binding_conditions
from kubeade.api.validation.device_capacity import capacity
from kubeade.api.validation.device_names import (
    entries,
    items,
    label_name,
    pool_name,
    qualified_identifier,
    unique,
)
from kubeade.api.validation.device_taints import taint
from kubeade.api.validation.driver_names import driver_name
from kubeade.api.validation.fields import (
    Errors,
    immutable,
    invalid,
    messages,
    not_found,
    required,
    too_long,
    too_many,
)
from kubeade.api.validation.names import dns_subdomain
from kubeade.api.validation.quantities import quantity_of
from kubeade.api.validation.scheduling import node_selector

_MOST_DEVICES, _MOST_ADVANCED_DEVICES = 128, 64
_MOST_COUNTER_SETS, _MOST_COUNTERS, _MOST_CONSUMED_SETS = 8, 32, 2
_MOST_ENTRIES, _MOST_VALUES, _MOST_TAINTS = 32, 48, 16
_VALUE_LIMIT_BYTES = 64
_LISTS = {"bools": "bool", "ints": "int", "strings": "string", "versions": "version"}
_NUMBER = r"(0|[1-9]\d*)"
_PRE_RELEASE = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_BUILD = "[0-9a-zA-Z-]+"
_is_version = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PRE_RELEASE}(\.{_PRE_RELEASE})*)?(\+{_BUILD}(\.{_BUILD})*)?",
    re.ASCII,
).fullmatch
_UNSET_OR_TRUE = "must be either unset or set to true"
_NODES = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")
_ONE_OF_NODES = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
_ONE_OF_DEVICE_NODES = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is "
    "set to true in the ResourceSlice spec"
)
_NO_DEVICE_NODES = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in "
    "the ResourceSlice spec"
)


def resource_slice(found: Object) -> Errors:
    """A new ResourceSlice."""
    yield from _spec(part(found, "spec"), {})


def resource_slice_change(new: Object, old: Object) -> Errors:
    """A changed one: whose it is stays."""
    yield from _spec(part(new, "spec"), part(old, "spec"))


def _spec(spec: Object, before: Object) -> Errors:
    yield from driver_name(text(spec, "driver"), "spec.driver")
    yield from _pool(part(spec, "pool"), "spec.pool")
    if before:
        pools = text(spec, "pool", "name"), text(before, "pool", "name")
        yield from immutable("spec.pool.name", *pools)
        yield from immutable("spec.driver", text(spec, "driver"), text(before, "driver"))
        yield from immutable("spec.nodeName", spec.get("nodeName"), before.get("nodeName"))
    yield from _nodes(spec)
    devices, counters = spec.get("devices"), spec.get("sharedCounters")
    if counters is not None and devices is not None:
        yield invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed")
    yield from _devices(spec, before)
    yield from items(parts(spec, "sharedCounters"), _MOST_COUNTER_SETS, _counter_set, "spec.sharedCounters")
    yield from unique(
        parts(spec, "sharedCounters")[:_MOST_COUNTER_SETS],
        lambda each: text(each, "name"),
        "spec.sharedCounters",
    )


def _pool(pool: Object, path: str) -> Errors:
    yield from pool_name(text(pool, "name"), f"{path}.name")
    count, generation = number(pool, "resourceSliceCount"), number(pool, "generation")
    if count <= 0:
        yield invalid(f"{path}.resourceSliceCount", count, "must be greater than zero")
    if generation < 0:
        yield invalid(f"{path}.generation", generation, "must be greater than or equal to zero")


def _nodes(spec: Object) -> Errors:
    name, selector = spec.get("nodeName"), spec.get("nodeSelector")
    if name == "":
        yield invalid("spec.nodeName", name, "must be either unset or set to a non-empty string")
    elif name is not None:
        yield from messages("spec.nodeName", name, dns_subdomain(str(name)))
    if isinstance(selector, dict):
        yield from node_selector(selector, "spec.nodeSelector")
        terms = parts(selector, "nodeSelectorTerms")
        if len(terms) != 1:
            at = "spec.nodeSelector.nodeSelectorTerms"
            yield invalid(at, terms or None, "must have exactly one node selector term")
    for key in ("allNodes", "perDeviceNodeSelection"):
        if spec.get(key) is False:
            yield invalid(f"spec.{key}", False, _UNSET_OR_TRUE)
    chosen = _chosen(spec, _NODES)
    if not chosen:
        yield required("spec", _ONE_OF_NODES)
    elif len(chosen) > 1:
        yield invalid("spec", _listed(chosen), f"{_ONE_OF_NODES}, but multiple fields are set")


def _chosen(holder: Object, keys: Sequence[str]) -> list[str]:
    """Of the ways to say which nodes reach a device, those that are used."""
    return [key for key in keys if holder.get(key) not in (None, "", False)]


def _listed(keys: Sequence[str]) -> str:
    return f"{{{', '.join(f'`{key}`' for key in keys)}}}"


def _devices(spec: Object, before: Object) -> Errors:
    devices, old = parts(spec, "devices"), {text(each, "name"): each for each in parts(before, "devices")}
    advanced = any(each.get(key) for each in devices for key in ("taints", "consumesCounters"))
    lists = any(
        part(each, "attributes", name).get(key) is not None
        for each in devices
        for name in part(each, "attributes")
        for key in _LISTS
    )
    most = _MOST_ADVANCED_DEVICES if advanced or lists else _MOST_DEVICES

    def device(found: Object, path: str) -> Errors:
        yield from _device(found, path)
        taints = found.get("taints")
        if taints != old.get(text(found, "name"), {}).get("taints"):
            yield from items(parts(found, "taints"), _MOST_TAINTS, taint, f"{path}.taints")
        yield from _consumption(parts(found, "consumesCounters"), f"{path}.consumesCounters")
        yield from _device_nodes(found, bool(spec.get("perDeviceNodeSelection")), path)
        yield from binding_conditions(found, path)
        yield from _mappings(found, path)

    yield from items(devices, most, device, "spec.devices")
    if len(devices) <= most:
        yield from unique(devices, lambda each: text(each, "name"), "spec.devices")


def _device(device: Object, path: str) -> Errors:
    yield from label_name(text(device, "name"), f"{path}.name")
    attributes, capacities = part(device, "attributes"), part(device, "capacity")
    count = len(attributes) + len(capacities)
    if count > _MOST_ENTRIES:
        detail = f"the total number of attributes and capacities must not exceed {_MOST_ENTRIES}"
        yield invalid(path, count, detail)
    count = sum(max(1, sum(len(values(each, key)) for key in _LISTS)) for each in attributes.values())
    if count > _MOST_VALUES:
        yield invalid(path, count, f"the total number of attribute values must not exceed {_MOST_VALUES}")
    yield from entries(attributes, qualified_identifier, _attribute, f"{path}.attributes")
    shared = bool(device.get("allowMultipleAllocations"))
    yield from entries(
        capacities,
        qualified_identifier,
        lambda each, at: capacity(part(each), shared, at),
        f"{path}.capacity",
    )


def _attribute(found: object, path: str) -> Errors:
    attribute = part(found)
    given = [key for key in ("bool", "int", "string", "version", *_LISTS) if attribute.get(key) is not None]
    if isinstance(value := attribute.get("string"), str):
        yield from _string(value, f"{path}.string")
    if isinstance(value := attribute.get("version"), str):
        yield from _version(value, f"{path}.version")
    for key, check in (("strings", _string), ("versions", _version)):
        for index, each in enumerate(values(attribute, key)):
            yield from check(str(each), f"{path}.{key}[{index}]")
    if not given:
        yield invalid(path, "", "exactly one value must be specified")
    elif len(given) > 1:
        yield invalid(path, _shown(attribute), "exactly one value must be specified")


def _shown(attribute: Object) -> Object:
    singles = {f"{key.title()}Value": attribute.get(key) for key in ("int", "bool", "string", "version")}
    return singles | {f"{key[:-1].title()}Values": attribute.get(key) for key in _LISTS_AS_SHOWN}


_LISTS_AS_SHOWN = ("ints", "bools", "strings", "versions")


def _string(value: str, path: str) -> Errors:
    if len(value.encode()) > _VALUE_LIMIT_BYTES:
        yield too_long(path, _VALUE_LIMIT_BYTES)


def _version(value: str, path: str) -> Errors:
    if not _is_version(value):
        yield invalid(path, value, "must be a string compatible with semver.org spec 2.0.0")
    yield from _string(value, path)


def _counter_set(found: Object, path: str) -> Errors:
    yield from _counters(found, "name", path)


def _counters(found: Object, key: str, path: str) -> Errors:
    """A set of counters, defined by its name or used by it."""
    if name := text(found, key):
        yield from label_name(name, f"{path}.{key}")
    else:
        yield required(f"{path}.{key}")
    counters = part(found, "counters")
    if not counters:
        yield required(f"{path}.counters")
    elif len(counters) > _MOST_COUNTERS:
        yield too_many(f"{path}.counters", len(counters), _MOST_COUNTERS)
    else:
        for counter in sorted(counters):
            yield from label_name(counter, f"{path}.counters")


def _consumption(found: list[Object], path: str) -> Errors:
    yield from items(found, _MOST_CONSUMED_SETS, lambda each, at: _counters(each, "counterSet", at), path)
    if len(found) <= _MOST_CONSUMED_SETS:
        yield from unique(found, lambda each: text(each, "counterSet"), path)


def _device_nodes(device: Object, by_device: bool, path: str) -> Errors:
    keys = _NODES[:3]
    if not by_device:
        if any(device.get(key) is not None for key in keys):
            yield invalid(path, None, _NO_DEVICE_NODES)
        return
    name, selector = device.get("nodeName"), device.get("nodeSelector")
    if name == "":
        yield invalid(f"{path}.nodeName", name, "must not be empty")
    elif name is not None:
        yield from messages(f"{path}.nodeName", name, dns_subdomain(str(name)))
    if isinstance(selector, dict):
        yield from node_selector(selector, f"{path}.nodeSelector")
    if device.get("allNodes") is False:
        yield invalid(f"{path}.allNodes", False, _UNSET_OR_TRUE)
    chosen = _chosen(device, keys)
    if not chosen:
        yield required(path, _ONE_OF_DEVICE_NODES)
    elif len(chosen) > 1:
        yield invalid(path, _listed(chosen), _ONE_OF_DEVICE_NODES)


def _mappings(device: Object, path: str) -> Errors:
    """How much of the node's own resources a device takes."""
    for name, mapping in sorted(part(device, "nodeAllocatableResourceMappings").items()):
        at = f"{path}.nodeAllocatableResourceMappings[{name}]"
        if "/" in name and "kubernetes.io/" not in name:
            yield invalid(at, name, "must be a node allocatable resource name")
        multiplier, key = part(mapping).get("allocationMultiplier"), part(mapping).get("capacityKey")
        if multiplier is None and key is None:
            yield invalid(at, "", "at least one of allocationMultiplier or capacityKey must be set")
        found = None if multiplier is None else quantity_of(multiplier)
        if found is not None and found <= Quantity.parse("0"):
            yield invalid(f"{at}.allocationMultiplier", str(multiplier), "must be positive")
        if key == "":
            yield invalid(f"{at}.capacityKey", "", "capacityKey must not be an empty string")
        elif key is not None and str(key) not in part(device, "capacity"):
            yield not_found(f"{at}.capacityKey", key)

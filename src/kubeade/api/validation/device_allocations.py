"""Rules of what a claim was given, and what drivers tell of it (upstream: pkg/apis/resource/validation)."""

from collections.abc import Set as AbstractSet

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.addresses import interface_address
from kubeade.api.validation.conditions import conditions
from kubeade.api.validation.device_claims import (
    MOST_CONFIGS,
    PARAMETERS_LIMIT_BYTES,
    Requests,
    configuration,
    raw_object,
    request_names,
    request_reference,
    request_references,
)
from kubeade.api.validation.device_names import items, label_name, pool_name, unique, uuid
from kubeade.api.validation.driver_names import driver_name
from kubeade.api.validation.fields import (
    IMMUTABLE,
    Errors,
    duplicate,
    forbidden,
    invalid,
    messages,
    not_supported,
    required,
    too_long,
    too_many,
)
from kubeade.api.validation.internal_types import OPTIONAL, TEXT, Items, Plain, internal, pointer, struct
from kubeade.api.validation.names import qualified_name
from kubeade.api.validation.scheduling import node_selector

_MOST_RESERVED, _MOST_RESULTS = 256, 32
_MOST_BINDING_CONDITIONS = 4
_MOST_CONDITIONS, _MOST_ADDRESSES = 8, 16
_INTERFACE_LIMIT_BYTES, _HARDWARE_LIMIT_BYTES = 256, 128
_SOURCES = ("FromClaim", "FromClass")

DeviceKey = tuple[str, str, str, str]
_ALLOCATION = pointer(
    Devices=struct(
        Results=Items(
            struct(
                Request=TEXT,
                Driver=TEXT,
                Pool=TEXT,
                Device=TEXT,
                AdminAccess=OPTIONAL,
                Tolerations=Items(
                    struct(Key=TEXT, Operator=TEXT, Value=TEXT, Effect=TEXT, TolerationSeconds=OPTIONAL)
                ),
                BindingConditions=OPTIONAL,
                BindingFailureConditions=OPTIONAL,
                ShareID=OPTIONAL,
                ConsumedCapacity=OPTIONAL,
            )
        ),
        Config=Items(
            struct(Source=TEXT, Requests=OPTIONAL, Opaque=pointer(Driver=TEXT, Parameters=OPTIONAL))
        ),
    ),
    NodeSelector=Plain(),
    AllocationTimestamp=OPTIONAL,
)


def claim_status(new: Object, old: Object) -> Errors:
    """A ResourceClaim's written status."""
    status, before = part(new, "status"), part(old, "status")
    reserved = parts(status, "reservedFor")
    yield from items(reserved, _MOST_RESERVED, _consumer, "status.reservedFor")
    if len(reserved) <= _MOST_RESERVED:
        yield from unique(reserved, lambda each: text(each, "uid"), "status.reservedFor")
    yield from _devices(parts(status, "devices"), allocated_devices(status), "status.devices")
    yield from _reserved(reserved, status, before, new)
    allocation = status.get("allocation")
    if allocation is not None and before.get("allocation") is not None:
        after, stays = (internal(each, _ALLOCATION) for each in (allocation, before["allocation"]))
        if after != stays:
            yield invalid("status.allocation", after, IMMUTABLE)
    elif allocation is not None:
        yield from _allocation(part(allocation), request_names(part(new, "spec")), "status.allocation")


def allocated_devices(status: Object) -> AbstractSet[DeviceKey]:
    """Those that a status says were given."""
    return {device_key(each) for each in parts(status, "allocation", "devices", "results")}


def device_key(device: Object) -> DeviceKey:
    """Which device it is, and which share of it."""
    driver, pool, name, share = (text(device, key) for key in ("driver", "pool", "device", "shareID"))
    return driver, pool, name, share


def binding_conditions(holder: Object, path: str) -> Errors:
    """What a pod's binding waits for, and what makes it fail."""
    wanted, failures = (
        [str(each) for each in values(holder, key)]
        for key in ("bindingConditions", "bindingFailureConditions")
    )
    at, failing = f"{path}.bindingConditions", f"{path}.bindingFailureConditions"
    for found, where in ((wanted, at), (failures, failing)):
        yield from items(found, _MOST_BINDING_CONDITIONS, _label_name, where)
    yield from unique(wanted, str, at)
    for index, condition in enumerate(failures):
        if condition in failures[:index]:
            yield duplicate(f"{failing}[{index}]", condition)
        if condition in wanted:
            detail = "bindingFailureConditions must not overlap with bindingConditions"
            yield invalid(f"{failing}[{index}]", condition, detail)
    if failures and not wanted:
        yield invalid(at, None, "bindingConditions are required to use bindingFailureConditions")
    if wanted and not failures:
        yield invalid(failing, None, "bindingFailureConditions are required to use bindingConditions")


def _label_name(name: str, path: str) -> Errors:
    yield from messages(path, name, qualified_name(name))


def _consumer(consumer: Object, path: str) -> Errors:
    for key in ("resource", "name", "uid"):
        if not text(consumer, key):
            yield required(f"{path}.{key}")


def _reserved(reserved: list[Object], status: Object, before: Object, claim: Object) -> Errors:
    if not reserved:
        return
    if status.get("allocation") is None:
        yield forbidden("status.reservedFor", "may not be specified when `allocated` is not set")
    elif part(claim, "metadata").get("deletionTimestamp") and any(
        each not in parts(before, "reservedFor") for each in reserved
    ):
        what = "while `deallocationRequested` or `deletionTimestamp` are set"
        yield forbidden("status.reservedFor", f"new entries may not be added {what}")


def _allocation(allocation: Object, names: Requests, path: str) -> Errors:
    devices, at = part(allocation, "devices"), f"{path}.devices"

    def result(found: Object, where: str) -> Errors:
        yield from request_reference(text(found, "request"), names, f"{where}.request")
        yield from _identity(found, where)
        yield from binding_conditions(found, where)
        if found.get("shareID") is not None:
            yield from uuid(text(found, "shareID"), f"{where}.shareID")

    def config(found: Object, where: str) -> Errors:
        yield from _source(text(found, "source"), f"{where}.source")
        yield from request_references(found, names, where)
        yield from configuration(found, where)

    yield from items(parts(devices, "results"), _MOST_RESULTS, result, f"{at}.results")
    yield from items(parts(devices, "config"), 2 * MOST_CONFIGS, config, f"{at}.config")
    if isinstance(selector := allocation.get("nodeSelector"), dict):
        yield from node_selector(selector, f"{path}.nodeSelector")


def _identity(device: Object, path: str) -> Errors:
    yield from driver_name(text(device, "driver"), f"{path}.driver")
    yield from pool_name(text(device, "pool"), f"{path}.pool")
    yield from label_name(text(device, "device"), f"{path}.device")


def _source(source: str, path: str) -> Errors:
    if not source:
        yield required(path)
    elif source not in _SOURCES:
        yield not_supported(path, source, _SOURCES)


def _devices(devices: list[Object], allocated: AbstractSet[DeviceKey], path: str) -> Errors:
    for index, device in enumerate(devices):
        at = f"{path}[{index}]"
        yield from _identity(device, at)
        if device.get("shareID") is not None:
            yield from uuid(text(device, "shareID"), f"{at}.shareID")
        if device_key(device) not in allocated:
            yield invalid(at, _shown(device), "must be an allocated device in the claim")
        found = parts(device, "conditions")
        if len(found) > _MOST_CONDITIONS:
            yield too_many(f"{at}.conditions", len(found), _MOST_CONDITIONS)
        yield from conditions(found, f"{at}.conditions")
        if device.get("data") is not None:
            yield from raw_object(device["data"], PARAMETERS_LIMIT_BYTES, f"{at}.data")
        yield from _network(part(device, "networkData"), f"{at}.networkData")
    yield from unique(devices, _shown, path)


def _shown(device: Object) -> dict[str, str]:
    return dict(zip(("Driver", "Pool", "Device", "ShareID"), device_key(device), strict=True))


def _network(data: Object, path: str) -> Errors:
    for key, limit_bytes in (
        ("interfaceName", _INTERFACE_LIMIT_BYTES),
        ("hardwareAddress", _HARDWARE_LIMIT_BYTES),
    ):
        if len(text(data, key).encode()) > limit_bytes:
            yield too_long(f"{path}.{key}", limit_bytes)
    addresses = [str(each) for each in values(data, "ips")]
    yield from items(addresses, _MOST_ADDRESSES, interface_address, f"{path}.ips")
    if len(addresses) <= _MOST_ADDRESSES:
        yield from unique(addresses, str, f"{path}.ips")

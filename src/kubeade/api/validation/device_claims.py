"""Rules of claims on devices, their templates, and classes of devices (upstream:
pkg/apis/resource/validation).

Whether a namespace's administrator may ask for access is not said by the object; the API server asks.
"""

import json
from collections.abc import Mapping
from typing import Any

from kubeade.api.cel.errors import CompileError
from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.device_names import (
    fully_qualified_identifier,
    items,
    label_name,
    unique,
)
from kubeade.api.validation.device_taints import toleration
from kubeade.api.validation.driver_names import driver_name
from kubeade.api.validation.fields import (
    IMMUTABLE,
    Errors,
    forbidden,
    invalid,
    messages,
    not_supported,
    required,
    too_long,
)
from kubeade.api.validation.internal_types import (
    NUMBER,
    OPTIONAL,
    TEXT,
    Items,
    Metadata,
    Shape,
    internal,
    pointer,
    struct,
)
from kubeade.api.validation.metadata import annotations, labels
from kubeade.api.validation.names import dns_subdomain, qualified_name

MOST_REQUESTS = MOST_CONFIGS = 32
_MOST_CONSTRAINTS, _MOST_SELECTORS, _MOST_CHOICES = 32, 32, 8
_EXPRESSION_LIMIT_BYTES = PARAMETERS_LIMIT_BYTES = 10 * 1024
_MOST_COST = 1_000_000
_MODES = ("All", "ExactCount")
_NOT_A_REQUEST = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)
_TEMPLATE_METADATA = ("annotations", "labels")

_REQUEST: dict[str, Shape] = {
    "DeviceClassName": TEXT,
    "Selectors": Items(struct(CEL=pointer(Expression=TEXT))),
    "AllocationMode": TEXT,
    "Count": NUMBER,
}
_TOLERATIONS = Items(struct(Key=TEXT, Operator=TEXT, Value=TEXT, Effect=TEXT, TolerationSeconds=OPTIONAL))
_CAPACITY = pointer(Requests=OPTIONAL)
_CLAIM = struct(
    Devices=struct(
        Requests=Items(
            struct(
                Name=TEXT,
                Exactly=pointer(
                    **_REQUEST, AdminAccess=OPTIONAL, Tolerations=_TOLERATIONS, Capacity=_CAPACITY
                ),
                FirstAvailable=Items(
                    struct(Name=TEXT, **_REQUEST, Tolerations=_TOLERATIONS, Capacity=_CAPACITY)
                ),
            )
        ),
        Constraints=Items(struct(Requests=OPTIONAL, MatchAttribute=OPTIONAL, DistinctAttribute=OPTIONAL)),
        Config=Items(struct(Requests=OPTIONAL, Opaque=pointer(Driver=TEXT, Parameters=OPTIONAL))),
    )
)
_TEMPLATE = struct(ObjectMeta=Metadata(), Spec=_CLAIM)

Requests = Mapping[str, frozenset[str]]
"""The names of a claim's requests, with those of their choices."""


def claim(found: Object) -> Errors:
    """A new ResourceClaim."""
    yield from _spec(part(found, "spec"), "spec")


def claim_change(new: Object, old: Object) -> Errors:
    """What is claimed stays."""
    yield from _unchanged(part(new, "spec"), part(old, "spec"), _CLAIM)


def template(found: Object) -> Errors:
    """A ResourceClaimTemplate."""
    metadata = part(found, "spec", "metadata")
    yield from annotations(part(metadata, "annotations"), "spec.metadata.annotations")
    yield from labels(part(metadata, "labels"), "spec.metadata.labels")
    for key in sorted(metadata):
        if key not in _TEMPLATE_METADATA and metadata[key] is not None:
            # Upstream makes the path of Go's name for it.
            yield forbidden(f"spec.metadata.{'uID' if key == 'uid' else key}", "cannot be set")
    yield from _spec(part(found, "spec", "spec"), "spec.spec")


def template_change(new: Object, old: Object) -> Errors:
    """What will be claimed stays."""
    yield from _unchanged(part(new, "spec"), part(old, "spec"), _TEMPLATE)


def device_class(found: Object) -> Errors:
    """A new DeviceClass."""
    yield from _class(part(found, "spec"), {})


def device_class_change(new: Object, old: Object) -> Errors:
    """A changed one: what was said before may be longer than it may be now."""
    yield from _class(part(new, "spec"), part(old, "spec"))


def request_names(spec: Object) -> Requests:
    """Those of a claim."""
    return {
        text(request, "name"): frozenset(text(each, "name") for each in parts(request, "firstAvailable"))
        for request in parts(spec, "devices", "requests")
    }


def request_reference(name: object, names: Requests, path: str) -> Errors:
    """One of a claim's requests, or one of its choices."""
    segments = str(name).split("/")
    if len(segments) > 2:
        yield invalid(path, name, _NOT_A_REQUEST)
        return
    for segment in segments:
        yield from label_name(segment, path)
    choices = names.get(segments[0])
    if choices is None or (len(segments) == 2 and segments[1] not in choices):
        yield invalid(path, name, _NOT_A_REQUEST)


def request_references(holder: Object, names: Requests, path: str) -> Errors:
    """What a constraint or a configuration is about."""
    found = values(holder, "requests")
    yield from items(
        found, MOST_REQUESTS, lambda each, at: request_reference(each, names, at), f"{path}.requests"
    )
    if len(found) <= MOST_REQUESTS:
        yield from unique(found, str, f"{path}.requests")


def configuration(config: Object, path: str, *, stored: bool = False) -> Errors:
    """What a driver is told, which only the driver understands."""
    opaque = config.get("opaque")
    if not isinstance(opaque, dict):
        yield required(f"{path}.opaque")
        return
    yield from driver_name(text(opaque, "driver"), f"{path}.opaque.driver")
    limit_bytes = 0 if stored else PARAMETERS_LIMIT_BYTES
    yield from raw_object(opaque.get("parameters"), limit_bytes, f"{path}.opaque.parameters")


def raw_object(value: Any, limit_bytes: int, path: str) -> Errors:
    """A JSON object of anybody's own, of any size where the limit is 0."""
    if value is None:
        yield required(path)
    elif limit_bytes and len(json.dumps(value, separators=(",", ":")).encode()) > limit_bytes:
        yield too_long(path, limit_bytes)
    elif not isinstance(value, dict):
        yield invalid(path, "<value omitted>", "must be a valid JSON object")


def _unchanged(after: Object, before: Object, shape: Shape) -> Errors:
    shown, stays = internal(after, shape), internal(before, shape)
    if shown != stays:
        yield invalid("spec", shown, IMMUTABLE)


def _spec(spec: Object, path: str) -> Errors:
    devices, names, at = part(spec, "devices"), request_names(spec), f"{path}.devices"
    requests = parts(devices, "requests")
    yield from items(requests, MOST_REQUESTS, _request, f"{at}.requests")
    if len(requests) <= MOST_REQUESTS:
        yield from unique(requests, _name, f"{at}.requests")

    def constraint(found: Object, where: str) -> Errors:
        yield from request_references(found, names, where)
        yield from _constraint(found, where)

    def config(found: Object, where: str) -> Errors:
        yield from request_references(found, names, where)
        yield from configuration(found, where)

    yield from items(parts(devices, "constraints"), _MOST_CONSTRAINTS, constraint, f"{at}.constraints")
    yield from items(parts(devices, "config"), MOST_CONFIGS, config, f"{at}.config")


def _name(found: Object) -> str:
    return text(found, "name")


def _request(request: Object, path: str) -> Errors:
    yield from label_name(text(request, "name"), f"{path}.name")
    choices, exactly = parts(request, "firstAvailable"), request.get("exactly")
    detail = "exactly one of `exactly` or `firstAvailable` is required"
    if choices and exactly is not None:
        yield invalid(path, None, f"{detail}, but multiple fields are set")
    elif choices:
        yield from items(choices, _MOST_CHOICES, _choice, f"{path}.firstAvailable")
        if len(choices) <= _MOST_CHOICES:
            yield from unique(choices, _name, f"{path}.firstAvailable")
    elif exactly is not None:
        yield from _exact(part(exactly), f"{path}.exactly")
    else:
        yield required(path, detail)


def _choice(choice: Object, path: str) -> Errors:
    yield from label_name(text(choice, "name"), f"{path}.name")
    yield from _exact(choice, path)


def _exact(request: Object, path: str) -> Errors:
    name = text(request, "deviceClassName")
    if not name:
        yield required(f"{path}.deviceClassName")
    else:
        yield from messages(f"{path}.deviceClassName", name, dns_subdomain(name))
    yield from _selectors(request, path)
    yield from _count(request, path)
    for index, each in enumerate(parts(request, "tolerations")):
        yield from toleration(each, f"{path}.tolerations[{index}]")


def _count(request: Object, path: str) -> Errors:
    mode, count = text(request, "allocationMode"), number(request, "count")
    if mode == "All":
        if count:
            yield invalid(f"{path}.count", count, "must not be specified when allocationMode is 'All'")
    elif mode == "ExactCount":
        if count <= 0:
            yield invalid(f"{path}.count", count, "must be greater than zero")
    else:
        yield not_supported(f"{path}.allocationMode", mode, _MODES)


def _selectors(holder: Object, path: str) -> Errors:
    yield from items(parts(holder, "selectors"), _MOST_SELECTORS, _selector, f"{path}.selectors")


def _selector(selector: Object, path: str) -> Errors:
    if not isinstance(selector.get("cel"), dict):
        yield required(f"{path}.cel")
        return
    expression, at = text(selector, "cel", "expression"), f"{path}.cel.expression"
    if len(expression.encode()) > _EXPRESSION_LIMIT_BYTES:
        yield too_long(at, _EXPRESSION_LIMIT_BYTES)
        return
    # Loaded with the first expression, and the engine with it.
    from kubeade.api.cel.devices import DeviceShapes, compile_device_selector

    try:
        program = compile_device_selector(expression)
    except CompileError as error:
        yield invalid(at, expression, str(error))
        return
    if program.cost(DeviceShapes()) > _MOST_COST:
        yield forbidden(at, "too complex, exceeds cost limit")


def _constraint(constraint: Object, path: str) -> Errors:
    for key in ("matchAttribute", "distinctAttribute"):
        if constraint.get(key) is not None:
            yield from fully_qualified_identifier(str(constraint[key]), f"{path}.{key}")
            return
    # Upstream says so of none.
    detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    yield required(path, detail)


def _class(spec: Object, before: Object) -> Errors:
    yield from _selectors(spec, "spec")
    stored = bool(before) and spec.get("config") == before.get("config")
    yield from items(
        parts(spec, "config"),
        MOST_CONFIGS,
        lambda each, at: configuration(each, at, stored=stored),
        "spec.config",
    )
    name = spec.get("extendedResourceName")
    if isinstance(name, str) and not _is_extended_resource(name):
        yield invalid("spec.extendedResourceName", name, "must be a valid extended resource name")


def _is_extended_resource(name: str) -> bool:
    native = "/" not in name or "kubernetes.io/" in name
    return not native and not name.startswith("requests.") and not qualified_name(f"requests.{name}")

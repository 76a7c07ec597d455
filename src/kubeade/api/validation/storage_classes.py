"""Rules of classes of volumes (upstream: pkg/apis/storage/validation)."""

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    immutable,
    invalid,
    messages,
    not_supported,
    required,
    too_long,
)
from kubeade.api.validation.names import qualified_name

_PARAMETERS_LIMIT_BYTES = 256 * 1024
_MOST_PARAMETERS = 512
_RECLAIM_POLICIES = ("Delete", "Retain")
_BINDING_MODES = ("Immediate", "WaitForFirstConsumer")


def storage_class(found: Object) -> Errors:
    """StorageClass."""
    yield from _driver(text(found, "provisioner"), "provisioner")
    yield from _parameters(part(found, "parameters"), "parameters")
    policy = found.get("reclaimPolicy")
    if policy and policy not in _RECLAIM_POLICIES:
        yield not_supported("reclaimPolicy", policy, _RECLAIM_POLICIES)
    mode = found.get("volumeBindingMode")
    if mode is None:
        yield required("volumeBindingMode")
    elif mode not in _BINDING_MODES:
        yield not_supported("volumeBindingMode", mode, _BINDING_MODES)
    yield from _topologies(parts(found, "allowedTopologies"), "allowedTopologies")


def storage_class_change(new: Object, old: Object) -> Errors:
    """What a class means stays."""
    for key in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        yield from immutable(key, new.get(key, "" if key == "provisioner" else None), old.get(key))


def _topologies(terms: list[Object], path: str) -> Errors:
    # Upstream counts an empty term as said before.
    before: list[dict[str, set[str]]] = [{}]
    for index, term in enumerate(terms):
        at, allowed = f"{path}[{index}].matchLabelExpressions", dict[str, set[str]]()
        for number, expression in enumerate(parts(term, "matchLabelExpressions")):
            key, found = text(expression, "key"), [str(each) for each in values(expression, "values")]
            yield from _topology(key, found, f"{at}[{number}]")
            if key in allowed:
                yield duplicate(f"{at}[{number}].key", key)
            allowed[key] = set(found)
        if allowed in before:
            yield duplicate(at, "")
        before.append(allowed)


def _topology(key: str, found: list[str], path: str) -> Errors:
    if not found:
        yield required(f"{path}.values")
    for index, value in enumerate(found):
        if value in found[:index]:
            yield duplicate(f"{path}.values[{index}]", value)
    yield from messages(f"{path}.key", key, qualified_name(key))


def volume_attributes_class(found: Object) -> Errors:
    """A new VolumeAttributesClass."""
    yield from _driver(text(found, "driverName"), "driverName")
    parameters = part(found, "parameters")
    yield from _parameters(parameters, "parameters")
    if not parameters:
        yield required("parameters", "must contain at least one key/value pair")


def volume_attributes_class_change(new: Object, old: Object) -> Errors:
    """A changed one: what a class means stays."""
    for key in ("driverName", "parameters"):
        if (new.get(key) or None) != (old.get(key) or None):
            yield forbidden(key, f"updates to {key} are forbidden.")
    yield from volume_attributes_class(new)


def _driver(name: str, path: str) -> Errors:
    """Who makes or changes the volumes of a class."""
    if not name:
        yield required(path)
    else:
        yield from messages(path, name.lower(), qualified_name(name.lower()))


def _parameters(parameters: Object, path: str) -> Errors:
    """What a class tells its driver."""
    if len(parameters) > _MOST_PARAMETERS:
        yield too_long(path, _MOST_PARAMETERS)
        return
    if "" in parameters:
        yield invalid(path, "", "field can not be empty.")
    if size_bytes(parameters) > _PARAMETERS_LIMIT_BYTES:
        yield too_long(path, _PARAMETERS_LIMIT_BYTES)


def size_bytes(entries: Object) -> int:
    """Of keys and values together."""
    return sum(len(f"{key}{value}".encode()) for key, value in entries.items())

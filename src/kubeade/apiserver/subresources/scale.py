"""`scale`: how many there are and should be, in the same words for every kind that has replicas."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from kubeade.api.apply.field_manager import FieldManager
from kubeade.api.errors import BadRequest, FieldError, InternalError, Invalid
from kubeade.api.parts import number, part
from kubeade.api.resource import Object, Resource
from kubeade.api.selectors import LabelSelector
from kubeade.apiserver import metadata, rules
from kubeade.apiserver.body import content_type
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import decode_object
from kubeade.apiserver.responses import value_response
from kubeade.apiserver.seams import Operation
from kubeade.apiserver.subresources.scale_owners import owners_in_object, owners_in_scale
from kubeade.apiserver.verbs.change import change, ruled
from kubeade.apiserver.verbs.patch import (
    APPLY_PATCH,
    patched_object,
    read_configuration,
    read_patch,
    whole,
)
from kubeade.apiserver.versions import to_served
from kubeade.lib.http.message import Response
from kubeade.lib.timestamps import format_time

SCALE = Resource("autoscaling", "v1", "scales", "Scale")


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where a kind keeps what a Scale shows; `selector` is a LabelSelector, a map of labels, or text."""

    spec_replicas: tuple[str, ...] = ("spec", "replicas")
    status_replicas: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] = ("spec", "selector")


async def scale(call: Call) -> Response:
    paths = _paths(call)
    if call.info.verb == "get":
        found = await to_served(call, decode_object(call.record().value))
        if call.type.custom and _get(found, paths.spec_replicas) is None:
            field = ".".join(("", *paths.spec_replicas))
            raise InternalError(f'Internal error occurred: the spec replicas field "{field}" does not exist')
        return value_response(call, scale_of(found, paths))
    applies = call.info.verb == "patch" and content_type(call.request) == APPLY_PATCH
    wanted = _applied(call, paths) if applies else _reader(call, paths)

    def make(current: Object) -> Object:
        sent = wanted(current)
        if applies:
            current["metadata"]["managedFields"] = owners_in_object(current, sent, paths.spec_replicas)
        revision = sent["metadata"].get("resourceVersion")
        current["metadata"].pop("resourceVersion", None)
        if revision:
            current["metadata"]["resourceVersion"] = revision
        _set(current, paths.spec_replicas, _replicas(call, sent))
        return current

    changed = await change(call, make, partial(_admitted, paths, applies))
    return value_response(call, scale_of(await to_served(call, decode_object(changed.value)), paths))


async def _admitted(paths: ScalePaths, applied: bool, call: Call, obj: Object, old: Object) -> Object:
    """Admission sees the Scale, which is what was sent; the rules see the object that it changes. Owners are
    right already where it was applied."""
    metadata.keep_identity(call, obj, old)
    attributes = call.admission_attributes(
        Operation.UPDATE, scale_of(obj, paths), scale_of(old, paths), kind=SCALE.kind
    )
    await call.backend.admission.mutate(attributes)
    assert attributes.object is not None
    _set(obj, paths.spec_replicas, _replicas(call, attributes.object))
    ruled(call, obj, old)
    await call.backend.admission.validate(attributes)
    return obj if applied else rules.own_fields(call, old, obj)


def _paths(call: Call) -> ScalePaths:
    custom = call.backend.customs.find(call.resource)
    if custom is None or custom.scale is None:
        return ScalePaths()
    found = custom.scale
    paths = (found.spec_replicas_path, found.status_replicas_path, found.label_selector_path)
    return ScalePaths(*(tuple(path.strip(".").split(".")) for path in paths))


def scale_of(obj: Object, paths: ScalePaths) -> Object:
    """The Scale that an object's replicas amount to."""
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    metadata = {key: obj["metadata"][key] for key in kept if key in obj["metadata"]}
    status: Object = {"replicas": _get(obj, paths.status_replicas) or 0}
    selector = _selector_text(_get(obj, paths.selector))
    if selector:
        status["selector"] = selector
    spec: Object = {}
    replicas = _get(obj, paths.spec_replicas)
    if replicas:
        spec["replicas"] = replicas
    return {
        "kind": "Scale",
        "apiVersion": SCALE.api_version,
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def _applied(call: Call, paths: ScalePaths) -> Callable[[Object], Object]:
    config = read_configuration(call)
    owners = FieldManager(
        call.backend.schema.node(SCALE), SCALE.api_version, SCALE.kind, call.info.subresource
    )
    name, force = call.options.field_manager, bool(call.options.force)

    def apply(current: Object) -> Object:
        live = scale_of(current, paths)
        live["metadata"]["managedFields"] = owners_in_scale(current, paths.spec_replicas, SCALE.api_version)
        now = format_time(call.backend.clock.now())
        found = rules.patched(call, SCALE, owners.apply(live, config, name, force, now))
        _check_name(call, found)
        if "resourceVersion" not in (config.get("metadata") or {}):
            found["metadata"].pop("resourceVersion", None)
        return found

    return apply


def _check_name(call: Call, sent: Object) -> None:
    name = sent["metadata"].get("name") or call.info.name
    if name != call.info.name:
        raise BadRequest(
            f"the name of the object ({name}) does not match the name on the URL ({call.info.name})"
        )


def _reader(call: Call, paths: ScalePaths) -> Callable[[Object], Object]:
    """PUT sends the whole Scale, PATCH a change to it."""
    if call.info.verb == "update":
        sent = rules.read(call, SCALE)
        _check_name(call, sent)
        return lambda _: sent
    apply_patch = read_patch(call, content_type(call.request))

    def patched(current: Object) -> Object:
        return whole(call, patched_object(call, apply_patch, scale_of(current, paths), SCALE), SCALE)

    return patched


def _replicas(call: Call, sent: Object) -> int:
    replicas = number(sent, "spec", "replicas")
    if replicas < 0:
        message = f"Invalid value: {replicas}: must be greater than or equal to 0"
        error = FieldError("spec.replicas", "FieldValueInvalid", message)
        raise Invalid.of("Scale", call.info.name, [error], SCALE.group)
    return replicas


def _selector_text(selector: object) -> str:
    if isinstance(selector, str):
        return selector
    if not isinstance(selector, dict):
        return ""
    if "matchLabels" in selector or "matchExpressions" in selector:
        return str(LabelSelector.from_object(selector))
    return str(LabelSelector.from_labels(selector))


def _get(obj: Object, path: tuple[str, ...]) -> object:
    return part(obj, *path[:-1]).get(path[-1])


def _set(obj: Object, path: tuple[str, ...], value: object) -> None:
    for key in path[:-1]:
        obj = obj.setdefault(key, {})
    obj[path[-1]] = value

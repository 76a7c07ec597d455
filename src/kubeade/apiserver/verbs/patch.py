"""PATCH: change part of an object, in one of four ways, told apart by the Content-Type.

A patch is applied to the newest state, again if that changes meanwhile; unless the patch itself says which
revision it is meant for. Server-side apply also creates what is not there.
"""

from collections.abc import Callable
from typing import Any

from kubeade.api.decoding import FieldValidation, Undecodable
from kubeade.api.decoding.json_text import read_json
from kubeade.api.errors import BadRequest, FieldError, Invalid, UnsupportedMediaType
from kubeade.api.patch import json_patch, merge_patch, strategic_merge
from kubeade.api.resource import Object, Resource
from kubeade.api.validation.fields import shown as shown_value
from kubeade.apiserver import rules
from kubeade.apiserver.body import check_kind, content_type, read_yaml, unregistered
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import encode
from kubeade.apiserver.responses import object_response
from kubeade.apiserver.verbs.change import applied, change, conflict
from kubeade.apiserver.verbs.create import create_object
from kubeade.apiserver.versions import shown
from kubeade.lib.http.message import Response
from kubeade.lib.timestamps import format_time

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

Patch = Callable[[Object], Object]


async def patch(call: Call) -> Response:
    media_type = content_type(call.request)
    if media_type == APPLY_PATCH:
        return await _apply(call)
    apply_patch = read_patch(call, media_type)

    def make(current: Object) -> Object:
        return whole(call, patched_object(call, apply_patch, current))

    changed = await change(call, make)
    return object_response(call, await shown(call, changed.value))


def whole(call: Call, found: Object, expected: Resource | None = None) -> Object:
    """What a patch has made of the object, decoded. Raises Invalid, about the patch, for what is no object of
    the kind."""
    try:
        return rules.patched(call, expected or call.resource, found)
    except Undecodable as error:
        strategic = content_type(call.request) == STRATEGIC_PATCH
        raise _no_result(found, error.converted if strategic else error.why) from None


def read_patch(call: Call, media_type: str) -> Patch:
    """The patch as a function. Raises UnsupportedMediaType, BadRequest."""
    if call.options.force is not None:
        message = "Forbidden: may not be specified for non-apply patch"
        raise _invalid(FieldError("force", "FieldValueForbidden", message))
    if media_type not in _supported(call):
        raise _unsupported(call)
    document = _decode(call.request.body)
    if media_type == JSON_PATCH:
        return lambda current: json_patch(current, document)
    if media_type == MERGE_PATCH:
        return lambda current: merge_patch(current, document)
    node = call.backend.schema.node(call.resource)
    return lambda current: strategic_merge(current, document, node)


def patched_object(
    call: Call, apply_patch: Patch, current: Object, expected: Resource | None = None
) -> Object:
    """The result, which must still be an object of this kind. A revision that the patch did not touch is
    left out: it is no condition."""
    revision = current["metadata"]["resourceVersion"]
    found = apply_patch(current)
    if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
        raise BadRequest(
            f"the name of the object ({call.info.name} based on URL) was undeterminable: "
            "name must be provided"
        )
    _check_kind(call, found, expected or call.resource)
    if found["metadata"].get("resourceVersion") == revision:
        del found["metadata"]["resourceVersion"]
    return found


def _check_kind(call: Call, found: Object, expected: Resource) -> None:
    """A patch must leave the object one of its kind. Raises Invalid, BadRequest."""
    kind = str(found.get("kind") or expected.kind)
    if kind == expected.kind:
        check_kind(found, expected)
        return
    if call.type.custom:
        message = f"Invalid value: {shown_value(kind)}: must be {expected.kind}"
        error = FieldError("kind", "FieldValueInvalid", message)
        raise Invalid.of(kind, call.info.name, [error], expected.group)
    raise _no_result(found, unregistered(kind, str(found.get("apiVersion")), expected))


def _no_result(found: Object, why: str) -> Invalid:
    message = f"Invalid value: {shown_value(encode(found).decode())}: {why}"
    return Invalid.of("", "", [FieldError("patch", "FieldValueInvalid", message)])


def _unsupported(call: Call) -> UnsupportedMediaType:
    if call.type.custom:
        return UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: "
            + ", ".join(_supported(call))
        )
    return UnsupportedMediaType("415: Unsupported Media Type", details={})


def read_configuration(call: Call) -> Object:
    """What is to be applied. Raises Invalid, BadRequest."""
    if not call.options.field_manager:
        message = "Required value: is required for apply patch"
        raise _invalid(FieldError("fieldManager", "FieldValueRequired", message))
    config = read_yaml(call.request.body)
    _check_repeated(call)
    if not isinstance(config, dict):
        raise BadRequest("error decoding YAML: the configuration is not an object")
    return config


async def _apply(call: Call) -> Response:
    """Server-side apply."""
    config = read_configuration(call)
    manager, force = call.options.field_manager, bool(call.options.force)

    def make(current: Object | None) -> Object:
        now = format_time(call.backend.clock.now())
        configured = rules.field_manager(call, call.resource).apply(current, config, manager, force, now)
        check_kind(configured, call.resource)
        configured = rules.patched(call, call.resource, configured)
        if current is not None and "resourceVersion" not in (config.get("metadata") or {}):
            configured["metadata"].pop("resourceVersion", None)
        return configured

    if call.backend.storage.find(call.stored, call.info.name, call.info.namespace) is None:
        return await _apply_new(call, make(None))
    changed = await change(call, make, applied)
    return object_response(call, await shown(call, changed.value))


def _check_repeated(call: Call) -> None:
    """A key that stands twice in one place is refused or warned of, as the client asked."""
    duplicates = rules.repeated_lines(call)
    if call.options.field_validation == FieldValidation.STRICT.value:
        for found in duplicates.strict(()):
            raise BadRequest(f"error strict decoding YAML: error converting YAML to JSON: {found}")
    call.warnings.extend(duplicates.warnings(()))


async def _apply_new(call: Call, obj: Object) -> Response:
    if call.info.subresource:
        raise call.not_found(call.info.name)
    if obj["metadata"].get("uid"):
        uid = obj["metadata"]["uid"]
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise conflict(call, why)
    obj["metadata"].setdefault("name", call.info.name)
    value = await create_object(call, obj, applied=True)
    return object_response(call, await shown(call, value), 201)


def _supported(call: Call) -> tuple[str, ...]:
    if call.type.custom:
        return (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)
    return (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


def _decode(body: bytes) -> Any:
    try:
        return read_json(body)
    except ValueError as error:
        raise BadRequest(f"error decoding patch: {error}") from None


def _invalid(error: FieldError) -> Invalid:
    return Invalid.of("PatchOptions", "", [error], "meta.k8s.io")

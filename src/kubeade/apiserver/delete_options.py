"""What a DELETE may say besides the name: DeleteOptions, from the body or the query."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from kubeade.api.errors import BadRequest, FieldError, Invalid, go_quoted
from kubeade.api.patch.json_value import json_type
from kubeade.api.resource import Object
from kubeade.apiserver.body import decode_body
from kubeade.apiserver.options import parsed_integer, read_dry_run
from kubeade.lib.http.message import Request

_POLICIES = ("Foreground", "Background", "Orphan")
_TYPES: Mapping[str, tuple[type, str]] = {
    "gracePeriodSeconds": (int, "int64"),
    "orphanDependents": (bool, "bool"),
    "propagationPolicy": (str, "v1.DeletionPropagation"),
    "preconditions": (dict, "v1.Preconditions"),
    "dryRun": (list, "[]string"),
}


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """`propagation` is Background, Foreground, Orphan or "" (the kind's own way)."""

    grace_period_seconds: int | None = None
    propagation: str = ""
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False
    raw: Object | None = None


def read_delete_options(request: Request) -> DeleteOptions:
    """Raises BadRequest for what cannot be read, Invalid for what contradicts itself."""
    raw = _from_body(request) if request.body else _from_query(request.query_string)
    _check_types(raw)
    preconditions = raw.get("preconditions") or {}
    return DeleteOptions(
        raw.get("gracePeriodSeconds"),
        _propagation(raw),
        preconditions.get("uid") or "",
        preconditions.get("resourceVersion") or "",
        read_dry_run(raw.get("dryRun") or [], "DeleteOptions"),
        raw,
    )


def _check_types(raw: Object) -> None:
    """Raises BadRequest, in the words of upstream's decoder."""
    for field, (wanted, name) in _TYPES.items():
        value = raw.get(field)
        if value is not None and type(value) is not wanted:
            raise _wrong_type(value, f"DeleteOptions.{field}", name)
    for field, name in (("uid", "types.UID"), ("resourceVersion", "string")):
        value = (raw.get("preconditions") or {}).get(field)
        if value is not None and not isinstance(value, str):
            raise _wrong_type(value, f"Preconditions.preconditions.{field}", name)
    for value in raw.get("dryRun") or ():
        if not isinstance(value, str):
            raise _wrong_type(value, "DeleteOptions.dryRun", "string")


def _wrong_type(value: object, field: str, name: str) -> BadRequest:
    what = f"number {value}" if name == "int64" and json_type(value) == "number" else json_type(value)
    return BadRequest(f"json: cannot unmarshal {what} into Go struct field {field} of type {name}")


def _from_body(request: Request) -> Object:
    raw = decode_body(request, "DeleteOptions")
    if raw.get("kind", "DeleteOptions") not in {"DeleteOptions", ""}:
        raise BadRequest("decoded object cannot be converted to DeleteOptions")
    return raw


def _from_query(query_string: str) -> Object:
    raw: dict[str, Any] = {}
    for key, value in parse_qsl(query_string, keep_blank_values=False):
        if key == "gracePeriodSeconds":
            raw[key] = parsed_integer(value)
        elif key == "orphanDependents":
            raw[key] = value.lower() not in {"false", "0"}
        elif key == "propagationPolicy":
            raw[key] = value
        elif key == "dryRun":
            raw.setdefault(key, []).append(value)
    return raw


def _propagation(raw: Object) -> str:
    policy, orphan = raw.get("propagationPolicy"), raw.get("orphanDependents")
    if policy is not None and orphan is not None:
        message = (
            f"Invalid value: {go_quoted(policy)}: orphanDependents and deletionPropagation cannot be both set"
        )
        raise _invalid(FieldError("propagationPolicy", "FieldValueInvalid", message))
    if policy is not None and policy not in _POLICIES:
        listed = ", ".join(f'"{choice}"' for choice in (*_POLICIES, "nil"))
        message = f'Unsupported value: "{policy}": supported values: {listed}'
        raise _invalid(FieldError("propagationPolicy", "FieldValueNotSupported", message))
    if orphan is not None:
        return "Orphan" if orphan else "Background"
    return policy or ""


def _invalid(error: FieldError) -> Invalid:
    return Invalid.of("DeleteOptions", "", [error], "meta.k8s.io")

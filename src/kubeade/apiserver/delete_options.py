"""What a DELETE may say besides the name: DeleteOptions, from the body or the query."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from kubeade.api.errors import BadRequest, FieldError, Invalid
from kubeade.api.resource import Object
from kubeade.apiserver.body import decode_body
from kubeade.apiserver.options import read_dry_run
from kubeade.lib.http.message import Request

_POLICIES = ("Background", "Foreground", "Orphan")


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
    grace = raw.get("gracePeriodSeconds")
    if grace is not None and (isinstance(grace, bool) or not isinstance(grace, int)):
        raise BadRequest("DeleteOptions: gracePeriodSeconds must be an integer")
    preconditions = raw.get("preconditions") or {}
    if not isinstance(preconditions, dict):
        raise BadRequest("DeleteOptions: preconditions must be an object")
    dry_run = raw.get("dryRun") or []
    return DeleteOptions(
        grace,
        _propagation(raw),
        str(preconditions.get("uid") or ""),
        str(preconditions.get("resourceVersion") or ""),
        read_dry_run(dry_run if isinstance(dry_run, list) else [str(dry_run)], "DeleteOptions"),
        raw,
    )


def _from_body(request: Request) -> Object:
    raw = decode_body(request, "DeleteOptions")
    if raw.get("kind", "DeleteOptions") not in {"DeleteOptions", ""}:
        raise BadRequest("decoded object cannot be converted to DeleteOptions")
    return raw


def _from_query(query_string: str) -> Object:
    raw: dict[str, Any] = {}
    for key, value in parse_qsl(query_string, keep_blank_values=False):
        if key == "gracePeriodSeconds":
            if not value.removeprefix("-").isdigit():
                raise BadRequest(f'strconv.ParseInt: parsing "{value}": invalid syntax')
            raw[key] = int(value)
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
        message = "Invalid value: true: orphanDependents and deletionPropagation cannot be both set"
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

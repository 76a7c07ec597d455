"""Rules of conditions that have all the fields of metav1.Condition (upstream: ValidateConditions)."""

import re

from kubeade.api.parts import parts, text
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    invalid,
    messages,
    not_supported,
    required,
    too_long,
)
from kubeade.api.validation.names import qualified_name

_STATUSES = ("False", "True", "Unknown")
_REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_is_reason = re.compile(_REASON).fullmatch
_REASON_LIMIT_BYTES, _MESSAGE_LIMIT_BYTES = 1024, 32 * 1024
_NOT_A_REASON = (
    "a condition reason must start with alphabetic character, optionally followed by a string of "
    "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' "
    f"(e.g. 'my_name',  or 'MY_NAME',  "
    f"or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '{_REASON}')"
)


def conditions(found: list[Object], path: str) -> Errors:
    """A status' conditions."""
    types: set[str] = set()
    for index, condition in enumerate(found):
        at, kind = f"{path}[{index}]", text(condition, "type")
        if kind in types:
            yield duplicate(f"{at}.type", kind)
        types.add(kind)
        yield from _condition(condition, kind, at)


def status_conditions(new: Object, _old: Object) -> Errors:
    """A written status that is nothing but conditions."""
    yield from conditions(parts(new, "status", "conditions"), "status.conditions")


def _condition(condition: Object, kind: str, path: str) -> Errors:
    yield from messages(f"{path}.type", kind, qualified_name(kind))
    status, reason = text(condition, "status"), text(condition, "reason")
    if status not in _STATUSES:
        yield not_supported(f"{path}.status", status, _STATUSES)
    generation = condition.get("observedGeneration")
    if isinstance(generation, int) and generation < 0:
        yield invalid(f"{path}.observedGeneration", generation, "must be greater than or equal to zero")
    if not condition.get("lastTransitionTime"):
        yield required(f"{path}.lastTransitionTime")
    if not reason:
        yield required(f"{path}.reason")
    elif not _is_reason(reason):
        yield invalid(f"{path}.reason", reason, _NOT_A_REASON)
    for key, limit_bytes in (("reason", _REASON_LIMIT_BYTES), ("message", _MESSAGE_LIMIT_BYTES)):
        if len(text(condition, key).encode()) > limit_bytes:
            yield too_long(f"{path}.{key}", limit_bytes)

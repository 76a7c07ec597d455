"""Building field errors in upstream's words (upstream: apimachinery util/validation/field).

A path is text: `spec.containers[0].name`. Values are shown as upstream shows them: strings quoted, numbers
and booleans plain, everything else as compact JSON.
"""

import json
from collections.abc import Iterable, Iterator

from kubeade.api.errors import FieldError

Errors = Iterator[FieldError]
"""What every rule answers with: the broken rules, in upstream's order, found on demand."""

IMMUTABLE = "field is immutable"
NOT_NEGATIVE = "must be greater than or equal to 0"


_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}

OMITTED = object()
"""In place of a value that is not to be shown."""


def invalid(path: str, value: object, detail: str) -> FieldError:
    """The value breaks a rule of its field."""
    return _with_value("FieldValueInvalid", "Invalid value", path, value, detail)


def type_invalid(path: str, value: object, detail: str) -> FieldError:
    """The value is of the wrong type."""
    return _with_value("FieldValueTypeInvalid", "Invalid value", path, value, detail)


def required(path: str, detail: str = "") -> FieldError:
    """A value is missing."""
    return _without_value("FieldValueRequired", "Required value", path, detail)


def forbidden(path: str, detail: str) -> FieldError:
    """A value must not be given here, or must not be changed."""
    return _without_value("FieldValueForbidden", "Forbidden", path, detail)


def not_supported(path: str, value: object, supported: Iterable[str]) -> FieldError:
    """The value is not among those there are."""
    listed = ", ".join(shown(choice) for choice in supported)
    detail = f"supported values: {listed}" if listed else ""
    return _with_value("FieldValueNotSupported", "Unsupported value", path, value, detail)


def duplicate(path: str, value: object) -> FieldError:
    """The value must be unique and is not."""
    return _with_value("FieldValueDuplicate", "Duplicate value", path, value, "")


def not_found(path: str, value: object) -> FieldError:
    """The value names something that is not there."""
    return _with_value("FieldValueNotFound", "Not found", path, value, "")


def too_long(path: str, limit_bytes: int) -> FieldError:
    """The value has too many bytes; it is not shown."""
    unit = "byte" if limit_bytes == 1 else "bytes"
    return _without_value("FieldValueTooLong", "Too long", path, f"may not be more than {limit_bytes} {unit}")


def too_many(path: str, count: int, limit: int) -> FieldError:
    """The list has too many items."""
    unit = "item" if limit == 1 else "items"
    return _with_value("FieldValueTooMany", "Too many", path, count, f"must have at most {limit} {unit}")


def shown(value: object) -> str:
    """A value as messages show it; within objects and lists some characters are escaped, as in Go's JSON."""
    found = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return found.translate(_ESCAPES) if isinstance(value, dict | list) else found


def one_of(path: str, value: object, supported: Iterable[str]) -> Errors:
    """The value is given and is among those there are (which are shown in the order given)."""
    choices = tuple(supported)
    if value is None or value == "":
        yield required(path)
    elif value not in choices:
        yield not_supported(path, value, choices)


def not_negative(path: str, value: object) -> Errors:
    """Zero or more; absent is fine."""
    if isinstance(value, int) and value < 0:
        yield invalid(path, value, NOT_NEGATIVE)


def in_range(path: str, value: object, low: int, high: int) -> Errors:
    """Between two bounds, both included; absent is fine."""
    if isinstance(value, int) and not low <= value <= high:
        yield invalid(path, value, f"must be between {low} and {high}, inclusive")


def immutable(path: str, new: object, old: object) -> Errors:
    """Unchanged."""
    if (new or None) != (old or None):
        yield invalid(path, new, IMMUTABLE)


def messages(path: str, value: object, found: Iterable[str]) -> Errors:
    """One error for each message of a name rule."""
    for message in found:
        yield invalid(path, value, message)


def _with_value(reason: str, title: str, path: str, value: object, detail: str) -> FieldError:
    found = "" if value is OMITTED else f": {shown(value)}"
    tail = f": {detail}" if detail else ""
    return FieldError(path, reason, f"{title}{found}{tail}")


def _without_value(reason: str, title: str, path: str, detail: str) -> FieldError:
    return FieldError(path, reason, f"{title}: {detail}" if detail else title)

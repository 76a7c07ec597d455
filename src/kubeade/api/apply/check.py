"""Whether a configuration can be applied: known fields, right types, keys present and unique."""

from typing import Any

from kubeade.api.apply.field_set import field, printed_element
from kubeade.api.apply.shape import LEAF, Form, Shape


def errors_of(config: dict[str, Any], shape: Shape) -> list[str]:
    """What is wrong, each with its path, in upstream's words. Empty where all is well."""
    return _member_errors(config, shape)


def message(errors: list[str]) -> str:
    """One message of several errors."""
    return errors[0] if len(errors) == 1 else "\n".join(["errors:", *["  " + error for error in errors]])


def _errors(value: Any, shape: Shape) -> list[str]:
    """Errors below a value. One that has its path yet starts with `.` or `[`, a new one with `: `."""
    if value is None:
        return []
    if shape.form is Form.MAP:
        return _map_errors(value, shape)
    if shape.form is Form.LIST:
        return _item_errors(value, shape) if type(value) is list else [f": expected list, got {_told(value)}"]
    return _leaf_errors(value, shape)


def _map_errors(value: Any, shape: Shape) -> list[str]:
    if type(value) is dict:
        return _member_errors(value, shape)
    anything = shape.element is shape
    return [] if anything else [f": expected map, got {_told(value)}"]


def _member_errors(members: dict[str, Any], shape: Shape) -> list[str]:
    for name in members:
        if not shape.declares(name) and shape.element is None:
            return [f"{printed_element(field(name))}: field not declared in schema"]
    found: list[str] = []
    for name, value in members.items():
        element, below = shape.step(name)
        found += [printed_element(element) + error for error in _errors(value, below)]
    return found


def _item_errors(items: list[Any], shape: Shape) -> list[str]:
    found: list[str] = []
    seen: set[str] = set()
    for index, item in enumerate(items):
        try:
            element = shape.item_element(item)
        except ValueError as error:
            return [*found, f": element {index}: {error}"]
        if element in seen:
            found.append(f": duplicate entries for key {printed_element(element)}")
        seen.add(element)
        found += [printed_element(element) + error for error in _errors(item, shape.items or LEAF)]
    return found


_KINDS: dict[str, tuple[type, ...]] = {"integer": (int, float), "number": (int, float), "boolean": (bool,)}


def _leaf_errors(value: Any, shape: Shape) -> list[str]:
    """Scalars only: what stands in an atomic list or map is the validation's business."""
    if not shape.scalar:
        return []
    if type(value) in (dict, list):
        return [f": expected {_expected(shape)}, got {_told(value)}"]
    if shape.scalar in ("integer", "number") and type(value) not in (int, float):
        return [f": expected numeric (int or float), got {_go_type(value)}"]
    if shape.scalar == "boolean" and type(value) is not bool:
        return [f": expected boolean, got {_told(value)}"]
    if shape.scalar == "string" and not shape.format and type(value) is not str:
        return [f": expected string, got {_told(value)}"]
    return []


def _expected(shape: Shape) -> str:
    plain = shape.scalar in ("integer", "number", "boolean", "string")
    return {"integer": "numeric (int or float)", "number": "numeric (int or float)"}.get(
        shape.scalar, shape.scalar if plain else "any scalar"
    )


def _told(value: Any) -> str:
    return f"&{{{_plain(value)}}}"


def _plain(value: Any) -> str:
    if type(value) is dict:
        return "map[" + " ".join(f"{k}:{_plain(v)}" for k, v in sorted(value.items())) + "]"
    if type(value) is list:
        return "[" + " ".join(map(_plain, value)) + "]"
    if value is None:
        return "<nil>"
    return str(value).lower() if type(value) is bool else str(value)


def _go_type(value: Any) -> str:
    return {bool: "bool", str: "string"}.get(type(value), "float64")

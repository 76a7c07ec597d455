"""Whether a configuration can be applied: known fields, right types, keys present and unique."""

import json
from typing import Any

from kubeade.api.apply.field_set import field, printed_element
from kubeade.api.apply.shape import LEAF, Form, Shape, granular, shape_of
from kubeade.api.schema_node import Node


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


def _leaf_errors(value: Any, shape: Shape) -> list[str]:
    if not shape.scalar:
        return _atomic_errors(value, shape.node)
    if type(value) in (dict, list) and shape.format not in ("", "byte"):
        return [f": expected any scalar, got {_told(value)}"]
    if type(value) in (dict, list) and shape.scalar in ("int-or-string", "quantity"):
        return [f": expected any scalar, got {_told(value)}"]
    if shape.scalar in ("integer", "number") and type(value) not in (int, float):
        return [f": expected numeric (int or float), got {_go_type(value)}"]
    if shape.scalar == "boolean" and type(value) is not bool:
        return [f": expected boolean, got {_told(value)}"]
    if shape.scalar == "string" and shape.format in ("", "byte") and type(value) is not str:
        return [f": expected string, got &value.valueUnstructured{{Value:{_in_go(value)}}}"]
    return []


def _atomic_errors(value: Any, node: Node | None) -> list[str]:
    """Of a list or a map that is owned as a whole: what is in it has types, too."""
    if node is None or node.preserves_unknown_fields:
        return []
    if node.type == "array" and node.items is not None:
        if type(value) is not list:
            return [f": expected list, got {_told(value)}"]
        items = shape_of(node.items)
        return [f"[{index}]{error}" for index, item in enumerate(value) for error in _errors(item, items)]
    return _map_errors(value, granular(node)) if node.type == "object" else []


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


_GO_TYPES = {bool: "bool", str: "string", dict: "map[string]interface {}", list: "[]interface {}"}


def _go_type(value: Any) -> str:
    return _GO_TYPES.get(type(value), "float64")


def _in_go(value: Any) -> str:
    """The value as Go's source has it."""
    if type(value) is dict:
        members = ", ".join(f"{json.dumps(k)}:{_in_go(v)}" for k, v in sorted(value.items()))
        return f"{_GO_TYPES[dict]}{{{members}}}"
    if type(value) is list:
        return f"{_GO_TYPES[list]}{{{', '.join(map(_in_go, value))}}}"
    return json.dumps(value, ensure_ascii=False)

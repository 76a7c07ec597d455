"""Says fast whether an object needs no work: known fields, right types, no nulls, canonical values.

Each node of the schema becomes one closure, compiled when a value first reaches it. A closure answers
True or False and changes nothing, but that it puts in what is always there (`api.zeros`); what is wrong, and
where, is for `clean` to find out.
"""

from collections.abc import Callable
from typing import Any

from kubeade.api.decoding.values import (
    INT32,
    integers,
    is_canonical_amount,
    is_canonical_base64,
    is_canonical_quantity,
    is_canonical_time,
)
from kubeade.api.schema_node import Node
from kubeade.api.zeros import Zeros, zeros_of

Check = Callable[[Any], bool]

# Scalars that are checked by their Python type alone.
_PLAIN: dict[str, type] = {"string": str, "boolean": bool}


def compile_check(node: Node) -> Check:
    """The check of a node's values."""
    kind = node.type
    if kind == "object":
        return _object(node)
    if kind == "array":
        return _array(node)
    if kind == "any":
        return _any(node.inside)
    return _scalar(node)


def plain_type(node: Node) -> type | None:
    """The Python type that says all about a node's values, if one does."""
    return None if node.format in ("byte", "date-time") else _PLAIN.get(node.type)


def _object(node: Node) -> Check:
    if node.values is not None:
        return _map(node.values)
    if node.preserves_unknown_fields:
        return lambda value: type(value) is dict
    zeros = zeros_of(node)
    plain: dict[str, type] = {}
    plain_zeros: dict[str, type] = {}
    checks: dict[str, Check] = {}
    for name, field in node.fields.items():
        of_type = plain_type(field)
        if of_type is None:
            checks[name] = _when_first_needed(checks, name, field, name in zeros.omitted)
        else:
            plain[name] = of_type
            if name not in zeros.omitted:
                plain_zeros[name] = of_type
    return _fields(zeros, plain, plain_zeros, checks)


def _fields(
    zeros: Zeros, plain: dict[str, type], plain_zeros: dict[str, type], checks: dict[str, Check]
) -> Check:
    type_of, zero_type_of, check_of = plain.get, plain_zeros.get, checks.get
    always, fill = frozenset(zeros.always) - zeros.nulls, zeros.fill

    def check(value: Any) -> bool:
        if type(value) is not dict:
            return False
        if always and not value.keys() >= always:
            fill(value)
        for name, field in value.items():
            if type_of(name) is type(field) and (field or zero_type_of(name)):
                continue
            check_field = check_of(name)
            if check_field is None or not check_field(field):
                return False
        return True

    return check


def _when_first_needed(checks: dict[str, Check], name: str, node: Node, omitted: bool) -> Check:
    def check(value: Any) -> bool:
        compiled = compile_check(node)
        if omitted:
            compiled = _not_zero(compiled)
        checks[name] = compiled
        return compiled(value)

    return check


def _not_zero(check: Check) -> Check:
    return lambda value: bool(value) and check(value)


def _map(values: Node) -> Check:
    of_type = plain_type(values)
    if of_type is not None:
        return lambda value: type(value) is dict and all(type(each) is of_type for each in value.values())
    check = is_canonical_amount if values.type == "quantity" else compile_check(values)
    return lambda value: type(value) is dict and all(map(check, value.values()))


def _array(node: Node) -> Check:
    items = node.items
    if items is None:
        return lambda value: type(value) is list
    of_type = plain_type(items)
    if of_type is not None:
        return lambda value: type(value) is list and all(type(each) is of_type for each in value)
    compiled: list[Check] = []

    def check(value: Any) -> bool:
        if type(value) is not list:
            return False
        if not compiled:
            compiled.append(compile_check(items))
        return all(map(compiled[0], value))

    return check


def _any(inside: Node | None) -> Check:
    if inside is None:
        return lambda _: True
    return lambda value: type(value) is not dict or compile_check(inside)(value)


def _scalar(node: Node) -> Check:
    of_type = plain_type(node)
    if of_type is not None:
        return lambda value: type(value) is of_type
    if node.type == "integer":
        numbers = integers(node.format)
        return lambda value: type(value) is int and value in numbers
    if node.type == "number":
        return lambda value: type(value) in (int, float)
    if node.type == "int-or-string":
        return lambda value: type(value) is str or (type(value) is int and value in INT32)
    if node.type == "quantity":
        return is_canonical_quantity
    if node.format == "byte":
        return is_canonical_base64
    if node.format == "date-time":
        micro = node.name.endswith(".MicroTime")
        return lambda value: is_canonical_time(value, micro)
    return lambda _: True

"""Decoded JSON as a value: copied whole, compared as JSON compares, called what Go calls it."""

from typing import Any


def copied(value: Any) -> Any:
    """A deep copy. Several times faster than copy.deepcopy, because JSON is a tree of four types."""
    if type(value) is dict:
        return {key: copied(item) for key, item in value.items()}
    if type(value) is list:
        return [copied(item) for item in value]
    return value


def same(left: Any, right: Any) -> bool:
    """Equality of JSON: unlike Python's, 1 is neither true nor 1.0."""
    if type(left) is not type(right):
        return False
    if type(left) is dict:
        return len(left) == len(right) and all(k in right and same(v, right[k]) for k, v in left.items())
    if type(left) is list:
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def json_type(value: Any) -> str:
    """What Go calls a JSON value's type."""
    if isinstance(value, bool):
        return "bool"
    names = ((str, "string"), (int | float, "number"), (list, "array"), (dict, "object"))
    return next((name for kind, name in names if isinstance(value, kind)), "null")


def without_nulls(value: Any) -> Any:
    """A deep copy with no null members in any object; nulls that are items of a list stay."""
    if type(value) is dict:
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if type(value) is list:
        return [without_nulls(item) for item in value]
    return value

"""What can be wrong with a strategic merge patch, in the words that clients know."""

from typing import Any

from kubeade.api.errors import ApiError, BadRequest, Invalid


def bad_primitive_list() -> ApiError:
    return BadRequest("invalid patch format of primitive list")


def bad_retain_keys() -> ApiError:
    return BadRequest("invalid patch format of retainKeys")


def bad_element_order() -> ApiError:
    return BadRequest("invalid patch format of setElementOrder list")


def list_of_lists() -> ApiError:
    return Invalid("the server rejected our request due to an error in our request", details={})


def no_merge_key(item: Any, merge_key: str) -> ApiError:
    return ApiError(f"map: {printed(item)} does not contain declared merge key: {merge_key}")


def unknown_directive(directive: Any, item: Any) -> ApiError:
    return ApiError(f"unknown patch type: {printed(directive)} in map: {printed(item)}")


def order_mismatch(items: Any, order: Any) -> ApiError:
    told = f"The order in patch list:\n{printed(items)}\n doesn't match"
    return ApiError(f"{told} $setElementOrder list:\n{printed(order)}\n")


def wrong_type(expected: str, actual: Any) -> ApiError:
    return ApiError(f"expected a {expected}, but received a {type_name(actual)}")


def mixed_types(*lists: Any) -> ApiError:
    return ApiError(f"list element types are not identical: {printed(list(lists))}")


LIST = "[]interface {}"
_TYPE_NAMES = {dict: "map[string]interface {}", list: LIST, str: "string", bool: "bool", int: "int64"}


def type_name(value: Any) -> str:
    """The name by which upstream's messages call the type of a decoded value."""
    return "%!s(<nil>)" if value is None else _TYPE_NAMES.get(type(value), "float64")


def printed(value: Any) -> str:
    """A value as upstream's messages show it: `map[image:nginx ports:[80 81]]`."""
    if type(value) is dict:
        return "map[" + " ".join(f"{key}:{printed(value[key])}" for key in sorted(value)) + "]"
    if type(value) is list:
        return "[" + " ".join(printed(item) for item in value) + "]"
    if value is None:
        return "<nil>"
    return str(value).lower() if type(value) is bool else str(value)

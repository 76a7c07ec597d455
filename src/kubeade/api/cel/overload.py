"""How a library declares a function, and how its own kinds of values look."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TAG = "@type"


@dataclass(frozen=True, slots=True)
class Overload:
    """`member` functions are called on their first parameter. Types are as `environment` reads them."""

    name: str
    member: bool
    result: str
    parameters: tuple[str, ...]
    function: Callable[..., Any]


def method(name: str, result: str, parameters: str, function: Callable[..., Any]) -> Overload:
    """`parameters` with the receiver first: "list dyn"."""
    return Overload(name, True, result, tuple(parameters.split()), function)


def plain_function(name: str, result: str, parameters: str, function: Callable[..., Any]) -> Overload:
    return Overload(name, False, result, tuple(parameters.split()), function)


def tagged(kind: str, **fields: Any) -> dict[str, Any]:
    """A value of a kind of Kubernetes' own. Equal values must have equal fields."""
    return {TAG: kind, **fields}


def fields_of(value: Any, *kinds: str) -> dict[str, Any]:
    """The fields of such a value. Raises ValueError for any other."""
    found = plain(value)
    if not isinstance(found, dict) or found.get(TAG) not in kinds:
        raise ValueError("no such overload")
    return found


def plain(value: Any) -> Any:
    """A value of the engine, or one from Python, as Python's own."""
    if hasattr(value, "plain_value"):
        return value.plain_value()
    if isinstance(value, dict):
        return {plain(key): plain(member) for key, member in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value

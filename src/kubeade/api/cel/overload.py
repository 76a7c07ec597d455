"""How a library declares a function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Overload:
    """`member` functions are called on their first parameter. Types are as in `declared_types`."""

    name: str
    member: bool
    result: str
    parameters: tuple[str, ...]
    function: Callable[..., Any]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the parameters, as `values.kind_of` names them."""
        return tuple(each.partition("<")[0] for each in self.parameters)


def method(name: str, result: str, parameters: str, function: Callable[..., Any]) -> Overload:
    """`parameters` with the receiver first: "list dyn"."""
    return Overload(name, True, result, tuple(parameters.split()), function)


def plain_function(name: str, result: str, parameters: str, function: Callable[..., Any]) -> Overload:
    return Overload(name, False, result, tuple(parameters.split()), function)

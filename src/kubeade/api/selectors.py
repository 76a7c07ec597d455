"""Label selectors, written as text (`app=stand,tier notin (back)`) or as LabelSelector objects.

A selector is compiled once into predicates and then asked often. The words of errors are upstream's
(apimachinery/pkg/labels). Field selectors are in `api.field_selectors`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Labels = Mapping[str, str]
Predicate = Callable[[Labels], bool]

_INTEGER = re.compile(r"[+-]?[0-9]+")
_SYMBOLS = {"=": "=", "==": "==", "!=": "!=", "in": " in ", "notin": " notin ", "gt": ">", "lt": "<"}
_OBJECT_OPERATORS = {
    "In": "in",
    "NotIn": "notin",
    "Exists": "exists",
    "DoesNotExist": "!",
    "Gt": "gt",
    "Lt": "lt",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label. `operator` is =, ==, !=, in, notin, exists, !, gt or lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    @classmethod
    def from_object(cls, expression: Mapping[str, Any]) -> "Requirement":
        """From `{key, operator, values}` of a LabelSelector or a NodeSelector. Raises ValueError."""
        operator = expression.get("operator", "")
        if operator not in _OBJECT_OPERATORS:
            raise ValueError(f'"{operator}" is not a valid label selector operator')
        values = tuple(expression.get("values") or ())
        return cls(expression.get("key", ""), _OBJECT_OPERATORS[operator], values)

    def __str__(self) -> str:
        if self.operator in ("exists", "!"):
            return ("!" if self.operator == "!" else "") + self.key
        values = ",".join(sorted(self.values))
        listed = f"({values})" if self.operator in ("in", "notin") else values
        return f"{self.key}{_SYMBOLS[self.operator]}{listed}"

    def predicate(self) -> Predicate:
        """The condition as a function of an object's labels."""
        key, values = self.key, frozenset(self.values)
        if self.operator in ("=", "==", "in"):
            if len(values) == 1:
                (only,) = values
                return lambda labels: labels.get(key) == only
            return lambda labels: labels.get(key) in values
        if self.operator in ("!=", "notin"):
            return lambda labels: labels.get(key) not in values
        if self.operator == "exists":
            return lambda labels: key in labels
        if self.operator == "!":
            return lambda labels: key not in labels
        return self._comparison()

    def _comparison(self) -> Predicate:
        key, greater = self.key, self.operator == "gt"
        bound = _integer(self.values[0]) if len(self.values) == 1 else None

        def compare(labels: Labels) -> bool:
            value = _integer(labels.get(key, ""))
            if value is None or bound is None:
                return False
            return value > bound if greater else value < bound

        return compare


class LabelSelector:
    """All requirements together. Without any, every object matches."""

    __slots__ = ("_predicates", "nothing", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = (), *, nothing: bool = False) -> None:
        self.requirements = tuple(sorted(requirements, key=lambda requirement: requirement.key))
        self.nothing = nothing
        self._predicates = tuple(requirement.predicate() for requirement in self.requirements)

    @classmethod
    def from_labels(cls, labels: Labels | None) -> "LabelSelector":
        """Every one of these labels must be there (a Service's or ReplicationController's selector)."""
        return cls(Requirement(key, "=", (value,)) for key, value in (labels or {}).items())

    @classmethod
    def from_object(cls, selector: Mapping[str, Any] | None) -> "LabelSelector":
        """From a LabelSelector object: None matches nothing, {} everything. Raises ValueError."""
        if selector is None:
            return NOTHING
        labels: Labels = selector.get("matchLabels") or {}
        equal = [Requirement(key, "=", (value,)) for key, value in labels.items()]
        expressions = selector.get("matchExpressions") or ()
        return cls(equal + [Requirement.from_object(expression) for expression in expressions])

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)

    def __repr__(self) -> str:
        return "LabelSelector(nothing)" if self.nothing else f"LabelSelector({self})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LabelSelector):
            return NotImplemented
        return (self.requirements, self.nothing) == (other.requirements, other.nothing)

    def __hash__(self) -> int:
        return hash((self.requirements, self.nothing))

    @property
    def everything(self) -> bool:
        """Whether the selector leaves no object out."""
        return not self.requirements and not self.nothing

    def matches(self, labels: Labels | None) -> bool:
        """Whether an object with these labels is selected."""
        if self.nothing:
            return False
        labels = labels or {}
        return all(predicate(labels) for predicate in self._predicates)

    def exact(self, key: str) -> str | None:
        """The one value that a label must have, if the selector says so."""
        for requirement in self.requirements:
            if requirement.key == key:
                exactly = requirement.operator in ("=", "==", "in") and len(requirement.values) == 1
                return requirement.values[0] if exactly else None
        return None


EVERYTHING = LabelSelector()
NOTHING = LabelSelector(nothing=True)


def _integer(text: str) -> int | None:
    """Go's ParseInt, base 10, 64 bits."""
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None

"""The values of expressions. Most are Python's own: None, bool, int (64 bits), float, str, bytes, list, dict.

Python has no unsigned numbers, no times to the nanosecond and no optional values; and Kubernetes has types of
its own, which are opaque.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kubeade.api.cel.errors import EvaluationError

INT_LEAST, INT_MOST = -(1 << 63), (1 << 63) - 1
UINT_MOST = (1 << 64) - 1


class Uint(int):
    """An unsigned number of 64 bits."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    nanoseconds: int
    """Since 1970, UTC."""


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    nanoseconds: int


@dataclass(frozen=True, slots=True)
class Optional:
    """`values` holds one or none."""

    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeName:
    """What `type(x)` gives."""

    name: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value of a type of Kubernetes' own. Equal if its kind and its key are; `detail` may differ."""

    kind: str
    key: Any
    detail: Any = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and (self.kind, self.key) == (other.kind, other.key)

    def __hash__(self) -> int:
        return hash((self.kind, self.key))


NOTHING = Optional()

_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    tuple: "list",
    dict: "map",
    Timestamp: "timestamp",
    Duration: "duration",
    Optional: "optional",
    TypeName: "type",
}
_TYPE_NAMES = {
    "null": "null_type",
    "timestamp": "google.protobuf.Timestamp",
    "duration": "google.protobuf.Duration",
    "optional": "optional_type",
}
NUMBERS = frozenset({int, Uint, float})


def kind_of(value: Any) -> str:
    """As functions declare their parameters."""
    found = _KINDS.get(type(value))
    if found is not None:
        return found
    return value.kind if isinstance(value, Opaque) else "map"


def type_of(value: Any) -> TypeName:
    kind = kind_of(value)
    return TypeName(_TYPE_NAMES.get(kind, kind))


def size_of(value: Any) -> int:
    """As costs count it (cel-go: interpreter/runtimecost.go actualSize)."""
    if isinstance(value, str | bytes | list | dict | tuple):
        return len(value)
    return size_of(value.values[0]) if isinstance(value, Optional) and value.values else 1


def equal(left: Any, right: Any) -> bool:
    """Numbers by their value, whatever their type; nothing else is equal across types."""
    kind = type(left)
    if kind is type(right) and kind not in _DEEP:
        return bool(left == right)
    if kind in NUMBERS:
        return type(right) in NUMBERS and left == right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(
            key in right and equal(value, right[key]) for key, value in left.items()
        )
    if isinstance(left, Optional) and isinstance(right, Optional):
        return equal(left.values, right.values)
    return False


_DEEP: frozenset[type] = frozenset({list, tuple, dict, Optional})


def contains(values: Iterable[Any], wanted: Any) -> bool:
    return any(equal(each, wanted) for each in values)


def find(mapping: dict[Any, Any], key: Any) -> tuple[Any, ...]:
    """The value at a key, or none. A number is found by its value; true is not 1, as it is in Python."""
    kind = type(key)
    if kind is not str and kind is not bool and kind not in NUMBERS:
        raise EvaluationError(f"unsupported key type: {type_of(key).name}")
    if key not in mapping:
        return ()
    if kind is not str and any(
        isinstance(each, bool) is not (kind is bool) for each in mapping if each == key
    ):
        return ()
    return (mapping[key],)


def plain(value: Any) -> Any:
    """As the engine takes it, and as Kubernetes' JSON has it; what has no such form is its text."""
    if isinstance(value, Uint):
        return int(value)
    if isinstance(value, Timestamp):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value.nanoseconds // 1000)
    if isinstance(value, Duration):
        return timedelta(microseconds=value.nanoseconds // 1000)
    if isinstance(value, dict):
        return {plain(key): plain(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Optional):
        return plain(value.values[0]) if value.values else None
    return str(value.key) if isinstance(value, Opaque) else value

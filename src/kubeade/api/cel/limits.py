"""What one evaluation may cost (upstream: apis/cel/config.go PerCallLimit).

Upstream counts while it evaluates. The engine here cannot be made to count, so what an evaluation can cost is
computed before, from the sizes of the very values; an expression that would have stopped early is refused
with the others. Expressions that cannot get that costly on any request are let through without a look.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubeade.api.cel.checked import Kind
from kubeade.api.cel.costs import Path, Shapes

PER_CALL = 1_000_000
EXCEEDED = "operation cancelled: actual cost limit exceeded"
_LARGEST_REQUEST = 3 * 1024 * 1024
_CHEAP = 1000

CostOf = Callable[[Shapes], int]


@dataclass(slots=True)
class Limit:
    """Of one expression. What it learns about its costs is kept."""

    cost_of: CostOf
    harmless: bool | None = None
    by_size: dict[int, int] = field(default_factory=dict)
    """By the bits of the largest size."""

    def cost(self, variables: Mapping[str, Any]) -> int:
        """The most that an evaluation on these values can cost; 0 for what costs little on any."""
        if self.harmless is None:
            self.harmless = self.cost_of(_Uniform(_LARGEST_REQUEST)) <= PER_CALL
        if self.harmless:
            return 0
        bits = _largest(variables.values()).bit_length()
        if bits not in self.by_size:
            self.by_size[bits] = self.cost_of(_Uniform(1 << bits))
        rough = self.by_size[bits]
        return rough if rough <= _CHEAP else min(rough, self.cost_of(_Values(variables)))


@dataclass(frozen=True, slots=True)
class _Uniform:
    """As if every list, map and string were of one size."""

    unknown: int
    copies_are_free: bool = False

    def size(self, path: Path) -> int | None:
        return self.unknown

    def kind(self, path: Path) -> Kind | None:
        return None


@dataclass(slots=True)
class _Values:
    """The sizes of values that are there. Those of one path count as the largest of them."""

    variables: Mapping[str, Any]
    copies_are_free: bool = False
    found: dict[Path, list[Any]] = field(default_factory=dict)

    @property
    def unknown(self) -> int:
        return max(1, sum(_weight(each) for each in self.variables.values()))

    def size(self, path: Path) -> int | None:
        if path[0] not in self.variables:
            return None
        return max((_size(each) for each in self._at(path)), default=0)

    def kind(self, path: Path) -> Kind | None:
        if path[0] not in self.variables:
            return None
        kinds = {_KINDS.get(type(each), Kind.SCALAR) for each in self._at(path)}
        return kinds.pop() if len(kinds) == 1 else None

    def _at(self, path: Path) -> list[Any]:
        if path not in self.found:
            if len(path) == 1:
                self.found[path] = [self.variables[path[0]]]
            else:
                self.found[path] = [below for each in self._at(path[:-1]) for below in _below(each, path[-1])]
        return self.found[path]


_KINDS: dict[type, Kind] = {str: Kind.STRING, bytes: Kind.STRING, list: Kind.LIST, dict: Kind.MAP}


def _below(value: Any, step: str) -> Iterable[Any]:
    if isinstance(value, list):
        return range(len(value)) if step == "@indices" else value if step[0] == "@" else ()
    if not isinstance(value, dict):
        return ()
    if step == "@keys":
        return value.keys()
    if step in ("@values", "@items"):
        return value.values()
    return (value[step],) if step in value else ()


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes | list | dict) else 1


def _walk(values: Iterable[Any]) -> Iterable[Any]:
    """Everything that has a size, at any depth."""
    left = list(values)
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += value.values()
            left += value.keys()
        elif isinstance(value, list):
            left += value
        elif not isinstance(value, str | bytes):
            continue
        yield value


def _largest(values: Iterable[Any]) -> int:
    return max(map(len, _walk(values)), default=1)


def _weight(value: Any) -> int:
    return sum(map(len, _walk([value])))

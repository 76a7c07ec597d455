"""What an expression may cost at most, in upstream's units (cel-go's checker/cost.go).

A walk over the checked tree. How long lists, maps and strings can be comes from `Shapes`. What single
functions cost is `call_costs`'; what an evaluation has cost is `frame`'s.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kubeade.api.cel.call_costs import Operand, call_cost
from kubeade.api.cel.checked import Checked, Kind, Node
from kubeade.api.cel.estimates import Size, product, total

_CREATE_LIST, _CREATE_MAP = 10, 30
_ACCUMULATORS = ("__result__", "@result")
_SAME_KIND = frozenset({"_+_", "_-_", "lowerAscii", "upperAscii", "substring", "trim", "replace"})

Path = tuple[str, ...]
"""From a variable: names of fields, `@items`, `@keys`, `@values`, `@indices`."""


class Shapes(Protocol):
    """What is known of what a path leads to."""

    def size(self, path: Path) -> int | None:
        """The most elements or characters; None where nothing is known."""

    def kind(self, path: Path) -> Kind | None: ...

    @property
    def unknown(self) -> int:
        """The size to take where nothing is known."""


@dataclass(frozen=True, slots=True)
class _Entries:
    """Sizes of a container's keys and values, where the expression makes it."""

    kind: Kind
    key: Size
    value: Size

    def union(self, other: "_Entries | None") -> "_Entries | None":
        if other is None:
            return None
        return _Entries(self.kind, self.key.union(other.key), self.value.union(other.value))


@dataclass(frozen=True, slots=True)
class _Local:
    path: Path
    size: Size | None
    entries: _Entries | None
    kind: Kind | None = None


def cost_of(checked: Checked, shapes: Shapes) -> int:
    """The most that the expression can cost; never more than `estimates.MOST`."""
    return _Coster(checked, shapes).cost(checked.root)


@dataclass(slots=True)
class _Coster:
    checked: Checked
    shapes: Shapes
    paths: dict[int, Path] = field(default_factory=dict)
    locals: dict[str, list[_Local]] = field(default_factory=dict)
    sizes: dict[int, Size] = field(default_factory=dict)
    entries: dict[int, _Entries] = field(default_factory=dict)

    def cost(self, node: Node) -> int:
        match node.form:
            case "ident":
                local = self._local(node.name)
                self.paths[node.id] = local.path if local else (node.name,)
                return 1
            case "select":
                return self._select(node)
            case "call":
                return self._call(node)
            case "list":
                return self._list(node)
            case "map":
                return self._map(node)
            case "comprehension":
                return self._bind(node) if _is_bind(node) else self._comprehension(node)
        return 0

    def _select(self, node: Node) -> int:
        operand = _present(node.target)
        cost = self.cost(operand)
        if node.test_only:
            return cost
        self.paths[node.id] = (*self._path(operand), node.name)
        return total(cost, 1) if self.kind(operand) in (Kind.MAP, Kind.STRUCT) else cost

    def _call(self, node: Node) -> int:
        costs = [self.cost(each) for each in node.parts]
        if node.name == "dyn":
            self._copy(node, node.parts[0])
            return total(1, *costs)
        if node.target is not None:
            costs.append(self.cost(node.target))
        if node.name == "_?_:_":
            return self._conditional(node, costs)
        if node.name == "_[_]":
            self._index(node)
            return total(1, *costs)
        target = self._operand(node.target) if node.target else None
        cost, size = call_cost(node.name, target, [self._operand(each) for each in node.parts])
        if node.name == "_+_":
            self._joined(node, node.parts)
        if size is not None:
            self.sizes[node.id] = size
        return total(cost, *costs)

    def _conditional(self, node: Node, costs: Sequence[int]) -> int:
        _, then, other = node.parts
        self._joined(node, (then, other))
        self.sizes[node.id] = self._size_or_unknown(then).union(self._size_or_unknown(other))
        return total(costs[0], max(costs[1], costs[2]))

    def _joined(self, node: Node, parts: Sequence[Node]) -> None:
        first = self._entries_of(parts[0])
        joined = first.union(self._entries_of(parts[1])) if first and len(parts) > 1 else None
        if joined:
            self.entries[node.id] = joined

    def _index(self, node: Node) -> None:
        holder = node.parts[0]
        step = "@items" if self.kind(holder) is Kind.LIST else "@values"
        self.paths[node.id] = (*self._path(holder), step)
        known = self._entries_of(holder)
        if known:
            self.sizes[node.id] = known.value

    def _list(self, node: Node) -> int:
        costs = [self.cost(each) for each in node.parts]
        value = _union(self._size_or_unknown(each) for each in node.parts)
        self.entries[node.id] = _Entries(Kind.LIST, Size(1, 1), value)
        return total(_CREATE_LIST, *costs)

    def _map(self, node: Node) -> int:
        costs = [self.cost(each) for each in node.parts]
        keys = _union(self._size_or_unknown(each) for each in node.parts[::2])
        values = _union(self._size_or_unknown(each) for each in node.parts[1::2])
        self.entries[node.id] = _Entries(Kind.MAP, keys, values)
        return total(_CREATE_MAP, *costs)

    def _bind(self, node: Node) -> int:
        """A `cel.bind`: the comprehension over nothing that stands for it."""
        start, _, _, result = node.parts
        cost = total(self.cost(_present(node.target)), self.cost(start))
        self._push(node.name, self._path(start), self._size(start), self._entries_of(start), self.kind(start))
        cost = total(cost, self.cost(result))
        self._pop(node.name)
        self._copy(node, result)
        return cost

    def _comprehension(self, node: Node) -> int:
        over = _present(node.target)
        start, condition, step, result = node.parts
        cost = total(self.cost(over), self.cost(start))
        self._push(node.name, self._path(start), self._size(start), self._entries_of(start), self.kind(start))
        self._push_variables(node, over)
        each = total(self.cost(condition), self.cost(step))
        for name in node.variables:
            self._pop(name)
        cost = total(cost, self.cost(result))
        self._pop(node.name)
        count = self._size_or_unknown(over)
        cost = total(cost, product(count.most, each))
        if start.form == "literal":
            self.sizes[node.id] = Size(start.size or 0, start.size or 0)
        elif start.form in ("list", "map"):
            self.sizes[node.id] = count
            made = self._entries_of(step)
            if made:
                self.entries[node.id] = made
        return cost

    def _push_variables(self, node: Node, over: Node) -> None:
        entries, path = self._entries_of(over), self._path(over)
        kind = entries.kind if entries else self.kind(over)
        is_list = kind is Kind.LIST
        value = (("@items" if is_list else "@values"), entries.value if entries else None)
        key = (("@indices" if is_list else "@keys"), entries.key if entries else None)
        steps = (key, value) if len(node.variables) > 1 else ((value if is_list else key),)
        for name, (step, size) in zip(node.variables, steps, strict=False):
            self._push(name, (*path, step), size, None)

    # -- what is known of a node

    def _operand(self, node: Node) -> Operand:
        kind, path = self.kind(node), self._path(node)
        items: Size | None = None
        if kind is Kind.LIST:
            known = self._entries_of(node)
            most = self.shapes.size((*path, "@items")) if path else None
            items = known.value if known else Size(0, self.shapes.unknown if most is None else most)
        elements = self.shapes.kind((*path, "@items")) if kind is Kind.LIST and path else None
        return Operand(kind, self._size_or_unknown(node), items, elements, node.text)

    def kind(self, node: Node) -> Kind:
        """By the schema, where there is a path: the engine takes structs for dynamic."""
        path = self._path(node)
        found = self.shapes.kind(path) if path else None
        found = found or self.checked.kinds.get(node.id) or Kind.DYN
        if found is not Kind.DYN:
            return found
        if node.form == "ident":
            local = self._local(node.name)
            return (local and local.kind) or Kind.DYN
        if node.form == "call" and node.name in _SAME_KIND:
            return self.kind(node.target or node.parts[0])
        return found

    def _size_or_unknown(self, node: Node) -> Size:
        return self._size(node) or Size(0, self.shapes.unknown)

    def _size(self, node: Node) -> Size | None:
        if node.id in self.sizes:
            return self.sizes[node.id]
        if node.form == "literal":
            return Size(node.size or 0, node.size or 0)
        if node.form in ("list", "map"):
            count = len(node.parts) if node.form == "list" else len(node.parts) // 2
            return Size(count, count)
        path = self._path(node)
        most = self.shapes.size(path) if path and path[0] not in _ACCUMULATORS else None
        if most is not None:
            return Size(0, most)
        if self.checked.kinds.get(node.id) is Kind.SCALAR:
            return Size(1, 1)
        local = self._local(node.name) if node.form == "ident" else None
        return local.size if local else None

    def _entries_of(self, node: Node) -> _Entries | None:
        if node.id in self.entries:
            return self.entries[node.id]
        local = self._local(node.name) if node.form == "ident" else None
        return local.entries if local else None

    def _path(self, node: Node) -> Path:
        local = self._local(node.name) if node.form == "ident" else None
        return local.path if local else self.paths.get(node.id, ())

    def _copy(self, node: Node, source: Node) -> None:
        size, entries = self._size(source), self._entries_of(source)
        if size:
            self.sizes[node.id] = size
        if entries:
            self.entries[node.id] = entries

    # -- local variables

    def _local(self, name: str) -> _Local | None:
        known = self.locals.get(name)
        return known[-1] if known else None

    def _push(
        self, name: str, path: Path, size: Size | None, entries: _Entries | None, kind: Kind | None = None
    ) -> None:
        self.locals.setdefault(name, []).append(_Local(path, size, entries, kind))

    def _pop(self, name: str) -> None:
        self.locals[name].pop()


def _is_bind(node: Node) -> bool:
    over, condition = _present(node.target), node.parts[1]
    return (
        over.form == "list"
        and not over.parts
        and condition.text == "false"
        and node.name not in _ACCUMULATORS
    )


def _union(sizes: Iterable[Size]) -> Size:
    found = list(sizes)
    if not found:
        return Size(0, 0)
    return Size(min(each.least for each in found), max(each.most for each in found))


def _present(node: Node | None) -> Node:
    assert node is not None
    return node

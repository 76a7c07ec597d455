"""What the functions of expressions cost at most, by the sizes of what they are called on (upstream:
cel/library/cost.go, and cel-go's checker/cost.go for the language's own).

What the authorizer may be asked is limited where it is asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kubeade.api.cel.checked import Kind
from kubeade.api.cel.estimates import MOST, PER_CHARACTER, PER_PATTERN_CHARACTER, Size, product, scaled, total


@dataclass(frozen=True, slots=True)
class Operand:
    kind: Kind
    size: Size
    items: Size | None = None
    """Of a list's elements."""
    elements: Kind | None = None
    text: str = ""
    """Of a literal number."""


Cost = tuple[int, Size | None]
"""With the size of the result, where it is known."""
_Rule = Callable[[Operand | None, Sequence[Operand]], Cost]

_NAME_PATTERN = 128
_REQUIREMENT = 50
_COMPARABLE = (Kind.STRING, Kind.DYN)


def call_cost(name: str, target: Operand | None, operands: Sequence[Operand]) -> Cost:
    """Without what the operands cost themselves."""
    rule = _RULES.get(name, _simple)
    cost, size = rule(target, operands)
    return cost, _ONE if name in _OF_OWN_TYPES or name.startswith("format.") else size


_ONE = Size(1, 1)
_OF_OWN_TYPES = frozenset({"quantity", "semver", "ip", "cidr", "masked", "add", "sub", "url"})
"""Maps here, opaque in upstream: compared at once."""


def _simple(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    return 1, None


def _subject(target: Operand | None, operands: Sequence[Operand]) -> Size:
    """What a function works on: its receiver, or its first parameter."""
    return target.size if target else operands[0].size


def _traversed(factor: float = PER_CHARACTER, *, keeps: bool = False) -> _Rule:
    def rule(target: Operand | None, operands: Sequence[Operand]) -> Cost:
        size = _subject(target, operands)
        return scaled(size.most, factor), size if keeps else None

    return rule


def _parameter_traversed(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    """startsWith and endsWith: as much as what is looked for."""
    return scaled(operands[0].size.most, PER_CHARACTER), None


def _elements(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    """isSorted, sum, min, max, indexOf: each element of a list; indexOf also searches strings."""
    found = target or operands[0]
    if found.kind is Kind.STRING or (found.kind is Kind.DYN and not found.items):
        return scaled(found.size.most, PER_CHARACTER), None
    each = 1
    if found.elements in _COMPARABLE and found.items:
        each = total(each, scaled(found.items.most, PER_CHARACTER))
    return product(found.size.most, each), None


def _pattern(text: Size, pattern: Size) -> int:
    return product(scaled(total(text.most, 1), PER_CHARACTER), scaled(pattern.most, PER_PATTERN_CHARACTER))


def _matches(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    text, pattern = (target, *operands)[:2] if target else operands[:2]
    return _pattern(text.size, pattern.size), None


def _find(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    text = _subject(target, operands)
    return _pattern(text, operands[0].size), Size(0, text.most)


def _contains(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    text, part = _subject(target, operands), operands[-1].size
    return product(scaled(text.most, PER_CHARACTER), scaled(part.most, PER_CHARACTER)), None


def _replace(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    text = _subject(target, operands)
    old, new = operands[0].size, operands[1].size
    count, kept = total(text.most, 1), text.most
    if old.least and new.most <= old.least:
        count = 0
    elif old.least:
        count, kept = -(-text.most // old.least), 0
    longest = total(product(count, new.most), kept)
    return scaled(text.most, 2 * PER_CHARACTER), Size(0, longest)


def _split(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    text = _subject(target, operands)
    limit = operands[1].text if len(operands) > 1 else ""
    most = int(limit) if limit.isdecimal() else text.most
    return scaled(text.most, 2 * PER_CHARACTER), Size(0, most)


def _join(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    found = target or operands[0]
    most = product(found.size.most, found.items.most) if found.items else MOST
    if target and operands:
        most = total(most, product(operands[0].size.most, max(found.size.most - 1, 0)))
    return scaled(most, PER_CHARACTER), Size(0, most)


def _add(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    left, right = operands
    size = left.size.plus(right.size)
    if left.kind is Kind.LIST:
        return 1, size
    if left.kind in _COMPARABLE and right.kind in _COMPARABLE:
        return max(1, scaled(size.most, PER_CHARACTER)), size
    return 1, None


def _equal(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    left, right = operands
    return scaled(min(left.size.most, right.size.most), PER_CHARACTER), None


def _ordered(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    """Numbers are compared at once, strings letter by letter."""
    if Kind.SCALAR in (operands[0].kind, operands[1].kind):
        return 1, None
    return max(1, _equal(target, operands)[0]), None


def _in(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    holder = operands[1]
    return (1 if holder.kind is Kind.MAP else holder.size.most), None


def _free(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    return 0, None


def _selector(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    size = operands[0].size.most
    requirements = scaled(scaled(size, 0.5), _REQUIREMENT)
    return total(10, scaled(size, PER_CHARACTER), requirements), None


def _validate(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    text = scaled(operands[0].size.most, PER_CHARACTER)
    return scaled(text, _NAME_PATTERN * PER_PATTERN_CHARACTER), None


def _new_list(size: Size, factor: float = 1) -> Cost:
    return total(scaled(size.most, factor), 11), size


def _range(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    return _new_list(_fixed(operands[0], MOST))


def _slice(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    start, end = _fixed(operands[0], 0), _fixed(operands[1], _subject(target, operands).most)
    length = max(end.most - start.most, 0)
    return _new_list(Size(length, length))


def _fixed(operand: Operand, otherwise: int) -> Size:
    """A literal number's value."""
    text = operand.text
    value = otherwise if not text.lstrip("-").isdecimal() else max(int(text), 0)
    return Size(value, value)


def _reversed(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    return _new_list(_subject(target, operands))


def _flattened(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    depth = _fixed(operands[0], MOST).most if operands else 1
    return _new_list(_subject(target, operands), depth)


def _compared(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    """distinct, sort, sortBy: each element with each other one."""
    found = operands[0] if operands else target
    assert found is not None
    return _new_list(
        found.size.times(found.size), 2 + (PER_CHARACTER if found.elements is Kind.STRING else 0)
    )


def _sets(factor: int) -> _Rule:
    def rule(target: Operand | None, operands: Sequence[Operand]) -> Cost:
        pairs = product(operands[0].size.most, operands[1].size.most)
        return total(product(pairs, factor), 1), None

    return rule


def _formatted(target: Operand | None, operands: Sequence[Operand]) -> Cost:
    return scaled(_subject(target, operands).most, PER_CHARACTER), None


_RULES: dict[str, _Rule] = {
    **dict.fromkeys(("fieldSelector", "labelSelector"), _selector),
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), _elements),
    **dict.fromkeys(("lowerAscii", "upperAscii", "substring", "trim"), _traversed(keeps=True)),
    **dict.fromkeys(("url", "jsonpatch.escapeKey"), _traversed(keeps=True)),
    **dict.fromkeys(("cidr", "isIP", "isCIDR", "ip", "bytes"), _traversed()),
    **dict.fromkeys(("quantity", "isQuantity", "semver", "isSemver"), _traversed()),
    "ip.isCanonical": _traversed(2 * PER_CHARACTER),
    "lists.range": _range,
    "slice": _slice,
    "reverse": _reversed,
    "flatten": _flattened,
    **dict.fromkeys(("distinct", "sort", "@sortByAssociatedKeys"), _compared),
    **dict.fromkeys(("sets.contains", "sets.intersects"), _sets(1)),
    "sets.equivalent": _sets(2),
    "replace": _replace,
    "split": _split,
    "join": _join,
    "format": _formatted,
    **dict.fromkeys(("find", "findAll"), _find),
    "matches": _matches,
    "contains": _contains,
    **dict.fromkeys(("startsWith", "endsWith"), _parameter_traversed),
    "validate": _validate,
    "_+_": _add,
    **dict.fromkeys(("_==_", "_!=_"), _equal),
    **dict.fromkeys(("_<_", "_<=_", "_>_", "_>=_"), _ordered),
    **dict.fromkeys(("@in", "in"), _in),
    **dict.fromkeys(("_&&_", "_||_"), _free),
}

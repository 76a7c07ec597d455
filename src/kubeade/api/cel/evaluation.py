"""A checked expression as nested Python functions, each of which computes one node (cel-go: interpreter).

Costs are counted as upstream counts them while it evaluates, so an expression may take whatever the limit
lets it take, and ends early where it can. `&&`, `||` and comprehensions pass over errors where the result
does not depend on them.
"""

from collections.abc import Callable, Sequence
from typing import Any

from kubeade.api.cel import operators
from kubeade.api.cel.actual_costs import actual_cost
from kubeade.api.cel.checked import Node
from kubeade.api.cel.errors import CompileError, CostExceeded, EvaluationError, no_such_overload
from kubeade.api.cel.frame import Failed, Frame, Lazy
from kubeade.api.cel.functions import function
from kubeade.api.cel.selection import field, has_field, index, optional_field, optional_index
from kubeade.api.cel.values import Optional, TypeName, contains

Evaluate = Callable[[Frame], Any]
_LIST_COST, _MAP_COST = 10, 30
_TYPES = frozenset(
    {"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"}
) | {
    "google.protobuf.Timestamp",
    "google.protobuf.Duration",
    "optional_type",
}
_CONVERSIONS = frozenset({"bool", "bytes", "double", "duration", "int", "string", "timestamp", "uint"})
_ACCUMULATOR = "@"
_MISSING = object()


def evaluator(node: Node) -> Evaluate:
    """Raises CompileError for what can be known to fail."""
    return _FORMS[node.form](node)


def _constant(value: Any) -> Evaluate:
    def constant(frame: Frame) -> Any:
        return value

    constant.value = value  # type: ignore[attr-defined]
    return constant


def _is_constant(*found: Evaluate) -> bool:
    return all(hasattr(each, "value") for each in found)


def _literal(node: Node) -> Evaluate:
    return _constant(node.value)


def _ident(node: Node) -> Evaluate:
    name = node.name

    def variable(frame: Frame) -> Any:
        frame.spent += 1
        found = frame.variables.get(name, _MISSING)
        if found is _MISSING:
            raise EvaluationError(f"no such attribute(s): {name}")
        return frame.computed(name, found) if type(found) is Lazy else found

    def accumulator(frame: Frame) -> Any:
        frame.spent += 1
        found = frame.variables[name]
        if type(found) is Failed:
            raise found.error
        return found

    if name in _TYPES:
        return _constant(TypeName(name))
    return accumulator if name.startswith(_ACCUMULATOR) else variable


def _select(node: Node) -> Evaluate:
    assert node.target is not None
    name, holder, cost = node.name, evaluator(node.target), _selection_cost(node.target)

    def select(frame: Frame) -> Any:
        found = holder(frame)
        frame.spent += cost
        if type(found) is dict and name in found:
            return found[name]
        return field(found, name)

    def test(frame: Frame) -> bool:
        found = holder(frame)
        frame.spent += cost - 1
        return has_field(found, name)

    return test if node.test_only else select


def _selection_cost(holder: Node) -> int:
    """What is selected from a computed value costs one more than what is selected from a variable."""
    attribute = holder.form in ("ident", "select") or holder.name in _SELECTIONS
    return 1 if attribute else 2


_SELECTIONS = frozenset({"_[_]", "_?._", "_[?_]", "_?_:_"})


def _list(node: Node) -> Evaluate:
    parts = [evaluator(each) for each in node.parts]
    optional = node.optional

    def build(frame: Frame) -> list[Any]:
        values = [each(frame) for each in parts]
        frame.spent += _LIST_COST
        return _present(values, optional) if optional else values

    if _is_constant(*parts) and not optional:
        return _constant([each.value for each in parts])  # type: ignore[attr-defined]
    return build


def _present(values: Sequence[Any], optional: frozenset[int]) -> list[Any]:
    found: list[Any] = []
    for number, value in enumerate(values):
        found += _values(value) if number in optional else (value,)
    return found


def _values(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, Optional):
        raise no_such_overload()
    return value.values


def _map(node: Node) -> Evaluate:
    keys = [evaluator(each) for each in node.parts[::2]]
    values = [evaluator(each) for each in node.parts[1::2]]
    optional = node.optional

    def build(frame: Frame) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for number, (key, value) in enumerate(zip(keys, values, strict=True)):
            at, given = key(frame), value(frame)
            for each in _values(given) if number in optional else (given,):
                operators.insert(made, at, each)
        frame.spent += _MAP_COST
        return made

    if _is_constant(*keys, *values) and not optional:
        return _constant(build(Frame({})))
    return build


# -- calls


def _call(node: Node) -> Evaluate:
    special = _SPECIAL.get(node.name)
    if special is not None:
        return special(node)
    operands = [evaluator(each) for each in ([node.target] if node.target else []) + node.parts]
    compute, cost = function(node.name, len(operands), member=node.target is not None), actual_cost(node.name)

    def call(frame: Frame) -> Any:
        values = [each(frame) for each in operands]
        result = compute(*values)
        frame.charge(cost(values, result))
        return result

    def call_of_two(frame: Frame) -> Any:
        values = (first(frame), second(frame))
        result = compute(*values)
        frame.charge(cost(values, result))
        return result

    if node.name in _CONVERSIONS and _is_constant(*operands):
        return _converted(node, call)
    if len(operands) != 2:
        return call
    first, second = operands
    return call_of_two


def _converted(node: Node, call: Evaluate) -> Evaluate:
    """Of a literal: converted once."""
    try:
        return _constant(call(Frame({})))
    except EvaluationError as error:
        if node.name in ("duration", "timestamp"):
            raise CompileError(f"invalid {node.name} argument", node.parts[0].id) from None
        raise CompileError(f"program instantiation failed: {error}") from None


def _add(node: Node) -> Evaluate:
    """What a comprehension adds to its own result is put into it; upstream does not count copies either."""
    if node.parts[0].name.startswith(_ACCUMULATOR):
        return _accumulate(node)
    return _plain_call(node)


def _accumulate(node: Node) -> Evaluate:
    accumulator, added = map(evaluator, node.parts)
    plain = operators.add

    def accumulate(frame: Frame) -> Any:
        result, more = accumulator(frame), added(frame)
        frame.charge(1)
        if type(result) is list and type(more) is list:
            result += more
            return result
        return plain(result, more)

    return accumulate


def _plain_call(node: Node) -> Evaluate:
    first, second = map(evaluator, node.parts)
    compute, cost = operators.BINARY[node.name], actual_cost(node.name)

    def binary(frame: Frame) -> Any:
        values = (first(frame), second(frame))
        result = compute(*values)
        frame.charge(cost(values, result))
        return result

    return binary


def _and_or(decides: bool) -> Callable[[Node], Evaluate]:
    """`&&` is decided by a false, `||` by a true, on either side and whatever the other side is."""

    def build(node: Node) -> Evaluate:
        left, right = map(evaluator, node.parts)

        def decide(frame: Frame) -> bool:
            try:
                found = left(frame)
                if found is decides:
                    return bool(found)
                problem = None if found is (not decides) else no_such_overload()
            except CostExceeded:
                raise
            except EvaluationError as error:
                problem = error
            found = right(frame)
            if found is decides:
                return bool(found)
            if problem is not None:
                raise problem
            if found is not (not decides):
                raise no_such_overload()
            return not decides

        return decide

    return build


def _conditional(node: Node) -> Evaluate:
    condition, then, other = map(evaluator, node.parts)

    def choose(frame: Frame) -> Any:
        found = condition(frame)
        if found is True:
            return then(frame)
        if found is False:
            return other(frame)
        raise no_such_overload()

    return choose


def _not_strictly_false(node: Node) -> Evaluate:
    operand = evaluator(node.parts[0])

    def test(frame: Frame) -> bool:
        frame.charge(1)
        try:
            return operand(frame) is not False
        except CostExceeded:
            raise
        except EvaluationError:
            return True

    return test


def _in(node: Node) -> Evaluate:
    wanted, holder = map(evaluator, node.parts)
    if not _is_constant(holder) or type(holder.value) is not list:  # type: ignore[attr-defined]
        return _plain_call(node)
    values = holder.value  # type: ignore[attr-defined]
    known = frozenset(values) if all(type(each) is str for each in values) else None

    def test(frame: Frame) -> bool:
        found = wanted(frame)
        return found in known if known is not None and type(found) is str else contains(values, found)

    return test


def _index(node: Node) -> Evaluate:
    holder, key = map(evaluator, node.parts)
    cost, attribute = _selection_cost(node.parts[0]), node.parts[1].form in ("ident", "select")
    cost = cost - 1 if attribute else cost

    def look_up(frame: Frame) -> Any:
        found, at = holder(frame), key(frame)
        frame.charge(cost)
        return index(found, at)

    return look_up


def _optional_selection(select: Callable[[Any, Any], Optional]) -> Callable[[Node], Evaluate]:
    def build(node: Node) -> Evaluate:
        holder, key = map(evaluator, node.parts)
        cost = _selection_cost(node.parts[0])

        def look_up(frame: Frame) -> Optional:
            found, at = holder(frame), key(frame)
            frame.charge(cost)
            return select(found, at)

        return look_up

    return build


def _insert(node: Node) -> Evaluate:
    """`cel.@mapInsert`: an entry, or those of a map, into a comprehension's own result."""
    operands = [evaluator(each) for each in node.parts]

    def insert(frame: Frame) -> Any:
        made, *entry = [each(frame) for each in operands]
        frame.charge(1)
        pairs = [tuple(entry)] if len(entry) == 2 else entry[0].items()
        for key, value in pairs:
            operators.insert(made, key, value)
        return made

    return insert


_SPECIAL: dict[str, Callable[[Node], Evaluate]] = {
    "_&&_": _and_or(decides=False),
    "_||_": _and_or(decides=True),
    "_?_:_": _conditional,
    "@not_strictly_false": _not_strictly_false,
    "_+_": _add,
    "@in": _in,
    "_[_]": _index,
    "_?._": _optional_selection(optional_field),
    "_[?_]": _optional_selection(optional_index),
    "cel.@mapInsert": _insert,
    **dict.fromkeys(operators.BINARY.keys() - {"_+_", "@in"}, _plain_call),
}


# -- comprehensions


def _comprehension(node: Node) -> Evaluate:
    assert node.target is not None
    over, fold = evaluator(node.target), _fold(node)
    start, result = _start(node.parts[0]), evaluator(node.parts[3])
    names = (node.name, *node.variables)

    def comprehend(frame: Frame) -> Any:
        elements = _elements(over(frame), len(node.variables))
        begun = start(frame)
        variables = frame.variables
        hidden = {name: variables[name] for name in names if name in variables}
        variables[node.name] = begun
        try:
            fold(frame, elements)
            return result(frame)
        finally:
            for name in names:
                variables.pop(name, None)
            variables.update(hidden)

    return comprehend


def _start(node: Node) -> Evaluate:
    """A list or map of its own for each evaluation: the comprehension puts its result into it."""
    if node.form in ("list", "map") and not node.parts:
        return lambda frame: [] if node.form == "list" else {}
    return evaluator(node)


def _elements(over: Any, count: int) -> Sequence[tuple[Any, ...]]:
    """The values of `count` variables for each step."""
    if isinstance(over, dict):
        return list(over.items()) if count > 1 else [(key,) for key in over]
    if isinstance(over, list | tuple):
        return list(enumerate(over)) if count > 1 else [(each,) for each in over]
    raise no_such_overload()


def _fold(node: Node) -> Callable[[Frame, Sequence[tuple[Any, ...]]], None]:
    condition, step = evaluator(node.parts[1]), evaluator(node.parts[2])
    accumulator, names, always = node.name, node.variables, _is_constant(condition)

    def fold(frame: Frame, elements: Sequence[tuple[Any, ...]]) -> None:
        variables = frame.variables
        for each in elements:
            variables.update(zip(names, each, strict=True))
            if not always and condition(frame) is not True:
                return
            try:
                variables[accumulator] = step(frame)
            except CostExceeded:
                raise
            except EvaluationError as error:
                variables[accumulator] = Failed(error)
                if always:
                    return
            frame.charge(0)

    return fold


_FORMS: dict[str, Callable[[Node], Evaluate]] = {
    "literal": _literal,
    "ident": _ident,
    "select": _select,
    "call": _call,
    "list": _list,
    "map": _map,
    "comprehension": _comprehension,
}

"""What an expression may cost: estimated as upstream does, and limited when it runs."""

import time
from typing import Any

import pytest

from kubeade.api.cel.environment import CostExceeded, compile_expression
from kubeade.api.crd.cel_values import type_of
from kubeade.api.crd.schema_shapes import SchemaShapes

NUMBER, TEXT, FLAG = {"type": "number"}, {"type": "string"}, {"type": "boolean"}
EITHER = {"x-kubernetes-int-or-string": True}
PAIR = {"type": "object", "required": ["required"], "properties": {"required": TEXT, "optional": TEXT}}
TO_SPLIT = {"type": "object", "properties": {"str": TEXT, "separator": TEXT}}


def array(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def mapping(values: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values, **more}


def text(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


@pytest.mark.parametrize(
    ("schema", "rule", "cost"),
    [
        (array(NUMBER), "self.all(x, true)", 4718591),
        (array(NUMBER, maxItems=10), "self.all(x, true)", 32),
        (array(TEXT), "self.all(x, true)", 3145727),
        (array(FLAG), "self.all(x, true)", 1887437),
        (array(array(NUMBER)), "self.all(x, true)", 3145727),
        (array(PAIR), "self.all(x, true)", 555128),
        (array(EITHER), "self.all(x, true)", 4718591),
        (array(text(format="duration")), "self.all(x, true)", 2359295),
        (array(text(format="date-time")), "self.all(x, true)", 428963),
        (array(NUMBER, maxItems=10), "self.all(x, self.all(y, true))", 352),
        (array(NUMBER, maxItems=10), "self.all(x, self.all(y, self.all(z, true)))", 3552),
        (array(NUMBER), "self.all(x, x == 0.0)", 6291454),
        (array(mapping(NUMBER), maxItems=12), "self.all(x, x.y == 25.2)", 74),
        (array(TEXT), "self[1] == self[1]", 314577),
        (array(EITHER), "self[0] == 5", 3),
        (array(TEXT), "self.join(' ') == 'aa bb'", 329853068905),
        (array(text(maxLength=10), maxItems=10), "self.join(' ') == 'aa bb'", 43),
        (array(TEXT), "self.isSorted() == true", 329854432052),
        (mapping(NUMBER), "self.all(x, true)", 1348169),
        (mapping(TEXT), "self.all(x, true)", 1179647),
        (mapping(text(format="date-time")), 'self["a"] == self["b"]', 8),
        (TEXT, "self.contains('test')", 314574),
        (text(maxLength=10), "self.contains('test')", 5),
        (text(enum=["A", "LongValue"]), "self.contains('A')", 2),
        (TEXT, "self.startsWith('test')", 2),
        (TEXT, 'size(self + "hello") > size("hello")', 314578),
        (text(maxLength=50), 'self.matches("x")', 22),
        (TEXT, '"".matches("(((((((((())))))))))[0-9]")', 7),
        (TEXT, "self.find('[0-9]+') == ''", 629147),
        (TEXT, "self.lowerAscii() == 'lower!'", 314575),
        (TO_SPLIT, "self.str.split(self.separator) == []", 629160),
        (EITHER, "isQuantity(self)", 314574),
    ],
)
def test_costs_are_estimated_as_upstream_does(schema: dict[str, Any], rule: str, cost: int) -> None:
    kind = type_of(schema)
    program = compile_expression(rule, {"self": kind, "oldSelf": kind})
    assert program.cost(SchemaShapes(schema)) == cost


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("self.all(x, self.all(y, x + y >= 0))", list(range(1000))),
        ("self.map(x, self.map(y, x)).size() > 0", list(range(1000))),
        ("self.map(x, x).size() > 0", list(range(9000))),
        ("self.all(x, x in self)", list(range(3000))),
        ("self.all(x, x.matches('(a*)*b(a*)*c'))", ["a" * 3000] * 2000),
        ("self.a.all(x, self.b.all(y, x.contains(y)))", {"a": ["x" * 1000] * 100, "b": ["y" * 100] * 100}),
        (
            "self.all(k, self[k].all(v, self.all(l, self[l].all(w, v != w))))",
            {str(n): [1] * 9 for n in range(99)},
        ),
        ("self.split('').all(x, self.split('').all(y, x == y))", "a" * 5000),
        ("self.replace('', self).replace('', self).size() > 0", "a" * 1000),
        (f"cel.bind(a, self + self, cel.bind(b, a + a, {'+'.join('b' * 20)})).contains(self)", "a" * 9999),
    ],
)
def test_what_would_hold_the_server_is_refused_at_once(expression: str, value: Any) -> None:
    program = compile_expression(expression, {"self": "dyn"})
    started = time.process_time()
    with pytest.raises(CostExceeded, match="operation cancelled: actual cost limit exceeded"):
        program.run({"self": value})
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("self.all(x, self.exists_one(y, x == y))", list(range(90))),
        ("self.items.all(x, x.name.matches('^[a-z]+$'))", {"items": [{"name": "lemon"}] * 2000}),
        ("self.map(x, x * 2).size() == 1000", list(range(1000))),
        ("self.contains('needle')", "hay" * 100_000 + "needle"),
        (
            "self.tags.all(k, self.tags[k] != '')",
            {"tags": {str(n): "v" for n in range(1000)}, "big": "x" * 10**6},
        ),
    ],
)
def test_what_is_not_costly_on_these_values_runs(expression: str, value: Any) -> None:
    assert compile_expression(expression, {"self": "dyn"}).run({"self": value}) is True


def test_the_engines_own_limit_is_told_in_the_same_words() -> None:
    program = compile_expression("self.all(x, x >= 0)", {"self": "dyn"})
    with pytest.raises(CostExceeded, match="cost limit exceeded"):
        program.run({"self": list(range(20_000))})

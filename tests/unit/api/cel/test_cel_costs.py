"""What an expression may cost: estimated as upstream does, and limited when it runs."""

import time
from typing import Any

import pytest

from kubeade.api.cel.environment import compile_expression
from kubeade.api.cel.errors import CostExceeded
from kubeade.api.crd.cel_types import type_of, words_of
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
    kind = type_of(schema, words_of(rule))
    program = compile_expression(rule, {"self": kind, "oldSelf": kind})
    assert program.cost(SchemaShapes(schema)) == cost


@pytest.mark.parametrize(
    ("expression", "value", "cost"),
    [
        ("self.a.b == 1", {"a": {"b": 1}}, 4),
        ("has(self.a.b)", {"a": {"b": 1}}, 2),
        ("self[0] == self[1]", [1, 1], 5),
        ("self.all(x, x > 0)", [1, 2, 3], 17),
        ("self.all(x, x > 1)", [1, 2, 3], 9),
        ("self.exists(x, x == 1)", [1, 2, 3], 11),
        ("self.map(x, x * 2)", [1, 2, 3], 44),
        ("self.filter(x, x > 2)", [1, 2, 3], 23),
        ("[1, 2, 3].all(x, x > 0)", None, 16),
        ("self in ['a', 'b']", "b", 1),
        ("self in [self]", "b", 13),
        ("self == 'a' ? 1 : size(self + self)", "abcdefghijk", 8),
        ("self.contains('needle')", "hay" * 100, 31),
        ("self.matches('^[a-z]+$')", "x" * 99, 21),
        ("self.split(',').size() == 3", "a,b,c", 4),
        ("timestamp('2020-01-01T00:00:00Z') < timestamp('2021-01-01T00:00:00Z')", None, 1),
        ("quantity('1Ki').isGreaterThan(quantity('1'))", None, 3),
        ("lists.range(10).size() == 10", None, 23),
    ],
)
def test_an_evaluation_costs_what_upstream_charges_for_it(expression: str, value: Any, cost: int) -> None:
    evaluation = compile_expression(expression, {"self": "dyn"}).evaluation({"self": value})
    evaluation.value()
    assert evaluation.cost == cost


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("self.all(x, self.all(y, x + y >= 0))", list(range(1000))),
        ("self.map(x, self.map(y, x)).size() > 0", list(range(1000))),
        ("self.all(x, !(x in self.map(y, y + 9000)))", list(range(3000))),
        ("self.all(x, x.matches('(a*)*b(a*)*c') || true)", ["a" * 3000] * 2000),
        ("self.a.all(x, self.b.all(y, !x.contains(y)))", {"a": ["x" * 1000] * 100, "b": ["y" * 100] * 100}),
        (
            "self.all(k, self[k].all(v, self.all(l, self[l].all(w, v == w))))",
            {str(n): [1] * 9 for n in range(99)},
        ),
        ("self.split('').all(x, self.split('').all(y, x == y))", "a" * 5000),
        ("[self].map(a, a + a + a).map(b, b + b + b).all(c, (c + c + c + c).contains(c))", "a" * 9999),
    ],
)
def test_what_would_hold_the_server_is_ended(expression: str, value: Any) -> None:
    program = compile_expression(expression, {"self": "dyn"})
    started = time.process_time()
    with pytest.raises(CostExceeded, match="operation cancelled: actual cost limit exceeded"):
        program.run({"self": value})
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("self.all(x, self.exists_one(y, x == y))", list(range(200))),
        ("self.items.all(x, x.name.matches('^[a-z]+$'))", {"items": [{"name": "lemon"}] * 2000}),
        ("self.map(x, x * 2).filter(x, x > 1).size() == 14999", list(range(15_000))),
        ("self.all(x, x >= 0)", list(range(150_000))),
        ("self.exists(x, self.exists(y, x == y))", list(range(100_000))),
        ("!self.all(x, self.all(y, x == y))", list(range(100_000))),
        ("self.contains('needle')", "hay" * 100_000 + "needle"),
        (
            "self.tags.all(k, self.tags[k] != '')",
            {"tags": {str(n): "v" for n in range(1000)}, "big": "x" * 10**6},
        ),
    ],
)
def test_lists_may_be_as_long_as_the_limit_lets_them(expression: str, value: Any) -> None:
    assert compile_expression(expression, {"self": "dyn"}).run({"self": value}) is True

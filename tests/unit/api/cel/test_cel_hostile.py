"""Any expression on any values comes to a value or to an error of ours, in a bounded time."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubeade.api.cel.environment import compile_expression
from kubeade.api.cel.errors import CompileError, EvaluationError
from kubeade.api.crd.schema_shapes import SchemaShapes, root_of

ATOMS = st.sampled_from(
    [
        "self",
        "self.a",
        "self.b",
        "self.c.d",
        "oldSelf",
        "'x'",
        "'a+'",
        "1",
        "-2.5",
        "null",
        "true",
        "b'x'",
        "[]",
        "[1, 'a']",
        "{}",
        "{'a': self}",
        "x",
        "y",
        "quantity('1Ki')",
        "ip('::1')",
        "'self.a'",
    ]
)
ONE = [
    "({}).all(x, {})",
    "({}).exists(y, {})",
    "({}).map(x, {})",
    "({}).filter(x, {})",
    "({}).exists_one(x, {})",
]
ONE += [
    "optional.of({}).optMap(x, {})",
    "({}).all(x, y, {})",
    "({}).transformList(x, y, {})",
    "({}).map(x, true, {})",
]
TWO = ["({}) + ({})", "({}) == ({})", "({}) in ({})", "({})[{}]", "({}) && ({})", "({}) < ({})", "[{}, {}]"]
TWO += ["({}).contains({})", "({}).matches({})", "({}).split({})", "({}).join({})", "({}).indexOf({})"]
TWO += [
    "({}).find({})",
    "({}).findAll({})",
    "{{'k': {}, 'l': {}}}",
    "({}).startsWith({})",
    "({}).orValue({})",
]
SINGLE = ["size({})", "({}).sum()", "({}).isSorted()", "string({})", "int({})", "!({})", "dyn({})", "({}).a"]
SINGLE += [
    "has(self.{0}.a) ? {0} : self",
    "({}).lowerAscii()",
    "optional.of({})",
    "isURL({})",
    "type({}) == int",
]
SINGLE += ["'%s'.format([{}])", "({}).replace('a', 'bb')", "({}).?a", "isQuantity({})", "({}).min()"]


def _more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(st.sampled_from(ONE + TWO), inner, inner).map(lambda each: each[0].format(*each[1:]))
    return pairs | st.tuples(st.sampled_from(SINGLE), inner).map(lambda each: each[0].format(each[1]))


EXPRESSIONS = st.recursive(ATOMS, _more, max_leaves=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from("abcdxy") | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
TEXT = {"type": "string"}
SCHEMA = root_of(
    {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": TEXT, "maxItems": 5},
            "b": {"type": "object", "additionalProperties": {"x-kubernetes-int-or-string": True}},
            "c": {"type": "object", "properties": {"d": {"type": "integer"}}, "required": ["d"]},
        },
    }
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(EXPRESSIONS, VALUES, VALUES)
def test_any_expression_comes_to_an_end(expression: str, new: Any, old: Any) -> None:
    try:
        program = compile_expression(expression, {"self": "dyn", "oldSelf": "dyn"})
    except CompileError:
        return
    assert program.cost(SchemaShapes(SCHEMA)) >= 0
    try:
        program.run({"self": new, "oldSelf": old})
    except EvaluationError:
        return


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(alphabet="self.ab()[]{}'\",+-*/?:!&|<>= 01\\\n", max_size=40) | st.text(max_size=20))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    try:
        compile_expression(text, {"self": "dyn"})
    except CompileError:
        return

"""Expressions come to what Google's own CEL makes of them; it is asked for each."""

import datetime as dt
from typing import Any

import pytest
from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

from kubeade.api.cel.environment import compile_expression
from kubeade.api.cel.errors import CompileError, CostExceeded, EvaluationError

SELF: dict[str, Any] = {
    "one": 1,
    "text": "aéz",
    "half": 0.5,
    "yes": True,
    "none": None,
    "list": [3, 1, 2],
    "texts": ["b", "a", "c"],
    "mixed": [1, "a", 1.0, None, True, [1], {"k": 1}],
    "map": {"a": 1, "b": 2},
    "deep": {"a": {"b": [{"c": 1}]}},
    "most": 9223372036854775807,
}
EXPRESSIONS = """
self.one + 2 * 3 - 4 / 2 % 3
-7 / 2
-7 % 3
7 / 0
7 % 0
7.0 / 0.0
-self.most - 2
self.most + 1
self.most * 2
3u - 4u
uint(3) + 4u == 7u
self.one < 1.5 && self.half < self.one
self.text + 'b' == 'aézb'
size(self.text) == 3 && self.text.size() == 3
size(b'a\\xff') == 2
[1] + [2] == [1, 2]
self.mixed.size()
true in self.mixed
1u in self.mixed
[1.0] in self.mixed
'k' in self.mixed[6]
{'a': dyn(1), 'b': [1, 2]} == {'b': [dyn(1.0), 2], 'a': 1u}
{true: 'x'}[true]
self.none == null
self.none
has(self.none) && !has(self.nothing)
has(self.deep.a.b)
self.deep.a.b[0].c
self.deep.a.x
self.list[3]
self.list[-1]
self.list[1.0]
self.map['x']
self.nothing == 1 || true
true || self.nothing == 1
self.nothing == 1 && false
self.nothing == 1 && true
self.one && true
self.one ? 1 : 2
self.yes ? self.one : self.nothing
!self.yes
!self.one
self.list.all(x, x > 0)
self.list.all(x, 6 / (x - 1) > 0)
self.list.exists(x, 6 / (x - 1) > 5)
self.list.exists(x, 6 / (x - 1) < 0)
self.list.exists_one(x, x > 2)
self.list.map(x, x * 2)
self.list.map(x, x > 1, x * 2)
self.list.filter(x, x > 1)
self.map.all(k, self.map[k] > 0)
self.map.map(k, k).sort()
self.list.map(x, self.list.filter(y, y < x))
self.list.map(x, [x].map(x, x + 1))
self.list.map(x, 1 / (x - 1))
self.list.all(i, v, v > i - 5)
self.map.exists(k, v, k == 'b' && v == 2)
self.list.transformList(i, v, i * v)
self.list.transformList(i, v, i > 0, v)
self.one.all(x, true)
self.list.sort()
self.texts.sort()
self.mixed.sort()
self.list.sortBy(x, -x)
self.list.reverse()
self.list.slice(1, 3)
self.list.slice(1, 4)
self.list.slice(2, 1)
[dyn(1), [dyn(2), [3, 4]]].flatten()
[dyn(1), [dyn(2), [3, 4]]].flatten(2)
[dyn(1), 1.0, 2, 2u, 'a', 'a'].distinct()
lists.range(4)
sets.contains([dyn(1), 2, 3], [dyn(1), 2u])
sets.intersects([1], [2])
sets.equivalent([1, 2], [2, 1, 1])
self.?one.orValue(9)
self.?nothing.orValue(9)
self.?deep.a.b[0].c.hasValue()
self.?deep.x.b[0].c.hasValue()
self[?'one'].value()
self.list[?1].value()
self.list[?9].hasValue()
optional.of(1).optMap(x, x + 1).value()
optional.none().optMap(x, x + 1).hasValue()
optional.of(1).optFlatMap(x, optional.of(x + 1)).value()
optional.ofNonZeroValue('').hasValue()
optional.none().or(optional.of(2)).value()
optional.none().value()
[?self.?one, ?self.?nothing, 3]
{?'a': self.?one, ?'b': self.?nothing}
'hello'.charAt(1) + 'hello'.charAt(5)
'hello'.charAt(6)
'hello'.indexOf('l')
'hello'.indexOf('l', 3)
'hello'.indexOf('')
'hello'.indexOf('x', -1)
'hello'.lastIndexOf('l')
'hello'.lastIndexOf('l', 2)
'hello'.lastIndexOf('')
'HeLLo é'.lowerAscii() + 'hé'.upperAscii()
'a,b,c'.replace(',', ';')
'a,b,c'.replace(',', ';', 1)
'abc'.replace('', '-')
'a,b,c'.split(',')
'a,b,c'.split(',', 2)
'a,b,c'.split(',', 0)
'abc'.split('')
'hello'.substring(2)
'hello'.substring(1, 3)
'hello'.substring(3, 1)
'hello'.substring(9)
'  x '.trim()
['a', 'b'].join()
['a', 'b'].join('-')
'abc'.contains('b') && 'abc'.startsWith('ab') && 'abc'.endsWith('c') && !'abc'.contains('x')
'abc'.matches('^a.c$')
matches('abc', 'b')
'abc'.matches('(')
'%d %s %x %.2f %e %b %%'.format([10, 'x', 255, 1.239, 1000.0, 5])
strings.quote('a"b')
int('12') + int(3.9) + int(4u) + int(true ? 1 : 0)
int('x')
int(1e40)
int('9223372036854775808')
uint('7') + uint(2)
uint(-1)
double('1.5') + double(2)
double('x')
string(12) + string(true) + string('s') + string(b'b') + string(7u)
bytes('é') == b'é'
bool('true') && !bool('false')
bool('x')
type(1) == int && type('') == string && type(null) == null_type && type([]) == list && type(1.0) != int
type(self.one) == int && type(self) == map && type(type(1)) == type
dyn(1) == 1
dyn('a') + dyn('b')
dyn(1) + dyn('b')
dyn(1) < dyn('b')
dyn('a').startsWith(dyn(1))
timestamp('2024-02-29T12:34:56.789Z').getFullYear()
timestamp('2024-02-29T12:34:56.789Z').getMonth()
timestamp('2024-02-29T12:34:56.789Z').getDate()
timestamp('2024-02-29T12:34:56.789Z').getDayOfMonth()
timestamp('2024-02-29T12:34:56.789Z').getDayOfWeek()
timestamp('2024-02-29T12:34:56.789Z').getDayOfYear()
timestamp('2024-02-29T12:34:56.789Z').getHours('America/New_York')
timestamp('2024-02-29T12:34:56.789Z').getHours('-02:30')
timestamp('2024-02-29T12:34:56.789Z').getMinutes()
timestamp('2024-02-29T12:34:56.789Z').getSeconds()
timestamp('2024-02-29T12:34:56.789Z').getMilliseconds()
timestamp('2024-01-01T00:00:00+02:00') == timestamp('2023-12-31T22:00:00Z')
timestamp('2024-01-01T00:00:00Z') + duration('25h') > timestamp('2024-01-02T00:00:00Z')
timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') == duration('24h')
timestamp('9999-12-31T23:59:59Z') + duration('1s')
int(timestamp('2024-01-01T00:00:00Z'))
duration('1h30m').getMinutes()
duration('-90s').getMinutes()
duration('1s') < duration('1m') && duration('-1s') < duration('0')
"""


def engine_says(expression: str) -> Any:
    """The value, or `EvaluationError`."""
    config = cel.NewEnvConfigFromYaml(
        "name: x\nextensions: [{name: sets}, {name: lists}, {name: two-var-comprehensions}]"
    )
    extensions = (ext_strings.ExtStrings(), ext_optional.ExtOptional())
    env = cel.NewEnv(config=config, variables={"self": cel.Type.DYN}, extensions=extensions)
    value = env.compile(expression).eval(data={"self": SELF})
    return EvaluationError if value.type().name() == "ERROR" else value.plain_value()


@pytest.mark.parametrize("expression", [each for each in EXPRESSIONS.splitlines() if each])
def test_an_expression_comes_to_what_the_engine_makes_of_it(expression: str) -> None:
    try:
        program = compile_expression(expression, {"self": "dyn"})
        found = program.run({"self": SELF})
    except CostExceeded:
        raise
    except (CompileError, EvaluationError):
        found = EvaluationError
    assert (type(found), found) == (type(expected := engine_says(expression)), expected)


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("self.one / 0", "division by zero"),
        ("self.one % 0", "modulus by zero"),
        ("self.most + 1", "integer overflow"),
        ("3u - 4u", "unsigned integer overflow"),
        ("self.x", "no such key: x"),
        ("self.map['x']", "no such key: x"),
        ("self.list[5]", "index out of bounds: 5"),
        ("self.one + self.text", "no such overload"),
        ("int(self.text)", "type conversion error from 'string' to 'int'"),
        ("duration(self.text)", "type conversion error from 'string' to 'google.protobuf.Duration'"),
        ("optional.none().value()", "optional.none() dereference"),
    ],
)
def test_what_comes_to_no_value_is_told_in_gos_words(expression: str, told: str) -> None:
    with pytest.raises(EvaluationError) as error:
        compile_expression(expression, {"self": "dyn"}).run({"self": SELF})
    assert str(error.value) == told


@pytest.mark.parametrize(
    "expression",
    [
        "dyn(1) == 1.0 && dyn(1u) == 1 && dyn(1.5) != 1",
        "dyn(1.0) in {1: 'x'} && {1: 'x'}[dyn(1.0)] == 'x' && !(dyn(true) in {1: 'x'})",
        "self.map.transformMap(k, v, v + 1) == {'a': 2, 'b': 3}",
        "self.map.transformMap(k, v, v > 1, v + 1) == {'b': 3}",
        "self.list.transformMapEntry(i, v, {v: i}) == {3: 0, 1: 1, 2: 2}",
        "string(timestamp('2024-01-01T00:00:00.5Z')) == '2024-01-01T00:00:00.5Z'",
        "string(duration('1h1.5s')) == '3601.5s' && duration('1.5s').getMilliseconds() == 1500",
    ],
)
def test_it_is_as_in_go_where_the_engine_differs(expression: str) -> None:
    assert compile_expression(expression, {"self": "dyn"}).run({"self": SELF}) is True


def test_times_are_exact_to_the_nanosecond() -> None:
    later = "timestamp('2024-01-01T00:00:00.000000001Z')"
    text = (
        f"{later} > timestamp('2024-01-01T00:00:00Z') && string({later}) == '2024-01-01T00:00:00.000000001Z'"
    )
    assert compile_expression(text, {}).run({}) is True


def test_a_result_is_pythons_own() -> None:
    program = compile_expression(
        "[dyn(timestamp('2024-01-01T00:00:00Z')), duration('90s'), optional.of(1)]", {}
    )
    moment = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    assert program.run({}) == [moment, dt.timedelta(seconds=90), 1]


def test_numbers_are_written_as_go_does() -> None:
    text = "[1.5, 100.0, 123456.0, 1234567.0, 0.0001, 0.00001, 1e21, -2.50].map(x, string(x)).join(' ')"
    assert compile_expression(text, {}).run({}) == "1.5 100 123456 1.234567e+06 0.0001 1e-05 1e+21 -2.5"

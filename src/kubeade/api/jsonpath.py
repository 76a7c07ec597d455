r"""Finding values in an object by a JSONPath, as far as printer columns and selectable fields use it.

`.spec.replicas`, `.items[0]`, `[-1]`, `[1:3]`, `[*]`, `.*`, `['quoted.key']`, `.escaped\.key`,
`..anywhere`, `[?(@.type=="Ready")]`; braces and a leading `$` or `@` may stand around it. A key that is
missing finds nothing and is no error (upstream: client-go util/jsonpath with AllowMissingKeys).
"""

import json
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Step = Callable[[Any], Iterator[Any]]

_TOKEN = re.compile(
    r"""
      (?P<recursive>\.\.)(?P<below>(?:\\.|[^.\[\]\\])*)
    | \.(?P<key>(?:\\.|[^.\[\]\\])*)
    | \[\?\((?P<filter>(?:"[^"]*"|'[^']*'|[^)])*)\)\]
    | \[(?P<quote>['"])(?P<quoted>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\]
    | \[(?P<index>-?\d+)\]
    | \[(?P<slice>-?\d*:-?\d*(?::\d+)?)\]
    | \[(?P<all>\*)\]
    """,
    re.VERBOSE | re.DOTALL,
)
_COMPARISON = re.compile(r"\s*(?P<left>.+?)\s*(?P<operator>==|!=|<=|>=|<|>)\s*(?P<right>.+?)\s*", re.DOTALL)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class JsonPathError(ValueError):
    """The path cannot be read."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A compiled path."""

    steps: tuple[Step, ...]

    @classmethod
    def compile(cls, path: str) -> "JsonPath":
        """Raises JsonPathError."""
        text = path.strip()
        if text.startswith("{") and text.endswith("}"):
            text = text[1:-1].strip()
        text = text[1:] if text[:1] in ("$", "@") else text
        if text and text[0] not in ".[":
            text = f".{text}"
        return cls(tuple(_steps(text, path)))

    def find(self, obj: Any) -> list[Any]:
        """Every value that the path leads to, in order."""
        found = [obj]
        for step in self.steps:
            found = [value for each in found for value in step(each)]
        return found


def _steps(text: str, path: str) -> Iterator[Step]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise JsonPathError(f"unrecognized path {path!r} at {text[position:]!r}")
        position = match.end()
        yield from _step(match)


def _step(match: re.Match[str]) -> Iterator[Step]:
    token = match.groupdict()
    if token["recursive"]:
        yield _descendants
        if token["below"]:
            yield _key(_unescaped(token["below"]))
    elif token["filter"] is not None:
        yield _filter(token["filter"])
    elif token["quoted"] is not None:
        yield _key(_unescaped(token["quoted"]), quoted=True)
    elif token["index"] is not None:
        yield _slice(_one(int(token["index"])))
    elif token["slice"] is not None:
        bounds = [int(bound) if bound else None for bound in token["slice"].split(":")]
        yield _slice(slice(*bounds))
    elif token["all"]:
        yield _children
    elif token["key"]:
        yield _key(_unescaped(token["key"]))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _key(name: str, *, quoted: bool = False) -> Step:
    if name == "*" and not quoted:
        return _children

    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _one(index: int) -> slice:
    return slice(index, index + 1 if index != -1 else None)


def _slice(bounds: slice) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and bounds.step != 0:
            yield from value[bounds]

    return step


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _descendants(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(reversed(list(_children(each))))


def _filter(expression: str) -> Step:
    comparison = _COMPARISON.fullmatch(expression)
    if comparison is None:
        present = _operand(expression)
        return lambda value: (each for each in _entries(value) if present(each))
    left, right = _operand(comparison["left"]), _operand(comparison["right"])
    compare = _OPERATORS[comparison["operator"]]
    return lambda value: (each for each in _entries(value) if _holds(compare, left(each), right(each)))


def _entries(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value


def _holds(compare: Callable[[Any, Any], bool], left: list[Any], right: list[Any]) -> bool:
    if not left or not right:
        return False
    try:
        return bool(compare(left[0], right[0]))
    except TypeError:
        return False


def _operand(text: str) -> Callable[[Any], list[Any]]:
    text = text.strip()
    if text[:1] in ("@", "$"):
        return JsonPath.compile(text).find
    if len(text) >= 2 and text[0] in "\"'" and text[-1] == text[0]:
        constant: Any = _unescaped(text[1:-1])
    else:
        try:
            constant = json.loads(text)
        except ValueError as error:
            raise JsonPathError(f"unrecognized operand {text!r}") from error
    return lambda _value: [constant]

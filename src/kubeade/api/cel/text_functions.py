"""Functions of strings (cel-go: common/types/string.go, ext/strings.go)."""

import re
from functools import cache
from typing import Any

from kubeade.api.cel.errors import EvaluationError
from kubeade.api.cel.overload import Overload, method, plain_function
from kubeade.api.cel.values import plain
from kubeade.api.linear_patterns import searcher


def _matches(text: str, pattern: str) -> bool:
    try:
        return searcher(pattern)(text)
    except (ValueError, re.error) as error:
        raise ValueError(f"error parsing regexp: {error}") from None


def _char_at(text: str, at: int) -> str:
    if not 0 <= at <= len(text):
        raise ValueError(f"index out of range: {at}")
    return text[at : at + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    if not part:
        return start
    if start < 0:
        raise ValueError(f"index out of range: {start}")
    return text.find(part, start)


def _last_index_of(text: str, part: str) -> int:
    return text.rfind(part)


def _last_index_before(text: str, part: str, last: int) -> int:
    if not part:
        return last
    if last < 0:
        raise ValueError(f"index out of range: {last}")
    return -1 if last >= len(text) else text.rfind(part, 0, last + len(part))


_UPPER = {ord(letter): ord(letter) - 32 for letter in "abcdefghijklmnopqrstuvwxyz"}
_LOWER = {upper: letter for letter, upper in _UPPER.items()}


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    return text.replace(old, new, count if count >= 0 else -1)


def _split(text: str, separator: str, count: int = -1) -> list[str]:
    if count == 0:
        return []
    if separator:
        return text.split(separator, count - 1 if count > 0 else -1)
    if count < 0 or count >= len(text):
        return list(text)
    return [*text[: count - 1], text[count - 1 :]]


def _substring(text: str, start: int, end: int) -> str:
    if start > end:
        raise ValueError(f"invalid substring range. start: {start}, end: {end}")
    for at in (start, end):
        if not 0 <= at <= len(text):
            raise ValueError(f"index out of range: {at}")
    return text[start:end]


def _rest(text: str, start: int) -> str:
    if not 0 <= start <= len(text):
        raise ValueError(f"index out of range: {start}")
    return text[start:]


def _join(texts: list[Any], separator: str = "") -> str:
    for each in texts:
        if not isinstance(each, str):
            raise EvaluationError(f"join: invalid input: {each}")
    return separator.join(texts)


def _format(text: str, values: list[Any]) -> str:
    return str(_engine("text.format(values)", ("text", "STRING"), ("values", "LIST"))(text, values))


def _quote(text: str) -> str:
    return str(_engine("strings.quote(text)", ("text", "STRING"))(text))


@cache
def _engine(expression: str, *parameters: tuple[str, str]) -> Any:
    """A function of the engine's own: what it writes is what Go writes."""
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_strings

    known = {name: getattr(cel.Type, kind) for name, kind in parameters}
    compiled = cel.NewEnv(variables=known, extensions=(ext_strings.ExtStrings(),)).compile(expression)

    def compute(*values: Any) -> Any:
        data = {name: plain(value) for (name, _), value in zip(parameters, values, strict=True)}
        found = compiled.eval(data=data)
        if found.type().name() == "ERROR":
            raise ValueError(str(found.value()).partition(": ")[2])
        return found.plain_value()

    return compute


TEXT_FUNCTIONS: tuple[Overload, ...] = (
    *(each("matches", "bool", "string string", _matches) for each in (method, plain_function)),
    method("contains", "bool", "string string", lambda text, part: part in text),
    method("startsWith", "bool", "string string", str.startswith),
    method("endsWith", "bool", "string string", str.endswith),
    method("charAt", "string", "string int", _char_at),
    method("indexOf", "int", "string string", _index_of),
    method("indexOf", "int", "string string int", _index_of),
    method("lastIndexOf", "int", "string string", _last_index_of),
    method("lastIndexOf", "int", "string string int", _last_index_before),
    method("lowerAscii", "string", "string", lambda text: text.translate(_LOWER)),
    method("upperAscii", "string", "string", lambda text: text.translate(_UPPER)),
    method("replace", "string", "string string string", _replace),
    method("replace", "string", "string string string int", _replace),
    method("split", "list", "string string", _split),
    method("split", "list", "string string int", _split),
    method("substring", "string", "string int", _rest),
    method("substring", "string", "string int int", _substring),
    method("trim", "string", "string", str.strip),
    method("join", "string", "list", _join),
    method("join", "string", "list string", _join),
    method("format", "string", "string list", _format),
    plain_function("strings.quote", "string", "string", _quote),
)

"""Reads label selectors from text, by upstream's grammar and with upstream's complaints.

Only syntax, key and value rules are here; what a selector selects is `api.selectors`.
"""

import re
from collections.abc import Callable

from kubeade.api.errors import BadRequest
from kubeade.api.label_syntax import label_key_errors, label_value_errors
from kubeade.api.selectors import EVERYTHING, LabelSelector, Requirement

_TOKEN = re.compile(r"[ \t\r\n]*(?:(!=|==|[=!(),><])|([^ \t\r\n=!(),><]+))")
_OPERATORS = {"=": "=", "==": "==", "!=": "!=", "in": "in", "notin": "notin", ">": "gt", "<": "lt"}
_KNOWN_OPERATORS = "in, notin, =, ==, !=, gt, lt"


def parse_label_selector(text: str) -> LabelSelector:
    """Read a selector such as `app=stand,!old,tier in (a,b)`. Raises BadRequest."""
    if not text:
        return EVERYTHING
    return LabelSelector(_Parser(text).requirements())


class _Parser:
    """A reader over tokens. A token is (word, is_identifier); the last one is ("", False)."""

    def __init__(self, text: str) -> None:
        tokens = [(symbol or word, bool(word)) for symbol, word in _TOKEN.findall(text)]
        self._tokens = [*tokens, ("", False)]
        self._position = 0

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            word, identifier = self._peek()
            if not word:
                return found
            if not identifier and word != "!":
                raise BadRequest(f"found '{word}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self._requirement())
            except BadRequest as error:
                raise BadRequest(f"unable to parse requirement: {error.message}") from None
            self._separator()

    def _separator(self) -> None:
        word, identifier = self._next()
        if not word:
            return
        if word != "," or identifier:
            raise BadRequest(f"found '{word}', expected: ',' or 'end of string'")
        following, is_identifier = self._peek()
        if not is_identifier and following != "!":
            raise BadRequest(f"found '{following}', expected: identifier after ','")

    def _requirement(self) -> Requirement:
        absent = self._peek() == ("!", False)
        if absent:
            self._next()
        key, identifier = self._next()
        if not identifier:
            raise BadRequest(f"found '{key}', expected: identifier")
        _check("<nil>", key, label_key_errors)
        if self._peek()[0] in ("", ","):
            return Requirement(key, "!" if absent else "exists")
        operator = self._operator()
        values = self._list() if operator in ("in", "notin") else (self._value(),)
        return _checked(Requirement(key, operator, values))

    def _operator(self) -> str:
        word, _ = self._next()
        if word not in _OPERATORS:
            raise BadRequest(f"found '{word}', expected: {_KNOWN_OPERATORS}")
        return _OPERATORS[word]

    def _value(self) -> str:
        if self._peek()[0] in ("", ","):
            return ""
        word, identifier = self._next()
        if not identifier:
            raise BadRequest(f"found '{word}', expected: identifier")
        return word

    def _list(self) -> tuple[str, ...]:
        word, _ = self._next()
        if word != "(":
            raise BadRequest(f"found '{word}' expected: '('")
        word, identifier = self._peek()
        if not identifier and word not in (",", ")"):
            raise BadRequest(f"found '{word}', expected: ',', ')' or identifier")
        values: set[str] = set()
        while True:
            value = self._next()[0] if self._peek()[1] else ""
            values.add(value)
            word, identifier = self._next()
            if word == ")" and not identifier:
                return tuple(sorted(values))
            if word != "," or identifier:
                raise BadRequest(f"found '{word}', expected: ',' or ')'")

    def _peek(self) -> tuple[str, bool]:
        return self._tokens[self._position]

    def _next(self) -> tuple[str, bool]:
        token = self._tokens[self._position]
        self._position = min(self._position + 1, len(self._tokens) - 1)
        return token


def _checked(requirement: Requirement) -> Requirement:
    for index, value in enumerate(requirement.values):
        if requirement.operator in ("gt", "lt") and not re.fullmatch(r"[+-]?\d+", value):
            why = "for 'Gt', 'Lt' operators, the value must be an integer"
            raise BadRequest(f'values[{index}]: Invalid value: "{value}": {why}')
        _check(f"values[{index}][{requirement.key}]", value, label_value_errors)
    return requirement


def _check(path: str, value: str, rule: Callable[[str], list[str]]) -> None:
    errors = rule(value)
    if errors:
        raise BadRequest(f'{path}: Invalid value: "{value}": {"; ".join(errors)}')

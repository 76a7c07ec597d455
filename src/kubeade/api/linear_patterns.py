"""Regular expressions of strangers, matched in linear time.

Python's `re` backtracks: `(x+x+)+y` on thirty letters takes it minutes, and the API server would stand still.
Google's RE2, which upstream uses too, comes with the CEL engine. It costs a few microseconds a call, so the
simple patterns of most schemas are left to Python, on short texts. Where the engine is not installed (it has
no wheels for some systems), Python does it all.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from kubeade.api.crd.patterns import compile_pattern

_SHORT = 256
_COSTLY = re.compile(r"\)[*+{]|[*+}][*+{]|\(\?[^:]|\\[pP1-9]")
_UNBOUNDED = re.compile(r"(?<!\\)[*+]|\{\d+,\}")
_TOKENS = re.compile(
    r"\\.|\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\]|(?P<captured>\((?:\?P?<\w+>|(?!\?)))|.", re.DOTALL
)


@lru_cache(maxsize=1024)
def searcher(pattern: str) -> Callable[[str], bool]:
    """Whether a text has a match in it. Raises re.error for what is no pattern."""
    if not _is_tame(pattern) and (linear := _linear()) is not None:
        linear.check(pattern)
        return lambda text: linear.has(pattern, text)
    simple = compile_pattern(pattern).search
    return lambda text: simple(text) is not None if len(text) < _SHORT else _has(pattern, text)


def _has(pattern: str, text: str) -> bool:
    linear = _linear()
    return linear.has(pattern, text) if linear else compile_pattern(pattern).search(text) is not None


def find_all(pattern: str, text: str) -> list[str]:
    """All matches that are not empty. Raises ValueError for what is no pattern."""
    linear = _linear()
    if linear is None:
        return [found[0] for found in compile_pattern(pattern).finditer(text) if found[0]]
    return linear.found(without_captures(pattern), text)


def without_captures(pattern: str) -> str:
    """The pattern with `(?:...)` for each group that would be captured."""
    return _TOKENS.sub(lambda token: "(?:" if token["captured"] else token[0], pattern)


def _is_tame(pattern: str) -> bool:
    """At most quadratic by backtracking: one repetition without an end, and no group repeated. Nor does it
    have what the two syntaxes do not share."""
    return not _COSTLY.search(pattern) and len(_UNBOUNDED.findall(pattern)) < 2


class _Linear:
    """RE2 by way of two small expressions."""

    def __init__(self) -> None:
        from cel_expr_python import cel
        from cel_expr_python.ext import ext_optional

        config = cel.NewEnvConfigFromYaml("name: patterns\nextensions:\n  - name: regex\n")
        known = {"text": cel.Type.STRING, "pattern": cel.Type.STRING}
        environment = cel.NewEnv(config=config, variables=known, extensions=(ext_optional.ExtOptional(),))
        self._has = environment.compile("text.matches(pattern)")
        self._all = environment.compile("regex.extractAll(text, pattern)")

    def check(self, pattern: str) -> None:
        try:
            self.has(pattern, "")
        except ValueError as error:
            raise re.error(str(error)) from None

    def has(self, pattern: str, text: str) -> bool:
        return self._value(self._has, pattern, text) is True

    def found(self, pattern: str, text: str) -> list[str]:
        return [str(each) for each in self._value(self._all, pattern, text)]

    def _value(self, expression: Any, pattern: str, text: str) -> Any:
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()
        value = expression.eval(data={"text": text, "pattern": pattern})
        if value.type().name() == "ERROR":
            raise ValueError(str(value.value()).partition(": ")[2])
        return value.plain_value()


@cache
def _linear() -> _Linear | None:
    try:
        return _Linear()
    except ImportError:
        return None

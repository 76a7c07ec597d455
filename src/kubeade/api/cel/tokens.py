"""An expression's text, taken apart just far enough to rewrite it: strings and comments are left alone."""

import re
from collections.abc import Callable

_STRING = (
    r'[rRbB]{0,2}"""(?:[^\\]|\\.)*?"""'
    r"|[rRbB]{0,2}'''(?:[^\\]|\\.)*?'''"
    r'|[rR]"[^"\n]*"'
    r"|[rR]'[^'\n]*'"
    r'|[bB]?"(?:[^"\\\n]|\\.)*"'
    r"|[bB]?'(?:[^'\\\n]|\\.)*'"
)
_OPAQUE = re.compile(rf"(?<![\w])(?:{_STRING})|{_STRING}|//[^\n]*", re.DOTALL)


def replace_code(text: str, change: Callable[[str], str]) -> str:
    """The text with `change` applied to what is neither string nor comment."""
    parts, at = [], 0
    for found in _OPAQUE.finditer(text):
        parts += [change(text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, change(text[at:])])


def code_only(text: str) -> str:
    """The text with empty strings in place of strings and comments."""
    return _OPAQUE.sub("''", text)


def tokens(text: str) -> list[str]:
    """Strings whole, names whole, every other character by itself; joined they are the text."""
    found: list[str] = []
    at = 0
    for opaque in _OPAQUE.finditer(text):
        found += [*_CODE.findall(text[at : opaque.start()]), opaque[0]]
        at = opaque.end()
    return [*found, *_CODE.findall(text[at:])]


_CODE = re.compile(r"`[^`]*`|[A-Za-z_]\w*|\s+|.", re.DOTALL)

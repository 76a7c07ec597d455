"""Regular expressions as schemas write them (Go's RE2 syntax), as Python runs them.

Nearly all of the two syntaxes is the same. Translated here is what differs and is used: `$` and `\\z` (the
very end, never before a last newline), POSIX classes, and Unicode's letters and digits.
"""

import re
from collections.abc import Iterator

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_UNICODE = {"L": r"[^\W\d_]", "N": r"\d", "Nd": r"\d"}
_TOKEN = re.compile(
    r"(?P<unicode>\\p(?:\{\w+\}|\w))|(?P<escape>\\.)|(?P<posix>\[:\w+:\])|(?P<other>.)", re.DOTALL
)


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern, ready to search. Raises re.error for one that is none."""
    return re.compile("".join(_translated(pattern)), re.ASCII if "\\p" not in pattern else 0)


def _translated(pattern: str) -> Iterator[str]:
    in_class = False
    for token in _TOKEN.finditer(pattern):
        text = token.group()
        if token.lastgroup == "other":
            yield r"\Z" if text == "$" and not in_class and "(?m" not in pattern else text
            in_class = text == "[" or (in_class and text != "]")
        elif token.lastgroup == "posix":
            yield _CLASSES[text[2:-2]] if in_class and text[2:-2] in _CLASSES else text
        elif token.lastgroup == "unicode":
            yield _unicode(text, in_class)
        else:
            yield r"\Z" if text == r"\z" else text


def _unicode(text: str, in_class: bool) -> str:
    known = _UNICODE.get(text[2:].strip("{}"))
    if known is None or in_class:
        raise re.error(f"the Unicode class {text} is not supported here")
    return known

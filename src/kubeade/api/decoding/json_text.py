"""JSON as upstream reads it: nothing nested beyond reason, bytes that are no UTF-8 replaced, errors in Go's
words."""

import json
from typing import Any

import msgspec

from kubeade.api.decoding.json_syntax import syntax_error

DEEPEST = 200
"""How deeply values may be nested. Upstream allows 10,000; no object of a cluster comes near either."""
_decode = msgspec.json.Decoder().decode


def read_json(text: bytes) -> Any:
    """The value. Raises ValueError, whose message is fit for clients."""
    try:
        value = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _read_leniently(text)
    if text.count(b"{") + text.count(b"[") > DEEPEST and is_deep(value):
        raise ValueError(f"nested deeper than {DEEPEST} levels: exceeded max depth")
    return value


def _read_leniently(text: bytes) -> Any:
    """For texts with broken UTF-8 or half surrogates, which become U+FFFD. Anything else is an error."""
    wrong = syntax_error(text)
    if wrong:
        raise ValueError(wrong)
    try:
        value = json.loads(text.decode("utf-8", "replace"))
        clean = json.dumps(value, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
        return _decode(clean.decode("utf-16-le", "replace").encode())
    except RecursionError:
        raise ValueError(f"nested deeper than {DEEPEST} levels: exceeded max depth") from None
    except ValueError:  # what is left is a number that no float can hold
        raise ValueError("json: cannot unmarshal number into Go value of type float64") from None


def is_deep(value: Any) -> bool:
    """Whether it is nested deeper than `DEEPEST`. Does not recurse."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            each
            for holder in level
            for each in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(each, dict | list)
        ]
        if not level:
            return False
    return True

"""Durations as Go writes and reads them: `1h30m`, `-1.5s`."""

import re
from decimal import Decimal

from kubeade.api.cel.values import INT_LEAST, INT_MOST, Duration

_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART = r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)"
_WHOLE = re.compile(rf"([+-]?)((?:{_PART})+|0)", re.ASCII)
_PARTS = re.compile(_PART, re.ASCII)


def parse_duration(text: str) -> Duration:
    """Raises ValueError."""
    found = _WHOLE.fullmatch(text)
    if found is None:
        raise ValueError(f'time: invalid duration "{text}"')
    nanoseconds = sum(int(Decimal(number) * _NANOSECONDS[unit]) for number, unit in _PARTS.findall(found[2]))
    signed = -nanoseconds if found[1] == "-" else nanoseconds
    if not INT_LEAST <= signed <= INT_MOST:
        raise ValueError(f'time: invalid duration "{text}"')
    return Duration(signed)


def duration_text(value: Duration) -> str:
    """In seconds: `5400s`."""
    whole, rest = divmod(abs(value.nanoseconds), 10**9)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"{'-' if value.nanoseconds < 0 else ''}{whole}{fraction}s"

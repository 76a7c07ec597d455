"""`int(x)`, `string(x)`, `timestamp(x)` and the like (cel-go: common/types ConvertToType)."""

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from kubeade.api.cel.durations import duration_text, parse_duration
from kubeade.api.cel.errors import EvaluationError
from kubeade.api.cel.operators import TIME_LEAST, TIME_MOST, checked_int, checked_time, checked_uint
from kubeade.api.cel.overload import Overload, plain_function
from kubeade.api.cel.timestamps import parse_timestamp, timestamp_text
from kubeade.api.cel.values import INT_LEAST, INT_MOST, UINT_MOST, Duration, Timestamp, Uint

_WHOLE = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?|nan", re.IGNORECASE)
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_SECOND = 10**9
_EXPONENT = 6
"""From which power of ten on a number is written with one."""


def _failed(source: str, target: str) -> EvaluationError:
    return EvaluationError(f"type conversion error from '{source}' to '{target}'")


def _int_of_text(text: str) -> int:
    if not _WHOLE.fullmatch(text) or len(text) > 20 or not INT_LEAST <= int(text) <= INT_MOST:
        raise _failed("string", "int")
    return int(text)


def _uint_of_text(text: str) -> Uint:
    if not text.isascii() or not text.isdigit() or len(text) > 20 or int(text) > UINT_MOST:
        raise _failed("string", "uint")
    return Uint(text)


def _int_of_double(value: float) -> int:
    if math.isnan(value) or not -(2.0**63) < value < 2.0**63:
        raise EvaluationError("integer overflow")
    return int(value)


def _uint_of_double(value: float) -> Uint:
    if math.isnan(value) or not 0 <= value < 2.0**64:
        raise EvaluationError("unsigned integer overflow")
    return Uint(value)


def _double_of_text(text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise _failed("string", "double")
    return float(text)


def _bool_of_text(text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise _failed("string", "bool")


def _text_of_bytes(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from None


def double_text(value: float) -> str:
    """As Go's %g writes it."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    shown = "".join(map(str, digits)).rstrip("0") or "0"
    point = len(digits) + exponent
    minus = "-" if sign else ""
    if shown == "0":
        return f"{minus}0"
    if point - 1 < -4 or point - 1 >= _EXPONENT:
        fraction = f".{shown[1:]}" if len(shown) > 1 else ""
        return f"{minus}{shown[0]}{fraction}e{'-' if point < 1 else '+'}{abs(point - 1):02}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{shown}"
    whole, rest = shown[:point].ljust(point, "0"), shown[point:]
    return f"{minus}{whole}.{rest}" if rest else f"{minus}{whole}"


def _time_of_seconds(seconds: int) -> Timestamp:
    if not TIME_LEAST <= seconds * _SECOND <= TIME_MOST:
        raise EvaluationError("timestamp overflow")
    return checked_time(seconds * _SECOND)


def _same(value: Any) -> Any:
    return value


def _conversion(target: str, source: str, convert: Callable[[Any], Any]) -> Overload:
    return plain_function(target, target, source, convert)


def _duration_of_text(text: str) -> Duration:
    try:
        return parse_duration(text)
    except ValueError:
        raise _failed("string", "google.protobuf.Duration") from None


def _time_of_text(text: str) -> Timestamp:
    try:
        return parse_timestamp(text)
    except ValueError:
        raise _failed("string", "google.protobuf.Timestamp") from None


CONVERSIONS: tuple[Overload, ...] = (
    *(_conversion(each, each, _same) for each in ("int", "uint", "double", "bool", "string", "bytes")),
    *(_conversion(each, each, _same) for each in ("timestamp", "duration")),
    plain_function("dyn", "dyn", "dyn", _same),
    _conversion("int", "uint", lambda value: checked_int(int(value))),
    _conversion("int", "double", _int_of_double),
    _conversion("int", "string", _int_of_text),
    _conversion("int", "timestamp", lambda value: value.nanoseconds // _SECOND),
    _conversion("int", "duration", lambda value: value.nanoseconds),
    _conversion("uint", "int", checked_uint),
    _conversion("uint", "double", _uint_of_double),
    _conversion("uint", "string", _uint_of_text),
    *(_conversion("double", each, float) for each in ("int", "uint")),
    _conversion("double", "string", _double_of_text),
    _conversion("bool", "string", _bool_of_text),
    _conversion("string", "bool", lambda value: "true" if value else "false"),
    *(_conversion("string", each, lambda value: str(int(value))) for each in ("int", "uint")),
    _conversion("string", "double", double_text),
    _conversion("string", "bytes", _text_of_bytes),
    _conversion("string", "timestamp", timestamp_text),
    _conversion("string", "duration", duration_text),
    _conversion("bytes", "string", lambda text: text.encode("utf-8", "replace")),
    _conversion("timestamp", "string", _time_of_text),
    _conversion("timestamp", "int", _time_of_seconds),
    _conversion("duration", "string", _duration_of_text),
    _conversion("duration", "int", Duration),
)

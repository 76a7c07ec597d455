"""Scalars with a form of their own: quantities, dates, bytes, numbers with a range."""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64

from kubeade.api.quantity import Quantity, canonical
from kubeade.lib.timestamps import format_micro_time, format_time, parse_time

_NANO_IN_MILLI = 10**6
INT32 = range(-(2**31), 2**31)
INT64 = range(-(2**63), 2**63)
_TIME = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]{6})?Z")

_SECONDS = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]")
_MICROSECONDS = re.compile(r"\.[0-9]{6}(Z|[+-][0-9]{2}:[0-9]{2})")


def integers(format: str) -> range:
    """The integers of a schema's format."""
    return INT32 if format == "int32" else INT64


def is_canonical_quantity(value: object) -> bool:
    try:
        return type(value) is str and canonical(value) == value
    except ValueError:
        return False


def canonical_quantity(value: object) -> str:
    """As upstream writes it back. Raises ValueError with upstream's words."""
    return canonical(value if isinstance(value, str) else repr(value))


def is_canonical_amount(value: object) -> bool:
    """Of a resource: nothing is measured finer than in thousandths (upstream: ResourceList's defaults)."""
    return is_canonical_quantity(value) and str(value)[-1:] not in ("n", "u")


def canonical_amount(value: object) -> str:
    """A quantity, rounded up to thousandths. Raises ValueError with upstream's words."""
    text = canonical_quantity(value)
    if text[-1:] not in ("n", "u"):
        return text
    milli = -(-Quantity.parse(text).nano // _NANO_IN_MILLI)
    return canonical(f"{milli}m")


def is_canonical_time(value: object, micro: bool) -> bool:
    if type(value) is not str:
        return False
    match = _TIME.fullmatch(value)
    return match is not None and (match[1] is not None) is micro


def canonical_time(value: str, micro: bool) -> str:
    """In UTC and the precision of its type. Raises ValueError with upstream's words."""
    layout = "2006-01-02T15:04:05.000000Z07:00" if micro else "2006-01-02T15:04:05Z07:00"
    fraction = value[len("2006-01-02T15:04:05") :]
    if micro and _SECONDS.match(value) and not _MICROSECONDS.fullmatch(fraction):
        raise ValueError(f'parsing time "{value}" as "{layout}": cannot parse "{fraction}" as ".000000"')
    try:
        moment = parse_time(value)
    except ValueError:
        raise ValueError(f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"') from None
    return format_micro_time(moment) if micro else format_time(moment)


def is_canonical_base64(value: object) -> bool:
    if type(value) is not str:
        return False
    try:
        a2b_base64(value, strict_mode=True)
    except (Base64Error, ValueError):
        return False
    return True


def canonical_base64(value: str) -> str:
    """Without the line breaks that readers let pass. Raises ValueError with upstream's words."""
    joined = value.replace("\r", "").replace("\n", "")
    if not is_canonical_base64(joined):
        good = re.match(r"(?:[A-Za-z0-9+/]{4})*", joined)
        raise ValueError(f"illegal base64 data at input byte {good.end() if good else 0}")
    return joined

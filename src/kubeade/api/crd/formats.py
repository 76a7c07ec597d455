"""The string formats that schemas of custom resources can ask for; others are not looked at, as upstream.

Upstream's list is in apiextensions-apiserver/pkg/apiserver/validation/formats.go, its parsers in
kube-openapi/pkg/validation/strfmt.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date, datetime
from urllib.parse import urlsplit

from kubeade.api.validation.names import dns_label, dns_subdomain

FormatRule = Callable[[str], bool]

_UUID = "[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}"
_DURATION = (
    r"(\d+(\.\d+)?\s*(ns|us|µs|μs|ms|s|m|h|d|w|hr|hours?|min(utes?)?|sec(onds?)?|days?|weeks?|milli\w*)\s*)+"
)
_DATE_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(z|[+-]\d\d:?\d\d)?"


def _matching(pattern: str) -> FormatRule:
    matches = re.compile(pattern, re.IGNORECASE).fullmatch
    return lambda value: matches(value) is not None


def _parsing(parse: Callable[[str], object]) -> FormatRule:
    def is_parsable(value: str) -> bool:
        try:
            parse(value)
        except (ValueError, binascii.Error):
            return False
        return True

    return is_parsable


def _network(value: str) -> object:
    if "/" not in value:
        raise ValueError(value)
    return ipaddress.ip_network(value, strict=False)


def _uri(value: str) -> object:
    split = urlsplit(value)
    if not split.scheme and not value.startswith("/"):
        raise ValueError(value)
    return split


def _hostname(value: str) -> bool:
    labels = value.lower().removesuffix(".").split(".")
    return len(value) <= 255 and all(
        re.fullmatch("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", label) for label in labels
    )


def _date_time(value: str) -> bool:
    if not re.fullmatch(_DATE_TIME, value, re.IGNORECASE):
        return False
    return _parsing(datetime.fromisoformat)(value[:19])


def _isbn(value: str, length: int) -> bool:
    digits = value.replace("-", "").replace(" ", "").upper()
    if len(digits) != length or not re.fullmatch(r"\d+[\dX]", digits):
        return False
    numbers = [10 if digit == "X" else int(digit) for digit in digits]
    if length == 10:
        return sum(number * (10 - at) for at, number in enumerate(numbers)) % 11 == 0
    return sum(number * (1, 3)[at % 2] for at, number in enumerate(numbers)) % 10 == 0


def _credit_card(value: str) -> bool:
    digits = re.sub("[^0-9]", "", value)
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits))]
    return 13 <= len(digits) <= 19 and sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0


_rules: dict[str, FormatRule] = {
    "bsonobjectid": _matching("[0-9a-f]{24}"),
    "uri": _parsing(_uri),
    "email": _matching(r"[^@\s]+@[^@\s]+"),
    "hostname": _hostname,
    "ipv4": _parsing(ipaddress.IPv4Address),
    "ipv6": _parsing(ipaddress.IPv6Address),
    "cidr": _parsing(_network),
    "mac": _matching("([0-9a-f]{2}[:-]){5}([0-9a-f]{2})|([0-9a-f]{4}[.]){2}[0-9a-f]{4}"),
    "uuid": _matching(_UUID % ("[0-9a-f]", "[0-9a-f]")),
    "uuid3": _matching(_UUID % ("3", "[0-9a-f]")),
    "uuid4": _matching(_UUID % ("4", "[89ab]")),
    "uuid5": _matching(_UUID % ("5", "[89ab]")),
    "isbn": lambda value: _isbn(value, 10) or _isbn(value, 13),
    "isbn10": lambda value: _isbn(value, 10),
    "isbn13": lambda value: _isbn(value, 13),
    "creditcard": _credit_card,
    "ssn": _matching(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": _matching("#?([0-9a-f]{3}|[0-9a-f]{6})"),
    "rgbcolor": _matching(r"rgb\((\s*\d{1,3}\s*,){2}\s*\d{1,3}\s*\)"),
    "byte": _parsing(lambda value: base64.b64decode(value, validate=True)),
    "date": _parsing(date.fromisoformat),
    "duration": _matching(_DURATION),
    "datetime": _date_time,
    "k8sshortname": lambda value: not dns_label(value),
    "k8slongname": lambda value: not dns_subdomain(value),
}


def rule_of(name: str) -> FormatRule | None:
    """The rule of `date-time` or `ipv4`; None for a format that is not looked at."""
    return _rules.get(name.replace("-", ""))

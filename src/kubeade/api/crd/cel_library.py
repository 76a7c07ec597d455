"""The functions that Kubernetes adds to CEL: lists, regular expressions, URLs, addresses and quantities.

https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries
Upstream gives URLs, addresses and quantities types of their own; here they are strings and numbers, which
serves rules that use them as intended. Not here: named formats, semver, authorizer, and indexOf of lists. A
rule that uses those is refused when its definition is created.
"""

import ipaddress
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from kubeade.api.crd.patterns import compile_pattern
from kubeade.api.validation.quantities import quantity_of


def _plain(items: Any) -> list[Any]:
    return [item.plain_value() if hasattr(item, "plain_value") else item for item in items]


def _is_sorted(items: Any) -> bool:
    found = _plain(items)
    return all(left <= right for left, right in pairwise(found))


def _find(text: str, pattern: str) -> str:
    found = compile_pattern(pattern).search(text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str) -> list[str]:
    return [found[0] for found in compile_pattern(pattern).finditer(text)]


def _is_url(text: str) -> bool:
    try:
        split = urlsplit(text)
    except ValueError:
        return False
    return bool(split.scheme or text.startswith("/"))


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _is_cidr(text: str) -> bool:
    try:
        return "/" in text and _network(text) is not None
    except ValueError:
        return False


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _contains_ip(text: str, address: str) -> bool:
    return ipaddress.ip_address(address) in _network(text)


def _contains_cidr(text: str, inner: str) -> bool:
    outer, found = _network(text), _network(inner)
    return outer.version == found.version and outer.supernet_of(found)  # type: ignore[arg-type]


def _is_quantity(text: str) -> bool:
    return quantity_of(text) is not None


def _quantity(text: str) -> float:
    found = quantity_of(text)
    if found is None:
        raise ValueError("quantities must match the regular expression of quantities")
    return float(found)


def _checked(is_one: Callable[[str], bool], name: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not is_one(text):
            raise ValueError(f"{name} parse error during conversion from string: {text}")
        return text

    return check


LIBRARY: tuple[tuple[str, bool, str, tuple[str, ...], Callable[..., Any]], ...] = (
    ("isSorted", True, "BOOL", ("LIST",), _is_sorted),
    ("sum", True, "DYN", ("LIST",), lambda items: sum(_plain(items))),
    ("min", True, "DYN", ("LIST",), lambda items: min(_plain(items))),
    ("max", True, "DYN", ("LIST",), lambda items: max(_plain(items))),
    ("find", True, "STRING", ("STRING", "STRING"), _find),
    ("findAll", True, "LIST", ("STRING", "STRING"), _find_all),
    ("isURL", False, "BOOL", ("STRING",), _is_url),
    ("url", False, "STRING", ("STRING",), _checked(_is_url, "URL")),
    ("getScheme", True, "STRING", ("STRING",), lambda text: urlsplit(text).scheme),
    ("getHost", True, "STRING", ("STRING",), lambda text: urlsplit(text).netloc.rpartition("@")[2]),
    ("getHostname", True, "STRING", ("STRING",), lambda text: urlsplit(text).hostname or ""),
    ("getPort", True, "STRING", ("STRING",), lambda text: str(urlsplit(text).port or "")),
    ("getEscapedPath", True, "STRING", ("STRING",), lambda text: urlsplit(text).path),
    ("isIP", False, "BOOL", ("STRING",), _is_ip),
    ("ip", False, "STRING", ("STRING",), _checked(_is_ip, "IP")),
    ("family", True, "INT", ("STRING",), lambda text: ipaddress.ip_address(text).version),
    ("isLoopback", True, "BOOL", ("STRING",), lambda text: ipaddress.ip_address(text).is_loopback),
    ("isUnspecified", True, "BOOL", ("STRING",), lambda text: ipaddress.ip_address(text).is_unspecified),
    ("isCIDR", False, "BOOL", ("STRING",), _is_cidr),
    ("cidr", False, "STRING", ("STRING",), _checked(_is_cidr, "CIDR")),
    ("containsIP", True, "BOOL", ("STRING", "STRING"), _contains_ip),
    ("containsCIDR", True, "BOOL", ("STRING", "STRING"), _contains_cidr),
    ("prefixLength", True, "INT", ("STRING",), lambda text: _network(text).prefixlen),
    ("isQuantity", False, "BOOL", ("STRING",), _is_quantity),
    ("quantity", False, "DOUBLE", ("STRING",), _quantity),
    ("isGreaterThan", True, "BOOL", ("DOUBLE", "DOUBLE"), lambda left, right: left > right),
    ("isLessThan", True, "BOOL", ("DOUBLE", "DOUBLE"), lambda left, right: left < right),
    ("compareTo", True, "INT", ("DOUBLE", "DOUBLE"), lambda left, right: (left > right) - (left < right)),
    ("sign", True, "INT", ("DOUBLE",), lambda amount: (amount > 0) - (amount < 0)),
    ("isInteger", True, "BOOL", ("DOUBLE",), lambda amount: float(amount).is_integer()),
    ("asInteger", True, "INT", ("DOUBLE",), int),
    ("asApproximateFloat", True, "DOUBLE", ("DOUBLE",), float),
    ("add", True, "DOUBLE", ("DOUBLE", "DOUBLE"), lambda left, right: left + right),
    ("sub", True, "DOUBLE", ("DOUBLE", "DOUBLE"), lambda left, right: left - right),
)
"""Name, whether it is called on a value, the result's type, the parameters' types, the function."""

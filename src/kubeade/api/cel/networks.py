"""URLs, IP addresses and CIDR ranges (upstream: cel/library/urls.go, ip.go, cidr.go)."""

import ipaddress
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from kubeade.api.cel.overload import Overload, fields_of, method, plain_function, tagged

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _is_url(text: str) -> bool:
    try:
        split = urlsplit(text)
        split.port  # noqa: B018 - raises for what is no port
    except ValueError:
        return False
    return bool(split.scheme or text.startswith("/")) and not any(ord(c) < 0x20 for c in text)


def _url(text: str) -> dict[str, Any]:
    if not _is_url(text):
        why = f'parse "{text}": invalid URI for request'
        raise ValueError(f"URL parse error during conversion from string: {why}")
    return tagged("url", key=text)


def _split(url: Any) -> Any:
    return urlsplit(fields_of(url, "url")["key"])


def _host(url: Any) -> str:
    return str(_split(url).netloc.rpartition("@")[2])


def _hostname(url: Any) -> str:
    host = _host(url)
    return host.partition("]")[0].strip("[") if host.startswith("[") else host.partition(":")[0]


def _address(text: str) -> _Address:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        why = f'IP Address "{text}" parse error during conversion from string'
        raise ValueError(f'{why}: ParseAddr("{text}"): unable to parse IP') from None
    if "%" in text or (isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped):
        raise ValueError(f'IP Address "{text}" parse error during conversion from string')
    return found


def _is_ip(text: str) -> bool:
    try:
        _address(text)
    except ValueError:
        return False
    return True


def _ip(text: str) -> dict[str, Any]:
    return tagged("ip", key=str(_address(text)))


def _ip_of(value: Any) -> _Address:
    if isinstance(value, str):
        return _address(value)
    return ipaddress.ip_address(fields_of(value, "ip")["key"])


def _network(text: str) -> _Network:
    if "/" not in text:
        raise ValueError(f"network address parse error during conversion from string: {text}")
    return ipaddress.ip_network(text, strict=False)


def _is_cidr(text: str) -> bool:
    try:
        _network(text)
    except ValueError:
        return False
    return True


def _cidr(text: str) -> dict[str, Any]:
    address, _, length = text.partition("/")
    _network(text)
    return tagged("cidr", key=f"{_address(address)}/{int(length)}")


def _cidr_of(value: Any) -> _Network:
    return _network(value if isinstance(value, str) else fields_of(value, "cidr")["key"])


def _contains_ip(cidr: Any, address: Any) -> bool:
    return _ip_of(address) in _cidr_of(cidr)


def _contains_cidr(cidr: Any, inner: Any) -> bool:
    outer, found = _cidr_of(cidr), _cidr_of(inner)
    return outer.version == found.version and outer.supernet_of(found)  # type: ignore[arg-type]


NETWORKS: tuple[Overload, ...] = (
    plain_function("isURL", "bool", "string", _is_url),
    plain_function("url", "map", "string", _url),
    method("getScheme", "string", "map", lambda url: _split(url).scheme),
    method("getHost", "string", "map", _host),
    method("getHostname", "string", "map", _hostname),
    method("getPort", "string", "map", lambda url: str(_split(url).port or "")),
    method("getEscapedPath", "string", "map", lambda url: quote(_split(url).path, safe="/%:@!$&'()*+,;=~")),
    method("getQuery", "map", "map", lambda url: parse_qs(_split(url).query, keep_blank_values=True)),
    plain_function("isIP", "bool", "string", _is_ip),
    plain_function("ip", "map", "string", _ip),
    plain_function("ip.isCanonical", "bool", "string", lambda text: str(_address(text)) == text),
    method("family", "int", "map", lambda ip: _ip_of(ip).version),
    method("isUnspecified", "bool", "map", lambda ip: _ip_of(ip).is_unspecified),
    method("isLoopback", "bool", "map", lambda ip: _ip_of(ip).is_loopback),
    method("isLinkLocalMulticast", "bool", "map", lambda ip: _is_link_local_multicast(_ip_of(ip))),
    method("isLinkLocalUnicast", "bool", "map", lambda ip: _ip_of(ip).is_link_local),
    method("isGlobalUnicast", "bool", "map", lambda ip: _is_global_unicast(_ip_of(ip))),
    plain_function("isCIDR", "bool", "string", _is_cidr),
    plain_function("cidr", "map", "string", _cidr),
    method("containsIP", "bool", "map string", _contains_ip),
    method("containsIP", "bool", "map map", _contains_ip),
    method("containsCIDR", "bool", "map string", _contains_cidr),
    method("containsCIDR", "bool", "map map", _contains_cidr),
    method("ip", "map", "map", lambda cidr: _ip(fields_of(cidr, "cidr")["key"].partition("/")[0])),
    method("masked", "map", "map", lambda cidr: tagged("cidr", key=str(_cidr_of(cidr)))),
    method("prefixLength", "int", "map", lambda cidr: _cidr_of(cidr).prefixlen),
)


def _is_link_local_multicast(address: _Address) -> bool:
    network = "224.0.0.0/24" if address.version == 4 else "ff02::/16"
    return address in ipaddress.ip_network(network)


def _is_global_unicast(address: _Address) -> bool:
    """Go's meaning: anything that is none of the special ones (private addresses are global unicast)."""
    special = address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local
    return not special and str(address) != "255.255.255.255"

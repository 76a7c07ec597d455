"""URLs, IP addresses and CIDR ranges (upstream: cel/library/urls.go, ip.go, cidr.go)."""

import ipaddress
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from kubeade.api.cel.overload import Overload, method, plain_function
from kubeade.api.cel.values import Opaque

URL, IP, CIDR = "kubernetes.URL", "net.IP", "net.CIDR"
_QUERY = "map<string,list<string>>"
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _is_url(text: str) -> bool:
    try:
        split = urlsplit(text)
        split.port  # noqa: B018 - raises for what is no port
    except ValueError:
        return False
    return bool(split.scheme or text.startswith("/")) and not any(ord(c) < 0x20 for c in text)


def _url(text: str) -> Opaque:
    if not _is_url(text):
        why = f'parse "{text}": invalid URI for request'
        raise ValueError(f"URL parse error during conversion from string: {why}")
    return Opaque(URL, text)


def _split(url: Opaque) -> Any:
    return urlsplit(url.key)


def _host(url: Opaque) -> str:
    return str(_split(url).netloc.rpartition("@")[2])


def _hostname(url: Opaque) -> str:
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


def _ip(text: str) -> Opaque:
    return Opaque(IP, _address(text))


def _ip_of(value: Any) -> _Address:
    return _address(value) if isinstance(value, str) else value.key


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


def _cidr(text: str) -> Opaque:
    address, _, length = text.partition("/")
    network = _network(text)
    return Opaque(CIDR, f"{_address(address)}/{int(length)}", network)


def _cidr_of(value: Any) -> _Network:
    return _network(value) if isinstance(value, str) else value.detail


def _contains_ip(cidr: Any, address: Any) -> bool:
    return _ip_of(address) in _cidr_of(cidr)


def _contains_cidr(cidr: Any, inner: Any) -> bool:
    outer, found = _cidr_of(cidr), _cidr_of(inner)
    return outer.version == found.version and outer.supernet_of(found)  # type: ignore[arg-type]


def _is_link_local_multicast(address: _Address) -> bool:
    network = "224.0.0.0/24" if address.version == 4 else "ff02::/16"
    return address in ipaddress.ip_network(network)


def _is_global_unicast(address: _Address) -> bool:
    """Go's meaning: anything that is none of the special ones (private addresses are global unicast)."""
    special = address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local
    return not special and str(address) != "255.255.255.255"


NETWORKS: tuple[Overload, ...] = (
    plain_function("isURL", "bool", "string", _is_url),
    plain_function("url", URL, "string", _url),
    method("getScheme", "string", URL, lambda url: _split(url).scheme),
    method("getHost", "string", URL, _host),
    method("getHostname", "string", URL, _hostname),
    method("getPort", "string", URL, lambda url: str(_split(url).port or "")),
    method("getEscapedPath", "string", URL, lambda url: quote(_split(url).path, safe="/%:@!$&'()*+,;=~")),
    method("getQuery", _QUERY, URL, lambda url: parse_qs(_split(url).query, keep_blank_values=True)),
    plain_function("isIP", "bool", "string", _is_ip),
    plain_function("ip", IP, "string", _ip),
    plain_function("ip.isCanonical", "bool", "string", lambda text: str(_address(text)) == text),
    method("family", "int", IP, lambda ip: ip.key.version),
    method("isUnspecified", "bool", IP, lambda ip: ip.key.is_unspecified),
    method("isLoopback", "bool", IP, lambda ip: ip.key.is_loopback),
    method("isLinkLocalMulticast", "bool", IP, lambda ip: _is_link_local_multicast(ip.key)),
    method("isLinkLocalUnicast", "bool", IP, lambda ip: ip.key.is_link_local),
    method("isGlobalUnicast", "bool", IP, lambda ip: _is_global_unicast(ip.key)),
    plain_function("isCIDR", "bool", "string", _is_cidr),
    plain_function("cidr", CIDR, "string", _cidr),
    *(method("containsIP", "bool", f"{CIDR} {kind}", _contains_ip) for kind in ("string", IP)),
    *(method("containsCIDR", "bool", f"{CIDR} {kind}", _contains_cidr) for kind in ("string", CIDR)),
    method("ip", IP, CIDR, lambda cidr: _ip(cidr.key.partition("/")[0])),
    method("masked", CIDR, CIDR, lambda cidr: _cidr(str(cidr.detail))),
    method("prefixLength", "int", CIDR, lambda cidr: cidr.detail.prefixlen),
    *(plain_function("string", "string", kind, lambda value: str(value.key)) for kind in (IP, CIDR)),
)

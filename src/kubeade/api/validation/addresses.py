"""Addresses as newer fields want them: in the one form that every program reads alike (upstream: IsValidIP,
IsValidCIDR, IsValidInterfaceAddress). Older fields are held to `paths`.
"""

import ipaddress
import re

from kubeade.api.validation.fields import Errors, messages, shown

_LEADING_ZERO = re.compile(r"(?<![0-9a-fA-F:])0+(?=\d)")


def ip_faults(address: str) -> list[str]:
    """What is wrong with an IP address."""
    found = _address(_without_zeros(address))
    if found is None:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    if _without_zeros(address) != address:
        return ["must not have leading 0s"]
    if _is_mapped(found):
        return ["must not be an IPv4-mapped IPv6 address"]
    return _form(address, str(found))


def canonical_cidr(network: str, path: str) -> Errors:
    """A network, without bits beyond its prefix."""
    yield from messages(path, network, _cidr_faults(network))


def interface_address(address: str, path: str) -> Errors:
    """An address with the size of its network."""
    found = _interface(_without_zeros(address))
    if found is None:
        faults = ["must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"]
    else:
        faults = _form(address, str(found))
    yield from messages(path, address, faults)


def _cidr_faults(network: str) -> list[str]:
    found = _interface(_without_zeros(network))
    if found is None:
        return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]
    if _without_zeros(network) != network:
        return ["must not have leading 0s in IP or prefix length"]
    if _is_mapped(found.ip):
        return ["must not have an IPv4-mapped IPv6 address"]
    if found.ip != found.network.network_address:
        return ["must not have bits set beyond the prefix length"]
    return _form(network, str(found.network))


def _form(said: str, canonical: str) -> list[str]:
    return [] if said == canonical else [f"must be in canonical form ({shown(canonical)})"]


def _without_zeros(said: str) -> str:
    """Old programs read zeros before a number, and not all alike."""
    return _LEADING_ZERO.sub("", said)


def _address(said: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(said)
    except ValueError:
        return None
    return None if "%" in said else found


def _interface(said: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface | None:
    address, _, prefix = said.partition("/")
    if _address(address) is None or not prefix.isdecimal():
        return None
    try:
        return ipaddress.ip_interface(said)
    except ValueError:
        return None


def _is_mapped(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.version == 6 and address.ipv4_mapped is not None

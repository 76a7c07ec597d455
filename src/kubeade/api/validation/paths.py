"""Rules of paths in files, of ports and of addresses, wherever they stand."""

import ipaddress

from kubeade.api.validation.fields import Errors, in_range, invalid, messages
from kubeade.api.validation.names import port_name, port_number

FILE_MODE_LIMIT = 0o777
_FILE_MODE = "must be a number between 0 and 0777 (octal), both inclusive"


def no_backsteps(target: str, path: str) -> Errors:
    """No `..` among its segments."""
    if ".." in target.split("/"):
        yield invalid(path, target, "must not contain '..'")


def relative_path(target: str, path: str) -> Errors:
    """Relative, and staying inside."""
    if target.startswith("/"):
        yield invalid(path, target, "must be a relative path")
    yield from no_backsteps(target, path)


def projected_path(target: str, path: str) -> Errors:
    """A file inside a volume; names beginning with `..` are the kubelet's own."""
    yield from relative_path(target, path)
    if target.startswith("..") and not target.startswith("../"):
        yield invalid(path, target, "must not start with '..'")


def file_mode(mode: object, path: str) -> Errors:
    """Permission bits; absent is fine."""
    if isinstance(mode, int) and not 0 <= mode <= FILE_MODE_LIMIT:
        yield invalid(path, mode, _FILE_MODE)


def port_number_or_name(port: object, path: str) -> Errors:
    """A port by number or by the name it has in the container."""
    if isinstance(port, str):
        yield from messages(path, port, port_name(port))
    else:
        found = port if isinstance(port, int) else 0
        yield from messages(path, found, port_number(found))


def user_or_group_id(identity: object, path: str) -> Errors:
    """A user's or group's number; absent is fine."""
    yield from in_range(path, identity, 0, 2**31 - 1)


def ip_address(address: str, path: str) -> Errors:
    """An IPv4 or IPv6 address."""
    if not is_ip(address):
        yield invalid(path, address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")


def is_ip(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return "%" not in address


def cidr(network: str, path: str) -> Errors:
    """A network, such as `10.0.0.0/8`."""
    try:
        ipaddress.ip_network(network, strict=False)
    except ValueError:
        well_formed = False
    else:
        well_formed = "/" in network
    if not well_formed:
        yield invalid(path, network, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")

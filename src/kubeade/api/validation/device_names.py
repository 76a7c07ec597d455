"""What devices, their pools, attributes and requests are called, and sets of them (upstream:
pkg/apis/resource/validation).
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from kubeade.api.validation.driver_names import driver_name
from kubeade.api.validation.fields import Errors, duplicate, invalid, messages, required, too_long, too_many
from kubeade.api.validation.names import dns_label, dns_subdomain, identifier

_POOL_NAME_LIMIT_BYTES = 253
_IDENTIFIER_LIMIT_BYTES = 32
_LONGEST_KEY = 63 + 1 + _IDENTIFIER_LIMIT_BYTES
_UUID = re.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_UUID_LENGTHS = (32, 36, 38, 45)

Check = Callable[[Any, str], Errors]


def items(found: Sequence[Any], most: int, check: Check, path: str) -> Errors:
    """Each of a list, if they are not too many."""
    if len(found) > most:
        yield too_many(path, len(found), most)
        return
    for index, each in enumerate(found):
        yield from check(each, f"{path}[{index}]")


def unique(found: Sequence[Any], key: Callable[[Any], object], path: str) -> Errors:
    """No two of a list are about the same."""
    seen: list[object] = []
    for index, each in enumerate(found):
        name = key(each)
        if name in seen:
            yield duplicate(f"{path}[{index}]", name)
        seen.append(name)


def entries(found: dict[str, Any], key_check: Check, check: Check, path: str) -> Errors:
    """Keys and values of a map."""
    for key, each in sorted(found.items()):
        yield from key_check(key, path)
        yield from check(each, f"{path}[{_shortened(key)}]")


def label_name(name: str, path: str) -> Errors:
    """A device, a request, a set of counters or one of them."""
    yield from messages(path, name, dns_label(name))


def pool_name(name: str, path: str) -> Errors:
    """Domains, separated by slashes."""
    if not name:
        yield required(path)
        return
    if len(name.encode()) > _POOL_NAME_LIMIT_BYTES:
        yield too_long(path, _POOL_NAME_LIMIT_BYTES)
    for each in name.split("/"):
        yield from messages(path, each, dns_subdomain(each))


def qualified_identifier(name: str, path: str) -> Errors:
    """What an attribute or a capacity is called: an identifier, with the driver's domain or another."""
    domain, slash, rest = name.partition("/")
    if not slash:
        yield from _identifier(name, path)
    elif "/" not in rest:
        # Names with more slashes are let through upstream.
        if not domain:
            yield invalid(path, "", "the domain must not be empty")
        else:
            yield from driver_name(domain, path)
        if not rest:
            yield invalid(path, "", "the name must not be empty")
        else:
            yield from _identifier(rest, path)


def fully_qualified_identifier(name: str, path: str) -> Errors:
    """The same, with a domain."""
    yield from qualified_identifier(name, path)
    if "/" not in name:
        yield invalid(path, name, "a fully qualified name must be a domain and a name separated by a slash")


def uuid(identity: str, path: str) -> Errors:
    """A UUID in its usual form."""
    length = len(identity.encode())
    if length not in _UUID_LENGTHS:
        yield invalid(path, identity, f"error validating uid: invalid UUID length: {length}")
    elif length == 36 and not _UUID.fullmatch(identity):
        yield invalid(path, identity, "error validating uid: invalid UUID format")
    elif length != 36 or identity != identity.lower():
        form = "`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters"
        yield invalid(path, identity, f"uid must be in RFC 4122 normalized form, {form}")


def _identifier(name: str, path: str) -> Errors:
    if len(name.encode()) > _IDENTIFIER_LIMIT_BYTES:
        yield too_long(path, _IDENTIFIER_LIMIT_BYTES)
    yield from messages(path, name, identifier(name))


def _shortened(key: str) -> str:
    """A key as paths show it."""
    if len(key) <= _LONGEST_KEY:
        return key
    left = _LONGEST_KEY - len("...")
    return f"{key[: (left + 1) // 2]}...{key[-(left // 2) :]}"

"""Rules of the ranges that Services get their addresses from, and of addresses taken (upstream:
pkg/apis/networking/validation).
"""

import ipaddress

from kubeade.api.parts import part, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.addresses import canonical_cidr, ip_faults
from kubeade.api.validation.fields import IMMUTABLE, Errors, invalid, messages, required
from kubeade.api.validation.internal_types import TEXT, internal, pointer
from kubeade.api.validation.names import dns_subdomain, path_segment

_PARENT = pointer(Group=TEXT, Resource=TEXT, Namespace=TEXT, Name=TEXT)
_TWO_OF_A_KIND = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"


def address_name(name: str) -> list[str]:
    """An IPAddress is called what it is."""
    return ip_faults(name)


def ip_address(found: Object) -> Errors:
    """IPAddress: it belongs to somebody."""
    parent, at = part(found, "spec").get("parentRef"), "spec.parentRef"
    if not isinstance(parent, dict):
        yield required(at)
        return
    if group := text(parent, "group"):
        yield from messages(f"{at}.group", group, dns_subdomain(group))
    for key in ("resource", "name", "namespace"):
        name = text(parent, key)
        if name:
            yield from messages(f"{at}.{key}", name, path_segment(name))
        elif key != "namespace":
            yield required(f"{at}.{key}")


def ip_address_change(new: Object, old: Object) -> Errors:
    """Whose an address is stays."""
    after, before = (internal(part(each, "spec").get("parentRef"), _PARENT) for each in (new, old))
    if after != before:
        yield invalid("spec.parentRef", after, IMMUTABLE)


def service_cidr(found: Object) -> Errors:
    """A new ServiceCIDR."""
    ranges, at = [str(each) for each in values(found, "spec", "cidrs")], "spec.cidrs"
    if not ranges:
        yield required(at, "at least one CIDR required")
        return
    if len(ranges) > 2:
        yield invalid(at, {"CIDRs": ranges}, "may only hold up to 2 values")
        return
    for index, each in enumerate(ranges):
        yield from canonical_cidr(each, f"{at}[{index}]")
    families = [_family(each) for each in ranges]
    if len(ranges) == 2 and families[0] == families[1] != 0:
        yield invalid(at, ranges, _TWO_OF_A_KIND)


def service_cidr_change(new: Object, old: Object) -> Errors:
    """A range stays; a second one, of the other family, may come."""
    after, before = values(new, "spec", "cidrs"), values(old, "spec", "cidrs")
    if (len(before), len(after)) == (1, 2):
        yield from _unchanged(after[:1], before)
        yield from service_cidr(new)
    elif len(before) == len(after):
        yield from _unchanged(after, before)
    else:
        yield invalid("spec.cidrs", after or part(new, "spec").get("cidrs"), IMMUTABLE)


def _unchanged(after: list[str], before: list[str]) -> Errors:
    for index, (now, then) in enumerate(zip(after, before, strict=True)):
        if now != then:
            yield invalid(f"spec.cidrs[{index}]", now, IMMUTABLE)


def _family(network: str) -> int:
    try:
        return ipaddress.ip_network(network, strict=False).version
    except ValueError:
        return 0

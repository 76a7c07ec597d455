"""Rules of Nodes (upstream: ValidateNode)."""

from kubeade.api.errors import FieldError
from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    messages,
    not_supported,
    required,
    shown,
)
from kubeade.api.validation.names import label_value, qualified_name
from kubeade.api.validation.paths import cidr
from kubeade.api.validation.quantities import quantity
from kubeade.api.validation.scheduling import TAINT_EFFECTS


def node(found: Object) -> Errors:
    # Upstream names the taints' path after the metadata.
    yield from _taints(parts(found, "spec", "taints"), "metadata.taints")
    for key in ("capacity", "allocatable"):
        for name, value in part(found, "status", key).items():
            yield from quantity(name, value, f"status.{key}.{name}")
    for index, network in enumerate(values(found, "spec", "podCIDRs")):
        yield from cidr(str(network), f"spec.podCIDRs[{index}]")


def _taints(taints: list[Object], path: str) -> Errors:
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        at = f"{path}[{index}]"
        key, value, effect = text(taint, "key"), text(taint, "value"), text(taint, "effect")
        yield from messages(f"{at}.key", key, qualified_name(key))
        if errors := label_value(value):
            yield invalid(f"{at}.value", value, ";".join(errors))
        if not effect:
            yield required(f"{at}.effect")
        elif effect not in TAINT_EFFECTS:
            yield not_supported(f"{at}.effect", effect, TAINT_EFFECTS)
        if (key, effect) in seen:
            detail = "taints must be unique by key and effect pair"
            message = f"Duplicate value: {shown(taint)}: {detail}"
            yield FieldError(at, "FieldValueDuplicate", message)
        seen.add((key, effect))


def node_change(new: Object, old: Object) -> Errors:
    after, before = part(new, "spec"), part(old, "spec")
    addresses = parts(new, "status", "addresses")
    for index, address in enumerate(addresses):
        if address in addresses[:index]:
            yield duplicate(f"status.addresses[{index}]", address)
    for key, shown_key in (("podCIDRs", "podCIDR"), ("providerID", "providerID")):
        if before.get(key) and after.get(key) != before[key]:
            detail = f'node updates may not change {shown_key} except from "" to valid'
            yield forbidden(f"spec.{key}", detail)

"""Fields of features that upstream has switched off by default: whoever sets them is told nothing.

They are dropped from new objects, and from changed ones that did not have them. Cluster components do as they
say where they are set: it is the API server that has the switch.
"""

from kubeade.api.parts import part, parts
from kubeade.api.resource import Object
from kubeade.api.strategy import kinds

_DISABLED: dict[kinds.Key, tuple[tuple[str, ...], ...]] = {
    ("coordination.k8s.io", "leases"): (("spec", "strategy"), ("spec", "preferredHolder")),
    ("apps", "statefulsets"): (("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"),),
    kinds.CSI_DRIVERS: (("spec", "preventPodSchedulingIfMissing"),),
}
"""Paths by kind."""
_LISTS_OF_A_DEVICE = ("bools", "ints", "strings", "versions")


def drop_disabled(key: kinds.Key, obj: Object, old: Object | None) -> None:
    """Drop, in place, what may not be set. `old` is None for a new object."""
    for *above, field in _DISABLED.get(key, ()):
        if old is None or field not in part(old, *above):
            part(obj, *above).pop(field, None)
    if key == kinds.ENDPOINT_SLICES and (old is None or old.get("endpoints") != obj.get("endpoints")):
        for endpoint in parts(obj, "endpoints"):  # only v1beta1 could write these
            endpoint.pop("deprecatedTopology", None)
    if key == kinds.RESOURCE_SLICES:
        _drop_of_devices(parts(obj, "spec", "devices"), parts(old, "spec", "devices"))


def _drop_of_devices(devices: list[Object], old: list[Object]) -> None:
    """Lists as attributes, and what devices take of their node: if no device had any before."""
    lists = any(key in each for device in old for each in _attributes(device) for key in _LISTS_OF_A_DEVICE)
    mapped = any(device.get("nodeAllocatableResourceMappings") for device in old)
    for device in devices:
        if not mapped:
            device.pop("nodeAllocatableResourceMappings", None)
        for attribute in _attributes(device) if not lists else ():
            for key in _LISTS_OF_A_DEVICE:
                attribute.pop(key, None)


def _attributes(device: Object) -> list[Object]:
    return [each for each in part(device, "attributes").values() if isinstance(each, dict)]

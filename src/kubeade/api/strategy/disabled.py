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
}
"""Paths by kind."""


def drop_disabled(key: kinds.Key, obj: Object, old: Object | None) -> None:
    """Drop, in place, what may not be set. `old` is None for a new object."""
    for *above, field in _DISABLED.get(key, ()):
        if old is None or field not in part(old, *above):
            part(obj, *above).pop(field, None)
    if key == kinds.ENDPOINT_SLICES and (old is None or old.get("endpoints") != obj.get("endpoints")):
        for endpoint in parts(obj, "endpoints"):  # only v1beta1 could write these
            endpoint.pop("deprecatedTopology", None)

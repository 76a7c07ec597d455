"""PersistentVolumeClaims: `dataSource` and `dataSourceRef` say the same; given one, both are kept."""

from kubeade.api.parts import part
from kubeade.api.resource import Object

_KNOWN = {("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot")}


def normalize_data_source(claim: Object) -> None:
    """Drop sources that nobody understands, then copy what is left to the other field."""
    spec = part(claim, "spec")
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and not reference and (source.get("apiGroup") or "", source.get("kind")) not in _KNOWN:
        source = None
        spec.pop("dataSource")
    if source and not reference:
        spec["dataSourceRef"] = dict(source)
    if reference and not source and not reference.get("namespace"):
        spec["dataSource"] = dict(reference)

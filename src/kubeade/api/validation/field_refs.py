"""Rules of references into the pod itself: the downward API (upstream: validateObjectFieldSelector)."""

import re

from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, invalid, messages, not_supported, required
from kubeade.api.validation.names import qualified_name

ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
VOLUME_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_POD_FIELDS = {*ENV_FIELDS, *VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase"}
_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_SUBSCRIPT = re.compile(r"(.*)\['(.*)'\]", re.DOTALL)
_BYTE_DIVISORS = ("1", *(f"1{unit}" for unit in "kMGTPE"), *(f"1{unit}i" for unit in "KMGTPE"))


def field_ref(reference: Object, supported: tuple[str, ...], path: str) -> Errors:
    """A field of the pod, by path; labels and annotations may be taken by key."""
    for key in ("apiVersion", "fieldPath"):
        if not text(reference, key):
            yield required(f"{path}.{key}")
            return
    field_path = text(reference, "fieldPath")
    subscript = _SUBSCRIPT.fullmatch(field_path)
    known = subscript.group(1) if subscript else field_path
    if reference["apiVersion"] != "v1" or known not in _POD_FIELDS:
        reason = f"field label not supported: {field_path}"
        if reference["apiVersion"] != "v1":
            reason = f"unsupported pod version: {reference['apiVersion']}"
        yield invalid(f"{path}.fieldPath", field_path, f"error converting fieldPath: {reason}")
    elif subscript:
        yield from _subscript(known, subscript.group(2), path)
    elif field_path not in supported:
        yield not_supported(f"{path}.fieldPath", field_path, supported)


def _subscript(known: str, key: str, path: str) -> Errors:
    if known == "metadata.annotations":
        yield from messages(path, key.lower(), qualified_name(key.lower()))
    elif known == "metadata.labels":
        yield from messages(path, key, qualified_name(key))
    else:
        yield invalid(path, known, "does not support subscript")


def resource_field_ref(reference: Object, path: str, *, in_volume: bool) -> Errors:
    """An amount of a container of the pod; a volume has to say which container."""
    resource = text(reference, "resource")
    if in_volume and not text(reference, "containerName"):
        yield required(f"{path}.containerName")
    elif not resource:
        yield required(f"{path}.resource")
    elif resource not in _RESOURCES and not resource.startswith(("limits.hugepages-", "requests.hugepages-")):
        yield not_supported(f"{path}.resource", resource, _RESOURCES)
    yield from _divisor(resource, str(part(reference).get("divisor") or "0"), path)


def _divisor(resource: str, divisor: str, path: str) -> Errors:
    kind = resource.partition(".")[2]
    if divisor == "0" or not kind:
        return
    if kind == "cpu":
        if divisor not in ("1", "1m"):
            detail = "only divisor's values 1m and 1 are supported with the cpu resource"
            yield invalid(f"{path}.divisor", resource, detail)
    elif divisor not in _BYTE_DIVISORS:
        names = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}
        listed = ", ".join(_BYTE_DIVISORS)
        detail = (
            f"only divisor's values {listed} are supported with the {names.get(kind, 'hugepages')} resource"
        )
        yield invalid(f"{path}.divisor", resource, detail)

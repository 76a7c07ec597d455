"""The downward API: fields of a pod and resources of its containers as text. Pure."""

import json
from collections.abc import Mapping

from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object

CONTAINER_FIELDS = ("cpu", "memory", "ephemeral-storage")


class UnsupportedField(Exception):
    """The downward API has no such field."""


def field_value(pod: Object, path: str) -> str:
    """The value of a `fieldRef.fieldPath`; `pod` carries its current status."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    key = _subscript(path)
    if key is not None:
        maps = {
            "metadata.labels": metadata.get("labels"),
            "metadata.annotations": metadata.get("annotations"),
        }
        name = path.partition("[")[0]
        if name not in maps:
            raise UnsupportedField(f'fieldPath "{path}" does not support subscript')
        return str((maps[name] or {}).get(key, ""))
    values = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata.get("namespace", ""),
        "metadata.uid": metadata.get("uid", ""),
        "metadata.labels": _lines(metadata.get("labels") or {}),
        "metadata.annotations": _lines(metadata.get("annotations") or {}),
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "spec.host": spec.get("nodeName", ""),
        "status.hostIP": status.get("hostIP", ""),
        "status.hostIPs": ",".join(each["ip"] for each in status.get("hostIPs") or []),
        "status.podIP": status.get("podIP", ""),
        "status.podIPs": ",".join(each["ip"] for each in status.get("podIPs") or []),
    }
    if path not in values:
        raise UnsupportedField(f"unsupported fieldPath: {path}")
    return str(values[path])


def resource_value(container: Object, reference: Object, allocatable: Mapping[str, str]) -> str:
    """A `resourceFieldRef` in units of its divisor, rounded up; a missing limit is the node's."""
    where, _, name = reference["resource"].partition(".")
    supported = name in CONTAINER_FIELDS or name.startswith("hugepages-")
    if where not in ("limits", "requests") or not supported:
        raise UnsupportedField(f"unsupported container resource : {reference['resource']}")
    resources = container.get("resources") or {}
    amount = (resources.get(where) or {}).get(name)
    if amount is None:
        amount = allocatable.get(name, "0") if where == "limits" else "0"
    divisor = str(reference.get("divisor") or "1")
    return str(_divide(str(amount), "1" if divisor == "0" else divisor, in_millis=name == "cpu"))


def _divide(amount: str, divisor: str, *, in_millis: bool) -> int:
    one, other = Quantity.parse(amount), Quantity.parse(divisor)
    if in_millis:
        return -(-one.milli_value() // other.milli_value())
    return -(-one.value() // other.value())


def _subscript(path: str) -> str | None:
    if not path.endswith("']") or "['" not in path:
        return None
    return path.partition("['")[2][:-2]


def _lines(entries: Mapping[str, str]) -> str:
    """`key="value"` a line, sorted, quoted as upstream does."""
    return "\n".join(f"{key}={json.dumps(entries[key], ensure_ascii=False)}" for key in sorted(entries))

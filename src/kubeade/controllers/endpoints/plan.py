"""Decides the Endpoints object of a Service. Pure; upstream: pkg/controller/endpoint."""

from collections.abc import Iterable

import msgspec

from kubeade.api.parts import part, parts, text
from kubeade.api.pod_state import is_ready
from kubeade.api.resource import Object
from kubeade.api.service_endpoints import (
    HEADLESS,
    LAST_CHANGE_TRIGGER_TIME,
    address_of_family,
    hostname_of,
    ip_families,
    is_headless,
    may_serve,
    ports_of,
)

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
MOST_ADDRESSES = 1000
_encode = msgspec.json.Encoder(order="deterministic").encode


def plan(service: Object, pods: Iterable[Object], current: Object | None, trigger_time: str) -> Object | None:
    """The Endpoints as they should be; None when `current` is right already."""
    subsets, cut = _subsets(service, pods)
    labels = labels_of(service)
    annotations = dict(part(current, "metadata", "annotations"))
    annotations.pop(OVER_CAPACITY, None)
    if cut:
        annotations[OVER_CAPACITY] = "truncated"
    if current is not None and _is_right(current, subsets, labels, annotations):
        return None
    annotations.pop(LAST_CHANGE_TRIGGER_TIME, None)
    if trigger_time:
        annotations[LAST_CHANGE_TRIGGER_TIME] = trigger_time
    base = current or {"metadata": {key: service["metadata"][key] for key in ("name", "namespace")}}
    metadata = {**base["metadata"], "labels": labels, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets}


def labels_of(service: Object) -> dict[str, str]:
    labels = {**part(service, "metadata", "labels"), MANAGED_BY: MANAGER}
    labels.pop(HEADLESS, None)
    if is_headless(service):
        labels[HEADLESS] = ""
    return labels


def _is_right(current: Object, subsets: list[Object], labels: Object, annotations: Object) -> bool:
    return (
        (current.get("subsets") or []) == subsets
        and part(current, "metadata", "labels") == labels
        and part(current, "metadata", "annotations") == annotations
    )


def _subsets(service: Object, pods: Iterable[Object]) -> tuple[list[Object], bool]:
    family = ip_families(service)[0]
    tolerant = bool(part(service, "spec").get("publishNotReadyAddresses"))
    groups: dict[bytes, Object] = {}
    members = [pod for pod in pods if may_serve(pod, include_terminating=tolerant)]
    members.sort(key=lambda pod: (address_of_family(pod, family), text(pod, "metadata", "uid")))
    placed = 0
    for pod in members:
        address = address_of_family(pod, family)
        ports = ports_of(service, pod)
        if not address or (not ports and parts(service, "spec", "ports")):
            continue
        if placed == MOST_ADDRESSES:
            return _ordered(groups), True
        placed += 1
        group = groups.setdefault(_encode(ports), {"ports": ports} if ports else {})
        kind = "addresses" if tolerant or is_ready(pod) else "notReadyAddresses"
        group.setdefault(kind, []).append(_address(service, pod, address))
    return _ordered(groups), False


def _ordered(groups: dict[bytes, Object]) -> list[Object]:
    keys = ("addresses", "notReadyAddresses", "ports")
    return [{k: groups[key][k] for k in keys if k in groups[key]} for key in sorted(groups)]


def _address(service: Object, pod: Object, address: str) -> Object:
    metadata = pod["metadata"]
    entry: Object = {"ip": address}
    if node := text(pod, "spec", "nodeName"):
        entry["nodeName"] = node
    if hostname := hostname_of(pod, service):
        entry["hostname"] = hostname
    entry["targetRef"] = {
        "kind": "Pod",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    return entry

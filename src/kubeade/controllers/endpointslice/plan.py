"""Decides the EndpointSlices of a Service: what goes in, and how little has to be rewritten for it.

Pure; upstream: staging/src/k8s.io/endpointslice. Slices are filled up to 100 endpoints; those already there
stay where they are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from kubeade.api.ownership import controller_reference, is_being_deleted
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

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
MOST_ENDPOINTS = 100
ZONE = "topology.kubernetes.io/zone"
_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(slots=True)
class Plan:
    """Slices to write. New ones have no name yet."""

    create: list[Object] = field(default_factory=list)
    update: list[Object] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """Endpoints with the same address type and the same ports."""

    family: str
    ports: list[Object]
    endpoints: dict[str, Object] = field(default_factory=dict)


def plan(
    service: Object,
    pods: Iterable[Object],
    zone_of: Callable[[str], str],
    existing: Iterable[Object],
    trigger_time: str,
) -> Plan:
    """`zone_of` names a node's zone; `trigger_time` is when what caused the change happened, or ""."""
    result = Plan()
    groups = _groups(service, list(pods), zone_of)
    by_group: dict[bytes, list[Object]] = {}
    for one in existing:
        if not is_being_deleted(one):
            by_group.setdefault(_group_key(one["addressType"], parts(one, "ports")), []).append(one)
    for key, group in groups.items():
        _fill(service, group, by_group.pop(key, []), trigger_time, result)
    leftovers = [one for slices in by_group.values() for one in slices]
    if leftovers and result.create:
        _reuse(leftovers, result)
    result.delete += leftovers
    return result


def _reuse(leftovers: list[Object], result: Plan) -> None:
    """Slices whose ports have changed are rewritten rather than replaced."""
    for wanted in list(result.create):
        match = next((one for one in leftovers if one["addressType"] == wanted["addressType"]), None)
        if match is None:
            continue
        leftovers.remove(match)
        result.create.remove(wanted)
        metadata = {**match["metadata"], "labels": wanted["metadata"]["labels"]}
        metadata["annotations"] = wanted["metadata"].get("annotations") or {}
        result.update.append({**wanted, "metadata": metadata})


def _groups(service: Object, pods: list[Object], zone_of: Callable[[str], str]) -> dict[bytes, _Group]:
    groups: dict[bytes, _Group] = {}
    for family in ip_families(service):
        filled = False
        for pod in pods:
            address = address_of_family(pod, family)
            if not address or not may_serve(pod, include_terminating=True):
                continue
            ports = ports_of(service, pod)
            if not ports and parts(service, "spec", "ports"):
                continue
            filled = True
            group = groups.setdefault(_group_key(family, ports), _Group(family, ports))
            group.endpoints[pod["metadata"]["uid"]] = endpoint_of(service, pod, address, zone_of)
        if not filled:
            groups[_group_key(family, [])] = _Group(family, [])
    return groups


def endpoint_of(service: Object, pod: Object, address: str, zone_of: Callable[[str], str]) -> Object:
    serving, terminating = is_ready(pod), is_being_deleted(pod)
    tolerant = bool(part(service, "spec").get("publishNotReadyAddresses"))
    metadata, node = pod["metadata"], text(pod, "spec", "nodeName")
    endpoint: Object = {
        "addresses": [address],
        "conditions": {
            "ready": tolerant or (serving and not terminating),
            "serving": serving,
            "terminating": terminating,
        },
        "targetRef": {
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
    }
    if node:
        endpoint["nodeName"] = node
    zone = zone_of(node) if node else ""
    if zone:
        endpoint["zone"] = zone
    if hostname := hostname_of(pod, service):
        endpoint["hostname"] = hostname
    if endpoint["conditions"]["ready"] and (hints := _hints(service, node, zone)):
        endpoint["hints"] = hints
    return endpoint


def _hints(service: Object, node: str, zone: str) -> Object:
    """For a Service whose trafficDistribution prefers what is near."""
    preference = text(service, "spec", "trafficDistribution")
    hints: Object = {}
    if zone and preference in ("PreferClose", "PreferSameZone", "PreferSameNode"):
        hints["forZones"] = [{"name": zone}]
    if node and preference == "PreferSameNode":
        hints["forNodes"] = [{"name": node}]
    return hints


def _fill(service: Object, group: _Group, existing: list[Object], trigger_time: str, result: Plan) -> None:
    waiting = dict(group.endpoints)
    kept = [(one, _kept(one, waiting)) for one in existing]
    for one, endpoints in kept:
        while waiting and len(endpoints) < MOST_ENDPOINTS:
            endpoints.append(waiting.pop(next(iter(waiting))))
        empty = not endpoints and (group.endpoints or len(kept) > 1)
        if (empty and one is not kept[0][0]) or (empty and group.endpoints):
            result.delete.append(one)
            continue
        wanted = _slice(service, group, endpoints, trigger_time, one)
        if _differs(one, wanted):
            result.update.append(wanted)
    while waiting or not (kept or group.endpoints):
        chosen = [waiting.pop(uid) for uid in list(waiting)[:MOST_ENDPOINTS]]
        result.create.append(_slice(service, group, chosen, trigger_time, None))
        if not chosen:
            return


def _kept(one: Object, waiting: dict[str, Object]) -> list[Object]:
    """The endpoints of a slice that are still wanted, in their new state."""
    kept = []
    for endpoint in parts(one, "endpoints"):
        wanted = waiting.pop(text(endpoint, "targetRef", "uid"), None)
        if wanted is not None:
            kept.append(wanted)
    return kept


def _slice(
    service: Object, group: _Group, endpoints: list[Object], trigger_time: str, former: Object | None
) -> Object:
    metadata = dict(former["metadata"]) if former else _new_metadata(service)
    metadata["labels"] = labels_of(service, part(metadata, "labels"))
    annotations = dict(part(metadata, "annotations"))
    annotations.pop(LAST_CHANGE_TRIGGER_TIME, None)
    if trigger_time:
        annotations[LAST_CHANGE_TRIGGER_TIME] = trigger_time
    metadata["annotations"] = annotations
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": group.family,
        "endpoints": endpoints,
        "ports": group.ports,
    }


def _new_metadata(service: Object) -> Object:
    owner = controller_reference({"apiVersion": "v1", "kind": "Service", **service})
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    return {"generateName": f"{name}-", "namespace": namespace, "ownerReferences": [owner]}


def labels_of(service: Object, current: Object) -> dict[str, str]:
    """The Service's labels and the controller's own, over those that others have put there."""
    own = {SERVICE_NAME: service["metadata"]["name"], MANAGED_BY: MANAGER}
    inherited = {k: v for k, v in part(service, "metadata", "labels").items() if k not in (*own, HEADLESS)}
    if is_headless(service):
        own[HEADLESS] = ""
    return {**inherited, **own}


def _differs(former: Object, wanted: Object) -> bool:
    """The trigger time alone is no reason to write."""
    same_content = all((former.get(key) or []) == (wanted.get(key) or []) for key in ("endpoints", "ports"))
    return not same_content or part(former, "metadata", "labels") != part(wanted, "metadata", "labels")


def _group_key(family: str, ports: list[Object]) -> bytes:
    return _encode([family, sorted(ports, key=_encode)])

"""The EndpointSlices that say what an Endpoints object says.

Pure; upstream: pkg/controller/endpointslicemirroring. One slice per subset and address family, with at most
1000 addresses of a subset.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from kubeade.api.ownership import controller_reference
from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslicemirroring-controller.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
SKIP_MIRROR = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"
NOT_COPIED = (
    "endpoints.kubernetes.io/last-change-trigger-time",
    "kubectl.kubernetes.io/last-applied-configuration",
)
MOST_ADDRESSES = 1000
_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(slots=True)
class Plan:
    """Slices to write; new ones have no name yet. `skipped` addresses were invalid or too many."""

    create: list[Object] = field(default_factory=list)
    update: list[Object] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    invalid: int = 0
    skipped: int = 0


def should_mirror(endpoints: Object | None, service: Object | None) -> bool:
    """Not what a controller makes from a selector, nor what is marked otherwise."""
    if endpoints is None or service is None or part(service, "spec").get("selector"):
        return False
    skipped = text(endpoints, "metadata", "labels", SKIP_MIRROR) == "true"
    return not skipped and LEADER not in part(endpoints, "metadata", "annotations")


def plan(endpoints: Object, existing: Iterable[Object]) -> Plan:
    result = Plan()
    current = {_key(one["addressType"], parts(one, "ports")): one for one in existing}
    extra = [one for one in existing if current[_key(one["addressType"], parts(one, "ports"))] is not one]
    for key, (family, ports, listed) in _groups(endpoints, result).items():
        wanted = _slice(endpoints, family, ports, listed)
        former = current.pop(key, None)
        if former is None:
            result.create.append(wanted)
        elif _differs(former, wanted):
            result.update.append({**wanted, "metadata": {**former["metadata"], **_said(wanted)}})
    result.delete = [*current.values(), *extra]
    return result


def _groups(endpoints: Object, result: Plan) -> dict[bytes, tuple[str, list[Object], list[Object]]]:
    groups: dict[bytes, tuple[str, list[Object], list[Object]]] = {}
    for subset in parts(endpoints, "subsets"):
        ports = [_port(one) for one in parts(subset, "ports")]
        entries = [(one, True) for one in parts(subset, "addresses")]
        entries += [(one, False) for one in parts(subset, "notReadyAddresses")]
        result.skipped += max(0, len(entries) - MOST_ADDRESSES)
        for address, ready in entries[:MOST_ADDRESSES]:
            try:
                parsed = ipaddress.ip_address(text(address, "ip"))
            except ValueError:
                result.invalid += 1
                continue
            family = f"IPv{parsed.version}"
            group = groups.setdefault(_key(family, ports), (family, ports, []))
            group[2].append(_endpoint(address, str(parsed), ready=ready))
    return groups


def _port(port: Object) -> Object:
    found = {"name": port.get("name") or "", "port": port["port"], "protocol": port.get("protocol") or "TCP"}
    if port.get("appProtocol"):
        found["appProtocol"] = port["appProtocol"]
    return found


def _endpoint(address: Object, ip: str, *, ready: bool) -> Object:
    endpoint: Object = {"addresses": [ip], "conditions": {"ready": ready}}
    for key in ("hostname", "nodeName", "targetRef"):
        if address.get(key):
            endpoint[key] = address[key]
    return endpoint


def _slice(endpoints: Object, family: str, ports: list[Object], listed: list[Object]) -> Object:
    metadata, name = endpoints["metadata"], endpoints["metadata"]["name"]
    annotations = {k: v for k, v in part(metadata, "annotations").items() if k not in NOT_COPIED}
    owner = controller_reference({"apiVersion": "v1", "kind": "Endpoints", **endpoints})
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{name}-",
            "namespace": metadata["namespace"],
            "labels": {**part(metadata, "labels"), SERVICE_NAME: name, MANAGED_BY: MANAGER},
            "annotations": annotations,
            "ownerReferences": [owner],
        },
        "addressType": family,
        "endpoints": listed,
        "ports": ports,
    }


def _said(one: Object) -> Object:
    return {key: part(one, "metadata", key) for key in ("labels", "annotations")}


def _differs(former: Object, wanted: Object) -> bool:
    return _said(former) != _said(wanted) or (former.get("endpoints") or []) != wanted["endpoints"]


def _key(family: str, ports: list[Object]) -> bytes:
    return _encode([family, sorted(ports, key=_encode)])

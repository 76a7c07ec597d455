"""Whether this node can take a pod that was assigned to it. Pure; reasons and messages are upstream's.

The scheduler has looked at all this before; but it may have been wrong, or somebody set `nodeName` himself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kubeade.api.node_selectors import matches_required
from kubeade.api.pod_requests import amounts, pod_requests
from kubeade.api.resource import Object
from kubeade.api.sysctls import SAFE_SYSCTLS
from kubeade.api.taints import untolerated
from kubeade.kubelet import pods


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: str
    message: str


def admit(
    pod: Object, others: Iterable[Object], node: Object | None, allocatable: Mapping[str, str]
) -> Refusal | None:
    """Why the pod is refused, or None. `others` are the active pods of this node."""
    others = list(others)
    return (
        _refuse_system(pod)
        or _refuse_resources(pod, others, allocatable)
        or _refuse_ports(pod, others)
        or _refuse_node(pod, node)
        or _refuse_sysctls(pod)
    )


def _refuse_system(pod: Object) -> Refusal | None:
    wanted = (pod["spec"].get("os") or {}).get("name")
    if wanted in (None, "linux"):
        return None
    return Refusal("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")


def _refuse_resources(pod: Object, others: list[Object], allocatable: Mapping[str, str]) -> Refusal | None:
    capacity = amounts(dict(allocatable))
    if len(others) + 1 > capacity.get("pods", len(others) + 1):
        return _out_of("pods", 1, len(others), capacity["pods"])
    used = [pod_requests(each) for each in others]
    for name, wanted in pod_requests(pod).items():
        if name not in capacity and _is_extended(name):
            continue  # of the cluster, not of this node: whoever advertises it on the Node also keeps count
        taken = sum(each.get(name, 0) for each in used)
        if wanted and taken + wanted > capacity.get(name, 0):
            return _out_of(name, wanted, taken, capacity.get(name, 0))
    return None


def _is_extended(resource: str) -> bool:
    return "/" in resource and "kubernetes.io/" not in resource


def _out_of(name: str, requested: int, used: int, capacity: int) -> Refusal:
    numbers = f"requested: {requested}, used: {used}, capacity: {capacity}"
    return Refusal(f"OutOf{name}", f"Node didn't have enough resource: {name}, {numbers}")


def _refuse_ports(pod: Object, others: list[Object]) -> Refusal | None:
    taken = {port for each in others for port in _host_ports(each)}
    for address, protocol, number in _host_ports(pod):
        for other in taken:
            same_address = address in ("0.0.0.0", other[0]) or other[0] == "0.0.0.0"  # noqa: S104
            if other[1:] == (protocol, number) and same_address:
                return _predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    return None


def _host_ports(pod: Object) -> list[tuple[str, str, int]]:
    return [
        (port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", port["hostPort"])  # noqa: S104
        for container in [*pods.app_containers(pod), *pods.init_containers(pod)]
        for port in container.get("ports") or []
        if port.get("hostPort")
    ]


def _refuse_node(pod: Object, node: Object | None) -> Refusal | None:
    if node is None:
        return None
    if not matches_required(pod["spec"], node):
        return _predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    taints = node["spec"].get("taints") or []
    if untolerated(taints, pod["spec"].get("tolerations"), ("NoExecute",)) is not None:
        return _predicate("TaintToleration", "node(s) had untolerated taint(s)")
    return None


def _predicate(name: str, why: str) -> Refusal:
    return Refusal(name, f"Predicate {name} failed: {why}")


def _refuse_sysctls(pod: Object) -> Refusal | None:
    for sysctl in (pod["spec"].get("securityContext") or {}).get("sysctls") or []:
        name = sysctl["name"].replace("/", ".")
        if name not in SAFE_SYSCTLS:
            return Refusal("SysctlForbidden", f'forbidden sysctl: "{name}" not allowlisted')
        if name.startswith("net.") and pods.uses_host_network(pod):
            return Refusal("SysctlForbidden", f'forbidden sysctl: "{name}" not allowed with host net enabled')
    return None

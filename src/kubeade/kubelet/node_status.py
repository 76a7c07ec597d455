"""The Node object of this machine: labels, addresses, capacity, conditions. Pure."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kubeade.api.pod_requests import amount
from kubeade.api.resource import Object
from kubeade.cri.types import Image, RuntimeCondition
from kubeade.kubelet.config import KubeletConfig, architecture
from kubeade.kubelet.pod_fields import Mode
from kubeade.lib.timestamps import format_time

IMAGES_REPORTED = 50
CONDITION_FACTS = {
    "MemoryPressure": (
        ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
    ),
    "DiskPressure": (
        ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("KubeletHasDiskPressure", "kubelet has disk pressure"),
    ),
    "PIDPressure": (
        ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
    ),
}
"""Reason and message of each condition: while it does not hold, and while it does."""


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What the machine and the runtime say of themselves."""

    runtime_version: str
    hostname: str
    machine_id: str = ""
    system_uuid: str = ""
    boot_id: str = ""
    os_image: str = ""
    kernel_version: str = ""


@dataclass(frozen=True, slots=True)
class NodeObservation:
    """What changes while the node runs."""

    now: datetime
    runtime_conditions: list[RuntimeCondition] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    pressures: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)


def allocatable(config: KubeletConfig) -> dict[str, str]:
    """Capacity without what is reserved."""
    capacity = config.full_capacity()
    left = dict(capacity)
    for name, reserved in config.reserved.items():
        if name not in capacity:
            continue
        remaining = max(0, amount(name, capacity[name]) - amount(name, reserved))
        left[name] = f"{remaining}m" if name == "cpu" else str(remaining)
    return left


def new_node(config: KubeletConfig, status: Object) -> Object:
    """The Node as it is registered."""
    spec: Object = {}
    if config.taints:
        spec["taints"] = config.taints
    if config.provider_id:
        spec["providerID"] = config.provider_id
    metadata: Object = {"name": config.node_name, "labels": node_labels(config)}
    if config.annotations:
        metadata["annotations"] = config.annotations
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec, "status": status}


def node_labels(config: KubeletConfig) -> dict[str, str]:
    return {
        "beta.kubernetes.io/arch": architecture(),
        "beta.kubernetes.io/os": platform.system().lower(),
        "kubernetes.io/arch": architecture(),
        "kubernetes.io/hostname": config.node_name,
        "kubernetes.io/os": platform.system().lower(),
        **config.labels,
    }


def node_status(
    config: KubeletConfig, facts: MachineFacts, seen: NodeObservation, old: Mapping[str, Object]
) -> Object:
    """`status` as it should be now; `old` are the conditions by type that the server has."""
    status: Object = {
        "addresses": [
            *({"type": "InternalIP", "address": each} for each in config.addresses),
            {"type": "Hostname", "address": facts.hostname},
        ],
        "capacity": config.full_capacity(),
        "allocatable": allocatable(config),
        "conditions": [_dated(each, seen.now, old) for each in _conditions(seen)],
        "nodeInfo": _node_info(config, facts),
        "images": _images(seen.images),
    }
    isolated = config.mode is Mode.NAMESPACES
    if seen.handlers:
        features = {"recursiveReadOnlyMounts": isolated, "userNamespaces": False}
        status["runtimeHandlers"] = [{"name": each, "features": features} for each in seen.handlers]
        status["features"] = {"supplementalGroupsPolicy": isolated}
    if config.serve_port:
        status["daemonEndpoints"] = {"kubeletEndpoint": {"Port": config.serve_port}}
    return status


def _node_info(config: KubeletConfig, facts: MachineFacts) -> Object:
    return {
        "machineID": facts.machine_id,
        "systemUUID": facts.system_uuid,
        "bootID": facts.boot_id,
        "kernelVersion": facts.kernel_version,
        "osImage": facts.os_image,
        "containerRuntimeVersion": facts.runtime_version,
        "kubeletVersion": config.kubernetes_version,
        "kubeProxyVersion": "",
        "operatingSystem": platform.system().lower(),
        "architecture": architecture(),
    }


def _images(images: list[Image]) -> list[Object]:
    largest = sorted(images, key=lambda each: each.size, reverse=True)[:IMAGES_REPORTED]
    return [{"names": [*each.repo_digests, *each.repo_tags][:5], "sizeBytes": each.size} for each in largest]


def _conditions(seen: NodeObservation) -> list[Object]:
    pressures = [_pressure(name, name in seen.pressures) for name in CONDITION_FACTS]
    return [*pressures, _ready(seen.runtime_conditions)]


def _pressure(name: str, holds: bool) -> Object:
    reason, message = CONDITION_FACTS[name][holds]
    return {"type": name, "status": str(holds), "reason": reason, "message": message}


def _ready(conditions: list[RuntimeCondition]) -> Object:
    problems = [
        f"{'container runtime network' if each.type == 'NetworkReady' else 'container runtime'} not ready:"
        f" {each.type}=false reason:{each.reason} message:{each.message}"
        for each in conditions
        if not each.status
    ]
    if problems:
        message = "[" + ", ".join(problems) + "]" if len(problems) > 1 else problems[0]
        return {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": message}
    message = "kubelet is posting ready status"
    return {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": message}


def _dated(condition: Object, now: datetime, old: Mapping[str, Object]) -> Object:
    before = old.get(condition["type"])
    changed = before is None or before.get("status") != condition["status"]
    transition = format_time(now) if changed or before is None else before.get("lastTransitionTime")
    return {**condition, "lastHeartbeatTime": format_time(now), "lastTransitionTime": transition}

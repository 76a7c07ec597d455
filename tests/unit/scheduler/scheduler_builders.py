"""Pods and nodes for scheduler tests, with only what a test is about."""

from typing import Any

from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.pod_info import PodInfo


def node(name: str, *, cpu: str = "4", memory: str = "8Gi", pods: str = "110", **spec: Any) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name, **spec.pop("labels", {})}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods}},
    }


def pod(name: str, *, requests: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "default", "uid": f"uid-{name}"}
    metadata |= {key: spec.pop(key) for key in ("labels", "ownerReferences") if key in spec}
    containers = [{"name": "c", "image": "i", "resources": {"requests": requests or {}}}]
    return {
        "metadata": metadata,
        "spec": {"containers": containers, "schedulerName": "default-scheduler", **spec},
    }


def info(name: str, **given: Any) -> PodInfo:
    return PodInfo.of(pod(name, **given))


def cluster(*nodes: dict[str, Any]) -> Cluster:
    made = Cluster()
    for one in nodes:
        made.set_node(one)
    return made

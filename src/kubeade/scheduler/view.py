"""Keeps the scheduler's `Cluster` and queue in step with what the API shows.

An assumed placement holds until the API confirms it, or until binding failed.
"""

from collections.abc import Callable

from kubeade.api.resource import Object, Resource
from kubeade.api.resources import (
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    STORAGE_CLASSES,
)
from kubeade.reconcile.informer import Informers, key_of
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.pod_info import PodInfo
from kubeade.scheduler.queue import SchedulingQueue

FINISHED = ("Succeeded", "Failed")


class ClusterView:
    """Informer handlers of the scheduler named `name`."""

    def __init__(self, name: str, informers: Informers, cluster: Cluster, queue: SchedulingQueue) -> None:
        self._name = name
        self._cluster = cluster
        self._queue = queue
        self._assumed: set[str] = set()
        informers.of(NODES).add_handler(self._node_changed)
        informers.of(PODS).add_handler(self._pod_changed)
        informers.of(NAMESPACES).add_handler(self._namespace_changed)
        for resource, kept in (
            (PERSISTENT_VOLUME_CLAIMS, cluster.claims),
            (PERSISTENT_VOLUMES, cluster.volumes),
            (STORAGE_CLASSES, cluster.storage_classes),
        ):
            informers.of(resource).add_handler(self._keeper(resource, kept))

    def is_placed(self, key: str) -> bool:
        return bool(self._cluster.node_of(key))

    def assume(self, pod: PodInfo, node_name: str) -> None:
        """Count the pod as placed from now on."""
        self._assumed.add(pod.key)
        self._cluster.place(pod, node_name)

    def forget(self, pod: PodInfo) -> None:
        """The placement did not come about."""
        if pod.key in self._assumed:
            self._assumed.discard(pod.key)
            self._cluster.displace(pod.key)

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            assert old is not None
            self._cluster.remove_node(old["metadata"]["name"])
            return
        self._cluster.set_node(new)
        if old is None or _offer(old) != _offer(new):
            self._queue.cluster_changed()

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None or new.get("status", {}).get("phase") in FINISHED:
            self._pod_gone(key_of(new or old or {}))
            return
        info = PodInfo.of(new)
        if new["spec"].get("nodeName"):
            self._assumed.discard(info.key)
            self._cluster.nominated.pop(info.key, None)
            self._queue.remove(info.key)
            self._cluster.place(info, new["spec"]["nodeName"])
            if info.affinity or (old is not None and old["metadata"].get("labels") != info.labels):
                self._queue.cluster_changed(lambda waiting: bool(waiting.affinity))
        elif self._is_mine(new) and info.key not in self._assumed:
            self._wait(info, old)

    def _wait(self, info: PodInfo, old: Object | None) -> None:
        if info.pod["metadata"].get("deletionTimestamp"):
            self._queue.remove(info.key)
            return
        if info.pod.get("status", {}).get("nominatedNodeName"):
            self._cluster.nominated[info.key] = info
        if old is None or old["spec"] != info.pod["spec"] or old["metadata"].get("labels") != info.labels:
            self._queue.add(info)

    def _pod_gone(self, key: str) -> None:
        self._queue.remove(key)
        self._assumed.discard(key)
        self._cluster.nominated.pop(key, None)
        if self._cluster.node_of(key):
            self._cluster.displace(key)
            self._queue.cluster_changed()

    def _is_mine(self, pod: Object) -> bool:
        gated = bool(pod["spec"].get("schedulingGates"))
        return pod["spec"].get("schedulerName") == self._name and not gated

    def _namespace_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            assert old is not None
            self._cluster.namespaces.pop(old["metadata"]["name"], None)
            return
        self._cluster.namespaces[new["metadata"]["name"]] = new["metadata"].get("labels") or {}

    def _keeper(
        self, resource: Resource, kept: dict[str, Object]
    ) -> Callable[[Object | None, Object | None], None]:
        def changed(old: Object | None, new: Object | None) -> None:
            if new is None:
                kept.pop(key_of(old or {}), None)
            else:
                kept[key_of(new)] = new
                self._queue.cluster_changed(lambda waiting: bool(waiting.spec.get("volumes")))

        return changed


def _offer(node: Object) -> tuple[object, ...]:
    """What of a node matters to waiting pods; its conditions and heartbeats do not."""
    status, spec, metadata = node.get("status", {}), node.get("spec", {}), node["metadata"]
    return (
        status.get("allocatable"),
        spec.get("taints"),
        spec.get("unschedulable"),
        metadata.get("labels"),
    )

"""What the cloud knows of a node's machine goes into the Node; a node whose machine is gone goes too.

Upstream: cloud-node and cloud-node-lifecycle controllers. Only for providers with instances.
"""

from kubeade.api.parts import parts, text
from kubeade.api.resource import Object
from kubeade.api.resources import NODES
from kubeade.client.client import Client
from kubeade.cloud.provider import Instance, Instances
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.informer import Informers

UNINITIALIZED_TAINT = "node.cloudprovider.kubernetes.io/uninitialized"
SHUTDOWN_TAINT = {"key": "node.cloudprovider.kubernetes.io/shutdown", "effect": "NoSchedule"}
REVIEW_SECONDS = 60.0


class NodeController:
    """One key is one Node."""

    def __init__(self, client: Client, informers: Informers, instances: Instances) -> None:
        self._client = client
        self._nodes = informers.of(NODES)
        self._instances = instances
        self.controller = Controller("cloud-node", self)
        self._nodes.add_handler(self._changed)

    async def reconcile(self, key: str) -> float | None:
        node = self._nodes.get(key)
        if node is None:
            return None
        instance = await self._instances.describe(node)
        if instance is None:
            if not is_ready(node):
                await self._client.delete(NODES, key, uid=node["metadata"]["uid"])
                return None
            return REVIEW_SECONDS
        change = initialization(node, instance, await self._instances.is_shut_down(node))
        if change:
            change["metadata"]["resourceVersion"] = node["metadata"]["resourceVersion"]
            await self._client.patch(NODES, key, change)
        return REVIEW_SECONDS

    def _changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None:
            self.controller.queue.add(new["metadata"]["name"])


def is_ready(node: Object) -> bool:
    conditions = parts(node, "status", "conditions")
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def initialization(node: Object, instance: Instance, shut_down: bool) -> Object:
    """The merge patch that brings the Node in line with its machine; empty when it is."""
    labels = {
        "node.kubernetes.io/instance-type": instance.instance_type,
        "topology.kubernetes.io/zone": instance.zone,
        "topology.kubernetes.io/region": instance.region,
        **instance.additional_labels,
    }
    current = node["metadata"].get("labels") or {}
    missing = {key: value for key, value in labels.items() if value and current.get(key) != value}
    spec: Object = {}
    if text(node, "spec", "providerID") != instance.provider_id:
        spec["providerID"] = instance.provider_id
    taints = parts(node, "spec", "taints")
    left = [one for one in taints if one.get("key") not in (UNINITIALIZED_TAINT, SHUTDOWN_TAINT["key"])]
    if shut_down:
        left = [*left, SHUTDOWN_TAINT]
    if left != taints:
        spec["taints"] = left
    if not missing and not spec:
        return {}
    return {"metadata": {"labels": missing} if missing else {}, "spec": spec}

"""What a node may write: itself without its taints, the status of its pods, mirror pods, its own lease."""

import pytest

from kubeade.api.errors import Forbidden
from kubeade.api.resources import LEASES, NODES, PODS
from kubeade.apiserver.admission.node_restriction import NodeRestriction
from kubeade.apiserver.seams import AdmissionAttributes, Operation, User

NODE = User("system:node:one", groups=("system:nodes",))
MIRROR = {"kubernetes.io/config.mirror": "hash"}


@pytest.fixture
def write(cluster):
    plugin = NodeRestriction(cluster)

    async def ask(operation, resource, new=None, old=None, subresource="", user=NODE, namespace="shop"):
        name = (new or old)["metadata"]["name"]
        attributes = AdmissionAttributes(
            operation, user, resource, resource.kind, namespace, name, subresource, new, old
        )
        await plugin.validate(attributes)

    return ask


def node(name="one", taints=(), **labels):
    labels = {key.replace("__", "/").replace("_", "."): value for key, value in labels.items()}
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": list(taints)}}


def pod(node_name="one", **metadata):
    return {"metadata": {"name": "p", **metadata}, "spec": {"nodeName": node_name}}


async def test_a_node_writes_itself_only(write):
    await write(Operation.CREATE, NODES, node(kubernetes_io__hostname="one"))
    with pytest.raises(Forbidden, match='node "one" is not allowed to modify node "two"'):
        await write(Operation.UPDATE, NODES, node("two"), node("two"))
    await write(Operation.UPDATE, NODES, node("two"), node("two"), user=User("admin"))


async def test_a_node_does_not_choose_what_steers_pods(write):
    with pytest.raises(Forbidden, match="is not allowed to modify taints"):
        await write(Operation.UPDATE, NODES, node(), node(taints=[{"key": "a", "effect": "NoSchedule"}]))
    for label in ("node-restriction_kubernetes_io__x", "node-role_kubernetes_io__master"):
        with pytest.raises(Forbidden, match="set the following labels"):
            await write(Operation.CREATE, NODES, node(**{label: ""}))
        with pytest.raises(Forbidden, match="is not allowed to modify labels"):
            await write(Operation.UPDATE, NODES, node(**{label: ""}), node())
    await write(Operation.UPDATE, NODES, node(example_org__x="", node_kubernetes_io__y=""), node())


async def test_a_node_reports_on_its_own_pods(write):
    await write(Operation.UPDATE, PODS, pod(), pod(), "status")
    with pytest.raises(Forbidden, match="can only update pod status for pods with spec"):
        await write(Operation.UPDATE, PODS, pod("two"), pod("two"), "status")
    with pytest.raises(Forbidden, match="cannot update labels through pod status"):
        await write(Operation.UPDATE, PODS, pod(labels={"a": "b"}), pod(), "status")
    with pytest.raises(Forbidden, match="unexpected operation"):
        await write(Operation.UPDATE, PODS, pod(), pod())


async def test_a_node_deletes_its_own_pods(write, cluster):
    await write(Operation.DELETE, PODS, None, pod())
    with pytest.raises(Forbidden, match="can only delete pods with spec"):
        await write(Operation.DELETE, PODS, None, pod("two"))


async def test_a_node_creates_mirror_pods_that_it_owns(write, cluster):
    uid = cluster.put(NODES, node())["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": "one", "uid": uid, "controller": True}
    await write(Operation.CREATE, PODS, pod(annotations=MIRROR, ownerReferences=[owner]))
    for bad, why in (
        (pod(ownerReferences=[owner]), "can only create mirror pods"),
        (pod("two", annotations=MIRROR, ownerReferences=[owner]), "set to itself"),
        (pod(annotations=MIRROR), "owner reference set to itself"),
        (pod(annotations=MIRROR, ownerReferences=[{**owner, "uid": "x"}]), "UID mismatch"),
    ):
        with pytest.raises(Forbidden, match=why):
            await write(Operation.CREATE, PODS, bad)
    reading = pod(annotations=MIRROR, ownerReferences=[owner])
    reading["spec"]["volumes"] = [{"name": "v", "secret": {"secretName": "s"}}]
    with pytest.raises(Forbidden, match="can not create pods that reference secrets"):
        await write(Operation.CREATE, PODS, reading)


async def test_a_node_keeps_its_own_lease(write):
    lease = {"metadata": {"name": "one"}}
    await write(Operation.CREATE, LEASES, lease, namespace="kube-node-lease")
    with pytest.raises(Forbidden, match="same name as the requesting node"):
        await write(Operation.CREATE, LEASES, {"metadata": {"name": "two"}}, namespace="kube-node-lease")

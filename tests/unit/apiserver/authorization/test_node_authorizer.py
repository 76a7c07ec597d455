"""What a node may know: its own objects, and what its pods lead to while they are bound to it."""

import pytest

from kubeade.api.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.seams import Attributes, User

NODE = User("system:node:one", groups=("system:nodes", "system:authenticated"))
OTHER = User("system:node:two", groups=("system:nodes", "system:authenticated"))


def pod(**spec):
    containers = [{"name": "c", "envFrom": [{"configMapRef": {"name": "menu"}}]}]
    volumes = [
        {"name": "s", "secret": {"secretName": "recipe"}},
        {"name": "p", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}},
        {"name": "d", "persistentVolumeClaim": {"claimName": "jars"}},
    ]
    spec = {"containers": containers, "volumes": volumes, "serviceAccountName": "seller", **spec}
    return {"metadata": {"name": "lemonade", "namespace": "shop"}, "spec": spec}


@pytest.fixture
def allowed(cluster):
    authorizer = build_authorizer(cluster).authorizer

    async def ask(user, verb, resource, name="", **more):
        attributes = Attributes(user, verb, resource=resource, name=name, **{"namespace": "shop", **more})
        return (await authorizer.authorize(attributes)).allowed

    return ask


async def test_a_node_reads_what_its_pods_refer_to_and_nothing_else(cluster, allowed):
    cluster.put(PODS, pod(nodeName="one"))
    for resource, name in [
        ("configmaps", "menu"),
        ("secrets", "recipe"),
        ("configmaps", "kube-root-ca.crt"),
        ("persistentvolumeclaims", "jars"),
        ("pods", "lemonade"),
        ("serviceaccounts", "seller"),
    ]:
        assert await allowed(NODE, "get", resource, name), (resource, name)
        assert not await allowed(OTHER, "get", resource, name), (resource, name)
    assert not await allowed(NODE, "get", "secrets", "another")
    assert not await allowed(NODE, "list", "secrets", "")
    assert not await allowed(NODE, "delete", "secrets", "recipe")


async def test_the_right_ends_with_the_pod(cluster, allowed):
    cluster.put(PODS, pod(nodeName="one"))
    assert await allowed(NODE, "get", "secrets", "recipe")
    cluster.delete(PODS, "lemonade", "shop")
    assert not await allowed(NODE, "get", "secrets", "recipe")


async def test_a_pod_that_is_not_bound_leads_nowhere(cluster, allowed):
    cluster.put(PODS, pod())
    assert not await allowed(NODE, "get", "secrets", "recipe")


async def test_a_mirror_pod_leads_nowhere(cluster, allowed):
    mirror = pod(nodeName="one")
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "hash"}
    cluster.put(PODS, mirror)
    assert not await allowed(NODE, "get", "secrets", "recipe")


async def test_a_volume_and_its_secret_are_reached_through_the_claim(cluster, allowed):
    cluster.put(PODS, pod(nodeName="one"))
    cluster.put(PERSISTENT_VOLUME_CLAIMS, {"metadata": {"name": "jars", "namespace": "shop"}, "spec": {}})
    csi = {"nodePublishSecretRef": {"name": "disk", "namespace": "vault"}}
    spec = {"claimRef": {"namespace": "shop", "name": "jars"}, "csi": csi}
    cluster.put(PERSISTENT_VOLUMES, {"metadata": {"name": "pv"}, "spec": spec})
    assert await allowed(NODE, "get", "persistentvolumes", "pv", namespace="")
    assert await allowed(NODE, "get", "secrets", "disk", namespace="vault")
    assert not await allowed(OTHER, "get", "persistentvolumes", "pv", namespace="")


async def test_a_node_gets_tokens_for_the_accounts_of_its_pods_only(cluster, allowed):
    cluster.put(PODS, pod(nodeName="one"))
    assert await allowed(NODE, "create", "serviceaccounts", "seller", subresource="token")
    assert not await allowed(NODE, "create", "serviceaccounts", "admin", subresource="token")
    assert not await allowed(OTHER, "create", "serviceaccounts", "seller", subresource="token")


async def test_a_node_keeps_its_own_lease_and_lists_its_own_pods(allowed):
    lease = {"group": "coordination.k8s.io", "namespace": "kube-node-lease"}
    assert await allowed(NODE, "update", "leases", "one", **lease)
    assert not await allowed(NODE, "update", "leases", "two", **lease)
    assert await allowed(NODE, "watch", "pods", field_selector="spec.nodeName=one", namespace="")
    assert not await allowed(NODE, "watch", "pods", field_selector="spec.nodeName=two", namespace="")
    assert await allowed(NODE, "get", "nodes", "one", namespace="")
    assert not await allowed(NODE, "get", "nodes", "two", namespace="")
    assert not await allowed(NODE, "list", "nodes", namespace="")

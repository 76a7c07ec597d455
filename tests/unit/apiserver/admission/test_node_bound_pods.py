"""Labels of a pod's place, resizes that its node cannot carry, and who attests trust bundles."""

import pytest

from kubeade.api.errors import Forbidden
from kubeade.api.resource import Resource
from kubeade.api.resources import NODES, PODS
from kubeade.apiserver.admission.chain import AdmissionChain
from kubeade.apiserver.admission.pod_resize import PodResizeValidator
from kubeade.apiserver.admission.pod_topology import PodTopologyLabels
from kubeade.apiserver.admission.trust_bundles import ClusterTrustBundleAttest
from kubeade.apiserver.seams import AdmissionAttributes, Decision, Operation, User

BUNDLES = Resource("certificates.k8s.io", "v1", "clustertrustbundles", "ClusterTrustBundle", False)
PLACE = {"topology.kubernetes.io/zone": "a", "topology.kubernetes.io/region": "r"}


async def admit(plugin, new, old=None, subresource="", resource=PODS):
    operation = Operation.UPDATE if old else Operation.CREATE
    attributes = AdmissionAttributes(
        operation, User("jane"), resource, resource.kind, "", "x", subresource, new, old
    )
    chain = AdmissionChain([plugin])
    await chain.mutate(attributes)
    await chain.validate(attributes)
    return attributes.object


def node(cluster, **labels):
    metadata = {"name": "n", "labels": {**PLACE, **labels}}
    cluster.put(NODES, {"metadata": metadata, "status": {"allocatable": {"cpu": "2", "memory": "1Gi"}}})


def pod(cpu="1", memory="1Mi"):
    resources = {"requests": {"cpu": cpu, "memory": memory}}
    spec = {"nodeName": "n", "containers": [{"name": "a", "resources": resources}]}
    return {"metadata": {"name": "x", "labels": {"app": "web"}}, "spec": spec}


@pytest.mark.parametrize(
    ("new", "subresource"),
    [
        (pod(), ""),
        ({"metadata": {"name": "x"}, "target": {"kind": "Node", "name": "n"}}, "binding"),
    ],
)
async def test_a_pod_on_a_node_carries_the_nodes_place(cluster, new, subresource):
    node(cluster)
    admitted = await admit(PodTopologyLabels(cluster), new, subresource=subresource)
    assert PLACE.items() <= admitted["metadata"]["labels"].items()


async def test_a_pod_on_no_node_carries_no_place(cluster):
    node(cluster)
    unplaced = {"metadata": {"name": "x"}, "spec": {}}
    assert "labels" not in (await admit(PodTopologyLabels(cluster), unplaced))["metadata"]


@pytest.mark.parametrize(
    ("new", "labels", "why"),
    [
        (pod("3"), {}, "cpu, requested: 3000, allocatable: 2000"),
        (pod("3", "2Gi"), {}, "allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824"),
        (pod("2"), {"kubernetes.io/os": "windows"}, 'node "n" is "windows"'),
    ],
)
async def test_a_resize_that_the_node_cannot_carry_is_refused(cluster, new, labels, why):
    node(cluster, **labels)
    with pytest.raises(Forbidden, match=why):
        await admit(PodResizeValidator(cluster), new, pod(), "resize")
    await admit(PodResizeValidator(cluster), pod(), pod(), "resize")


async def test_a_signers_bundle_is_published_by_those_who_may_attest():
    class Attesters:
        async def authorize(self, attributes):
            return Decision((attributes.verb, attributes.name) == ("attest", "example.com/*"))

    def bundle(signer, **metadata):
        return {"metadata": {"name": "x", **metadata}, "spec": {"signerName": signer, "trustBundle": "PEM"}}

    plugin = ClusterTrustBundleAttest(Attesters())
    await admit(plugin, bundle("example.com/mine"), resource=BUNDLES)
    await admit(plugin, bundle(""), resource=BUNDLES)
    other = bundle("other.com/theirs")
    with pytest.raises(Forbidden, match="not permitted to attest for signerName"):
        await admit(plugin, other, resource=BUNDLES)
    await admit(plugin, bundle("other.com/theirs", finalizers=["a/b"]), other, resource=BUNDLES)

"""What happens to a pod on its way in: account, token, priority, tolerations; and what is refused."""

import asyncio
import random

import pytest

from kubeade.api.errors import Forbidden, NotFound
from kubeade.api.resources import (
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    PRIORITY_CLASSES,
    SERVICE_ACCOUNTS,
    STORAGE_CLASSES,
)
from kubeade.apiserver.admission import service_account
from kubeade.apiserver.admission.build import build_admission
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.seams import AdmissionAttributes, Operation, User
from kubeade.lib.clock import SystemClock
from kubeade.lib.ids import Ids

USER = User("jane", groups=("system:authenticated",))
MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


@pytest.fixture
def shop(cluster):
    cluster.put(NAMESPACES, {"metadata": {"name": "shop"}, "status": {"phase": "Active"}})
    cluster.put(SERVICE_ACCOUNTS, {"metadata": {"name": "default", "namespace": "shop"}})
    return cluster


def pod(**spec):
    return {
        "metadata": {"name": "lemonade", "namespace": "shop"},
        "spec": {"containers": [{"name": "c"}], **spec},
    }


async def admit(cluster, resource, found, operation=Operation.CREATE, old=None, **more):
    chain = build_admission(cluster, build_authorizer(cluster), Ids(random.Random(1)), SystemClock()).chain
    namespace = "shop" if resource.namespaced else ""
    name = (found or old)["metadata"]["name"]
    attributes = AdmissionAttributes(
        operation, USER, resource, resource.kind, namespace, name, object=found, old_object=old, **more
    )
    await chain.mutate(attributes)
    await chain.validate(attributes)
    return attributes.object


async def test_a_pod_gets_the_default_account_and_its_token(shop):
    spec = (await admit(shop, PODS, pod(initContainers=[{"name": "i"}])))["spec"]
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    (volume,) = spec["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert volume["projected"]["sources"][0] == {
        "serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}
    }
    mount = {"name": volume["name"], "readOnly": True, "mountPath": MOUNT}
    assert spec["containers"][0]["volumeMounts"] == [mount]
    assert spec["initContainers"][0]["volumeMounts"] == [mount]


async def test_no_token_is_mounted_where_nobody_wants_it(shop):
    assert "volumes" not in (await admit(shop, PODS, pod(automountServiceAccountToken=False)))["spec"]
    own = [{"name": "c", "volumeMounts": [{"name": "x", "mountPath": MOUNT}]}]
    assert "volumes" not in (await admit(shop, PODS, pod(containers=own)))["spec"]


async def test_the_accounts_pull_secrets_are_the_pods_unless_it_has_its_own(shop):
    account = {
        "metadata": {"name": "puller", "namespace": "shop"},
        "imagePullSecrets": [{"name": "registry"}],
    }
    shop.put(SERVICE_ACCOUNTS, account)
    assert (await admit(shop, PODS, pod(serviceAccountName="puller")))["spec"]["imagePullSecrets"] == [
        {"name": "registry"}
    ]
    own = pod(serviceAccountName="puller", imagePullSecrets=[{"name": "own"}])
    assert (await admit(shop, PODS, own))["spec"]["imagePullSecrets"] == [{"name": "own"}]


async def test_an_absent_account_is_named(shop):
    with pytest.raises(Forbidden) as refused:
        await admit(shop, PODS, pod(serviceAccountName="nobody"))
    assert refused.value.message == (
        'pods "lemonade" is forbidden: error looking up service account shop/nobody: '
        'serviceaccount "nobody" not found'
    )


async def test_a_pod_waits_for_the_default_account_of_a_new_namespace(cluster):
    cluster.put(NAMESPACES, {"metadata": {"name": "shop"}})
    admitted = asyncio.create_task(admit(cluster, PODS, pod()))
    await asyncio.sleep(0)
    assert not admitted.done()
    cluster.put(SERVICE_ACCOUNTS, {"metadata": {"name": "default", "namespace": "shop"}})
    assert (await admitted)["spec"]["serviceAccountName"] == "default"


async def test_a_pod_does_not_wait_for_ever(cluster, monkeypatch):
    monkeypatch.setattr(service_account, "DEFAULT_ACCOUNT_PATIENCE_SECONDS", 0.01)
    cluster.put(NAMESPACES, {"metadata": {"name": "shop"}})
    with pytest.raises(Forbidden, match="error looking up service account shop/default"):
        await admit(cluster, PODS, pod())


async def test_an_account_may_insist_on_listed_secrets(shop):
    annotations = {"kubernetes.io/enforce-mountable-secrets": "true"}
    metadata = {"name": "strict", "namespace": "shop", "annotations": annotations}
    shop.put(SERVICE_ACCOUNTS, {"metadata": metadata, "secrets": [{"name": "known"}]})
    volumes = [{"name": "v", "secret": {"secretName": "unknown"}}]
    with pytest.raises(Forbidden, match=r'volume with secret\.secretName="unknown" is not allowed because'):
        await admit(shop, PODS, pod(serviceAccountName="strict", volumes=volumes))


async def test_nothing_is_created_in_a_namespace_that_is_absent_or_ending(shop):
    shop.put(NAMESPACES, {"metadata": {"name": "shop"}, "status": {"phase": "Terminating"}})
    with pytest.raises(Forbidden, match="because it is being terminated") as refused:
        await admit(shop, PODS, pod())
    assert refused.value.details["causes"][0]["reason"] == "NamespaceTerminating"
    await admit(shop, PODS, pod(), Operation.UPDATE, old=pod())
    shop.delete(NAMESPACES, "shop")
    with pytest.raises(NotFound, match='namespaces "shop" not found'):
        await admit(shop, PODS, pod())


async def test_some_namespaces_are_immortal(shop):
    for name in ("default", "kube-system", "kube-public"):
        with pytest.raises(Forbidden, match="this namespace may not be deleted"):
            await admit(shop, NAMESPACES, None, Operation.DELETE, old={"metadata": {"name": name}})
    await admit(shop, NAMESPACES, None, Operation.DELETE, old={"metadata": {"name": "shop"}})


async def test_a_class_gives_the_priority(shop):
    spec = (await admit(shop, PODS, pod()))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    shop.put(PRIORITY_CLASSES, {"metadata": {"name": "vip"}, "value": 9, "preemptionPolicy": "Never"})
    spec = (await admit(shop, PODS, pod(priorityClassName="vip")))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (9, "Never")
    with pytest.raises(Forbidden, match="no PriorityClass with name absent was found"):
        await admit(shop, PODS, pod(priorityClassName="absent"))
    with pytest.raises(Forbidden, match=r"the integer value of priority \(5\) must not be provided"):
        await admit(shop, PODS, pod(priorityClassName="vip", priority=5))


async def test_there_is_one_default_priority_class(shop):
    shop.put(PRIORITY_CLASSES, {"metadata": {"name": "usual"}, "value": 3, "globalDefault": True})
    spec = (await admit(shop, PODS, pod()))["spec"]
    assert (spec["priority"], spec["priorityClassName"]) == (3, "usual")
    another = {"metadata": {"name": "other"}, "value": 4, "globalDefault": True}
    with pytest.raises(Forbidden, match="PriorityClass usual is already marked as default"):
        await admit(shop, PRIORITY_CLASSES, another)


async def test_pods_stay_five_minutes_on_a_node_in_trouble(shop):
    tolerations = (await admit(shop, PODS, pod()))["spec"]["tolerations"]
    assert [(t["key"], t["tolerationSeconds"]) for t in tolerations] == [
        ("node.kubernetes.io/not-ready", 300),
        ("node.kubernetes.io/unreachable", 300),
    ]
    everything = [{"operator": "Exists"}]
    assert (await admit(shop, PODS, pod(tolerations=everything)))["spec"]["tolerations"] == everything


async def test_a_new_node_is_tainted_until_it_is_ready(shop):
    node = await admit(shop, NODES, {"metadata": {"name": "one"}})
    assert node["spec"]["taints"] == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]


async def test_a_claim_gets_the_newest_default_class_and_is_protected(shop):
    marks = {"storageclass.kubernetes.io/is-default-class": "true"}
    for name, created in (("old", "2025-01-01T00:00:00Z"), ("new", "2026-01-01T00:00:00Z")):
        metadata = {"name": name, "annotations": marks, "creationTimestamp": created}
        shop.put(STORAGE_CLASSES, {"metadata": metadata})
    claim = await admit(shop, PERSISTENT_VOLUME_CLAIMS, {"metadata": {"name": "jar"}, "spec": {}})
    assert claim["spec"]["storageClassName"] == "new"
    assert claim["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    none = {"metadata": {"name": "jar"}, "spec": {"storageClassName": ""}}
    assert (await admit(shop, PERSISTENT_VOLUME_CLAIMS, none))["spec"]["storageClassName"] == ""

from typing import Any

import pytest

from kubeade.api.catalogue import Catalogue
from kubeade.api.resource import Object, Resource
from kubeade.api.resource_type import ResourceType, custom_resource_type
from kubeade.api.strategy import prepare_for_create, prepare_for_update

NOW = "2026-01-02T03:04:05Z"
CATALOGUE = Catalogue.built_in()


def kind(group: str, plural: str) -> ResourceType:
    found = CATALOGUE.any_version(group, plural)
    assert found is not None
    return found


def made(resource_type: ResourceType, obj: Object) -> Object:
    prepare_for_create(resource_type, obj, NOW)
    return obj


def changed(resource_type: ResourceType, old: Object, new: Object, subresource: str = "") -> Object:
    prepare_for_update(resource_type, new, old, subresource, NOW)
    return new


def named(**fields: Any) -> Object:
    return {"metadata": {"name": "a", "uid": "u"}, **fields}


def lemonades(*subresources: str) -> ResourceType:
    resource = Resource("stand.example", "v1", "lemonades", "Lemonade")
    return custom_resource_type(resource, {"plural": "lemonades"}, subresources, "v1")


def test_a_new_object_brings_no_status() -> None:
    obj = made(kind("apps", "deployments"), named(spec={}, status={"replicas": 9}))
    assert obj["status"] == {}
    assert obj["metadata"]["generation"] == 1


def test_a_node_registers_with_its_status() -> None:
    assert made(kind("", "nodes"), named(status={"phase": "x"}))["status"] == {"phase": "x"}


def test_a_new_pod_is_pending() -> None:
    pod = made(
        kind("", "pods"), named(spec={"containers": [{"name": "c"}], "schedulingGates": [{"name": "g"}]})
    )
    assert pod["status"]["phase"] == "Pending"
    assert pod["status"]["qosClass"] == "BestEffort"
    assert pod["status"]["conditions"][0]["reason"] == "SchedulingGated"


def test_label_keys_of_a_new_pod_are_spelled_out() -> None:
    constraint = {"labelSelector": {"matchLabels": {"app": "a"}}, "matchLabelKeys": ["hash", "other"]}
    pod = named(spec={"containers": [], "topologySpreadConstraints": [constraint]})
    pod["metadata"]["labels"] = {"hash": "1"}
    made(kind("", "pods"), pod)
    selector = pod["spec"]["topologySpreadConstraints"][0]["labelSelector"]
    assert selector["matchExpressions"] == [{"key": "hash", "operator": "In", "values": ["1"]}]


def test_a_namespace_waits_for_its_content_and_can_be_selected_by_name() -> None:
    namespace = made(kind("", "namespaces"), named())
    assert namespace["spec"] == {"finalizers": ["kubernetes"]}
    assert namespace["status"] == {"phase": "Active"}
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "a"}
    updated = changed(kind("", "namespaces"), namespace, named(spec={"finalizers": []}))
    assert updated["spec"] == {"finalizers": ["kubernetes"]}
    finalized = named(spec={"finalizers": []}, status={"phase": "x"})
    assert changed(kind("", "namespaces"), namespace, finalized, "finalize")["spec"] == {"finalizers": []}
    assert finalized["status"] == {"phase": "Active"}


def test_a_job_selects_by_its_uid_unless_told_otherwise() -> None:
    job = made(kind("batch", "jobs"), named(spec={"template": {"metadata": {"labels": {"a": "b"}}}}))
    assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}
    assert job["spec"]["template"]["metadata"]["labels"] == {
        "a": "b",
        "job-name": "a",
        "controller-uid": "u",
        "batch.kubernetes.io/job-name": "a",
        "batch.kubernetes.io/controller-uid": "u",
    }
    assert made(kind("batch", "jobs"), named(spec={"manualSelector": True}))["spec"] == {
        "manualSelector": True
    }


def test_plain_text_of_a_secret_is_kept_encoded() -> None:
    secret = made(kind("", "secrets"), named(data={"a": "eA==", "b": "eQ=="}, stringData={"b": "z"}))
    assert secret["data"] == {"a": "eA==", "b": "eg=="}
    assert "stringData" not in secret


@pytest.mark.parametrize(
    ("field", "generation"), [("spec", 5), ("annotations", 5), ("labels", 4), ("status", 4)]
)
def test_a_deployments_generation_counts_orders_only(field: str, generation: int) -> None:
    old = {"metadata": {"name": "a", "generation": 4}, "spec": {"replicas": 1}, "status": {}}
    new: Object = {**old, "metadata": {"name": "a"}}
    if field in ("spec", "status"):
        new[field] = {"replicas": 2}
    else:
        new["metadata"][field] = {"x": "y"}
    assert changed(kind("apps", "deployments"), old, new)["metadata"]["generation"] == generation
    assert new["status"] == {}


def test_status_changes_nothing_but_status() -> None:
    old = {"metadata": {"name": "a", "generation": 4, "labels": {"l": "1"}}, "spec": {"replicas": 1}}
    new = {"metadata": {"name": "a"}, "spec": {"replicas": 2}, "status": {"replicas": 1}}
    assert changed(kind("apps", "deployments"), old, new, "status") == {**old, "status": {"replicas": 1}}


def test_a_pods_status_keeps_owners_and_quality_of_service() -> None:
    old = named(spec={"nodeName": "n"}, status={"qosClass": "Burstable"})
    old["metadata"]["ownerReferences"] = [{"uid": "o"}]
    new = changed(kind("", "pods"), old, named(spec={}, status={"phase": "Running"}), "status")
    assert new == {**old, "status": {"phase": "Running", "qosClass": "Burstable"}}


def test_pod_subresources_touch_their_own_fields() -> None:
    old = named(
        spec={"containers": [{"name": "c", "image": "i", "resources": {}}], "nodeName": "n"}, status={}
    )
    sent = named(
        spec={"containers": [{"name": "c", "image": "x", "resources": {"limits": {"cpu": "1"}}}]},
        status={"a": 1},
    )
    resized = changed(
        kind("", "pods"), old, dict(sent, metadata={"name": "a", "labels": {"x": "y"}}), "resize"
    )
    assert resized["spec"] == {
        "containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": "1"}}}],
        "nodeName": "n",
    }
    assert (resized["status"], resized["metadata"]) == ({}, {"name": "a", "generation": 1})
    debug = named(spec={"ephemeralContainers": [{"name": "d"}], "nodeName": "other"})
    debugged = changed(kind("", "pods"), old, debug, "ephemeralcontainers")
    assert debugged["spec"] == {**old["spec"], "ephemeralContainers": [{"name": "d"}]}


def test_a_service_that_leaves_the_cluster_gives_its_addresses_back() -> None:
    spec = {
        "type": "NodePort",
        "clusterIP": "10.0.0.1",
        "clusterIPs": ["10.0.0.1"],
        "ports": [{"port": 1, "nodePort": 30000}],
    }
    new = named(spec={**spec, "type": "ExternalName", "externalName": "x"})
    changed(kind("", "services"), named(spec=spec, status={}), new)
    assert new["spec"] == {"type": "ExternalName", "externalName": "x", "ports": [{"port": 1}]}


def test_a_signing_request_is_approved_only_by_approval() -> None:
    requests = kind("certificates.k8s.io", "certificatesigningrequests")
    approved = {"type": "Approved", "status": "True"}
    old = made(requests, named(spec={"request": "x"}, status={"conditions": [approved]}))
    assert old["status"] == {}
    sent = named(spec={}, status={"conditions": [approved], "certificate": "c"})
    new = changed(requests, old, sent, "approval")
    assert new["spec"] == {"request": "x"}
    assert new["status"] == {"conditions": [{**approved, "lastUpdateTime": NOW, "lastTransitionTime": NOW}]}


def test_daemon_sets_count_their_templates_in_an_annotation() -> None:
    daemon_sets = kind("apps", "daemonsets")
    name = "deprecated.daemonset.template.generation"
    old = made(daemon_sets, named(spec={"template": {"a": 1}}))
    assert old["metadata"]["annotations"] == {name: "1"}
    new = changed(daemon_sets, old, named(spec={"template": {"a": 2}}))
    assert new["metadata"]["annotations"] == {name: "2"}
    assert new["metadata"]["generation"] == 2


def test_custom_resources_with_and_without_status() -> None:
    with_status, without = lemonades("status"), lemonades()
    assert "status" not in made(with_status, named(status={"x": 1}))
    old = made(without, named(status={"x": 1}))
    assert old["status"] == {"x": 1}
    assert changed(without, old, named(status={"x": 2}))["metadata"]["generation"] == 2
    old = made(with_status, named(spec={}))
    new = named(spec={"a": 1}, status={"x": 1}, other=1)
    assert changed(with_status, old, new, "status") == {**old, "status": {"x": 1}}
    assert changed(with_status, old, named(spec={}, other=1))["metadata"]["generation"] == 2

"""Which pods a node refuses although they were assigned to it: resources."""

from typing import Any

from kubeade.kubelet.admission import admit

ALLOCATABLE = {"cpu": "2", "memory": "1Gi", "pods": "2"}


def pod(name: str, **requests: str) -> dict[str, Any]:
    named = {key.replace("__", "/").replace("_", "."): value for key, value in requests.items()}
    container = {"name": "c", "image": "i", "resources": {"requests": named, "limits": named}}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


def test_what_the_node_has_left_is_what_a_pod_can_have():
    assert admit(pod("a", cpu="1"), [pod("b", cpu="1")], None, ALLOCATABLE) is None
    refused = admit(pod("a", cpu="1500m"), [pod("b", cpu="1")], None, ALLOCATABLE)
    assert refused is not None
    assert refused.reason == "OutOfcpu"


def test_an_extended_resource_that_the_node_knows_nothing_of_is_none_of_its_business():
    assert admit(pod("a", example_com__foo="1"), [], None, ALLOCATABLE) is None


def test_an_extended_resource_of_the_node_is_counted():
    known = {**ALLOCATABLE, "example.com/foo": "1"}
    assert admit(pod("a", example_com__foo="1"), [], None, known) is None
    refused = admit(pod("a", example_com__foo="1"), [pod("b", example_com__foo="1")], None, known)
    assert refused is not None
    assert refused.reason == "OutOfexample.com/foo"


def test_a_resource_of_kubernetes_that_is_missing_is_refused():
    refused = admit(pod("a", **{"hugepages-2Mi": "2Mi"}), [], None, ALLOCATABLE)
    assert refused is not None
    assert refused.reason == "OutOfhugepages-2Mi"

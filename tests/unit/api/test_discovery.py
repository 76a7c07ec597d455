import pytest

from kubeade.api import discovery
from kubeade.api.catalogue import Catalogue
from kubeade.api.resource import Resource


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.built_in()


def test_groups_tell_their_preferred_version(catalogue: Catalogue) -> None:
    groups = {group["name"]: group for group in discovery.api_group_list(catalogue)["groups"]}
    assert "" not in groups
    assert groups["autoscaling"]["preferredVersion"] == {"groupVersion": "autoscaling/v2", "version": "v2"}
    group = discovery.api_group(catalogue, "apps")
    assert group is not None
    assert (group["kind"], group["name"]) == ("APIGroup", "apps")
    assert discovery.api_group(catalogue, "nothing.example") is None


def test_resources_and_subresources(catalogue: Catalogue) -> None:
    found = discovery.api_resource_list(catalogue, "", "v1")
    assert found is not None
    resources = {resource["name"]: resource for resource in found["resources"]}
    assert resources["pods"] == {
        "name": "pods",
        "singularName": "pod",
        "namespaced": True,
        "kind": "Pod",
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        "shortNames": ["po"],
        "categories": ["all"],
        "storageVersionHash": "xPOwRZ+Yhw8=",
    }
    assert resources["pods/eviction"] == {
        "name": "pods/eviction",
        "singularName": "",
        "namespaced": True,
        "group": "policy",
        "version": "v1",
        "kind": "Eviction",
        "verbs": ["create"],
    }
    assert "storageVersionHash" not in resources["bindings"]
    assert discovery.api_resource_list(catalogue, "apps", "v2") is None


@pytest.mark.parametrize("version", discovery.AGGREGATED_VERSIONS)
def test_all_in_one(catalogue: Catalogue, version: str) -> None:
    document = discovery.aggregated(catalogue, core=False, version=version)
    assert document["apiVersion"] == f"apidiscovery.k8s.io/{version}"
    groups = {item["metadata"]["name"]: item["versions"] for item in document["items"]}
    assert [each["version"] for each in groups["autoscaling"]] == ["v2", "v1"]
    deployments = next(each for each in groups["apps"][0]["resources"] if each["resource"] == "deployments")
    assert deployments["scope"] == "Namespaced"
    scale = next(each for each in deployments["subresources"] if each["subresource"] == "scale")
    assert scale["responseKind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    core = discovery.aggregated(catalogue, core=True, version=version)
    assert [item["metadata"].get("name") for item in core["items"]] == [None]


def test_the_hash_is_of_the_version_that_is_kept() -> None:
    events = Resource("", "v1", "events", "Event")
    assert discovery.storage_version_hash(events) == "r2yiGXH7wu8="

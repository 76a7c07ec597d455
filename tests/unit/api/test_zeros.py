"""What is left out of an object, and what is always there, as upstream's types have it."""

from typing import Any

import pytest

from kubeade.api.apply.field_manager import FieldManager
from kubeade.api.decoding import Decoder, FieldValidation
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import CONFIG_MAPS, NODES, PODS
from kubeade.api.schema import Schema
from kubeade.api.zeros import zero

SCHEMA = Schema.load("1.36")
NETWORK_POLICIES = Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", True)
ROLES = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role", True)
T0 = "2026-01-01T00:00:00Z"


def decoded(resource: Resource, **parts: Any) -> Object:
    obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {}, **parts}
    return Decoder(SCHEMA).decode(resource, obj, FieldValidation.STRICT)[0]


@pytest.mark.parametrize("field", ["hostNetwork", "hostPID", "nodeName", "volumes", "nodeSelector"])
def test_zeros_that_upstream_leaves_out_are_left_out(field: str) -> None:
    zeros = {"hostNetwork": False, "hostPID": False, "nodeName": "", "volumes": [], "nodeSelector": {}}
    spec = decoded(PODS, spec={"containers": [{"name": "c"}], field: zeros[field]})["spec"]
    assert field not in spec


@pytest.mark.parametrize(
    "field", ["automountServiceAccountToken", "terminationGracePeriodSeconds", "hostUsers"]
)
def test_zeros_that_say_something_stay(field: str) -> None:
    value = 0 if field == "terminationGracePeriodSeconds" else False
    assert decoded(PODS, spec={"containers": [{"name": "c"}], field: value})["spec"][field] == value


def test_structs_and_fields_that_are_always_there_are_put_in() -> None:
    pod = decoded(PODS, spec={"containers": [{"image": "i"}]})
    assert pod["spec"]["containers"] == [{"name": "", "image": "i", "resources": {}}]
    assert pod["status"] == {}
    assert decoded(NETWORK_POLICIES)["spec"] == {"podSelector": {}}


def test_an_item_that_is_null_is_the_zero_of_its_type() -> None:
    assert decoded(PODS, spec={"containers": [None]})["spec"]["containers"] == [{"name": "", "resources": {}}]


def test_what_is_put_in_is_nobody_elses() -> None:
    first, second = decoded(PODS, spec={"containers": []}), decoded(PODS, spec={"containers": []})
    first["status"]["phase"] = "Running"
    assert second["status"] == {}
    assert decoded(CONFIG_MAPS) == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}


def test_the_zero_of_a_struct_has_the_zeros_of_its_structs() -> None:
    node = SCHEMA.node(NODES)
    assert zero(node)["status"]["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 0}}


def owned(resource: Resource, live: Object | None, new: Object) -> Any:
    manager = FieldManager(SCHEMA.node(resource), resource.api_version, resource.kind)
    entries = manager.update(live, new, "me", T0)["metadata"].get("managedFields") or [{}]
    return entries[-1].get("fieldsV1")


def test_nobody_owns_what_is_always_there_until_it_says_something() -> None:
    bare = decoded(NETWORK_POLICIES)
    assert owned(NETWORK_POLICIES, None, bare) is None
    assert owned(
        NETWORK_POLICIES, None, decoded(NETWORK_POLICIES, spec={"podSelector": {"matchLabels": {"a": "b"}}})
    )


def test_who_takes_away_what_is_always_there_owns_its_absence() -> None:
    live = decoded(ROLES, rules=[{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}])
    live["metadata"]["managedFields"] = [
        {
            "manager": "other",
            "operation": "Update",
            "apiVersion": ROLES.api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:rules": {}},
        }
    ]
    assert owned(ROLES, live, decoded(ROLES)) == {"f:rules": {}}

"""An imitated version drops what it did not serve yet by default."""

import copy

import pytest

from kubeade.api.catalogue import Catalogue
from kubeade.api.schema import Schema
from kubeade.api.strategy.gates import LATEST_GATE, _gates, drop_gated

CATALOGUE = Catalogue.built_in()
PODS = CATALOGUE.find("", "v1", "pods")
JOBS = CATALOGUE.find("batch", "v1", "jobs")


def pod(**spec):
    return {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}], **spec}}


@pytest.mark.parametrize(
    ("minor", "kept"), [(30, set()), (33, {"hostUsers"}), (34, {"hostUsers", "resources"})]
)
def test_a_field_comes_with_its_version(minor, kept):
    found = pod(hostUsers=False, resources={"limits": {"cpu": "1"}})
    drop_gated(PODS, found, None, minor)
    assert found["spec"].keys() == {"containers"} | kept


def test_fields_within_lists_are_found():
    variable = {"name": "A", "valueFrom": {"fileKeyRef": {"key": "a"}}}
    found = pod(containers=[{"name": "c", "env": [variable]}, {"name": "d"}])
    drop_gated(PODS, found, None, 34)
    assert found["spec"]["containers"][0]["env"] == [{"name": "A", "valueFrom": {}}]


def test_what_was_there_stays():
    old = pod(hostUsers=False)
    new = copy.deepcopy(old)
    drop_gated(PODS, new, old, 30)
    assert new == old


def test_templates_are_looked_into():
    job = {"spec": {"managedBy": "a", "successPolicy": {}, "template": {"spec": {"hostUsers": False}}}}
    drop_gated(JOBS, job, None, 31)
    assert job == {"spec": {"successPolicy": {}, "template": {"spec": {}}}}


def test_the_newest_version_drops_nothing():
    found = pod(hostUsers=False, hostnameOverride="a")
    drop_gated(PODS, found, None, LATEST_GATE)
    assert found == pod(hostUsers=False, hostnameOverride="a")


@pytest.mark.parametrize("resource_type", [pytest.param(t, id=f"{t.group}/{t.plural}") for t in CATALOGUE])
def test_every_gated_field_is_one_of_the_newest_version(resource_type):
    root = Schema.load().node(resource_type.storage or resource_type.resource)
    for _, path in _gates((resource_type.group, resource_type.plural)):
        node = root
        for step in path:
            while node.type == "array":
                node = node.items
            assert step in node.fields, path
            node = node.fields[step]

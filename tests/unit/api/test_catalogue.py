import pytest

from kubeade.api import resources
from kubeade.api.catalogue import Catalogue, version_priority
from kubeade.api.resource import Resource
from kubeade.api.resource_type import custom_resource_type
from kubeade.api.schema import VERSIONS, Schema

LEMONADES = Resource("stand.example", "v1beta1", "lemonades", "Lemonade")
NAMES = {"plural": "lemonades", "singular": "lemonade", "kind": "Lemonade", "shortNames": ["lem"]}


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue.built_in()


def test_the_resources_our_components_name_are_those_of_the_catalogue(catalogue: Catalogue) -> None:
    for resource in vars(resources).values():
        if isinstance(resource, Resource):
            found = catalogue.find(resource.group, resource.version, resource.plural)
            assert found is not None
            assert found.resource == resource


@pytest.mark.parametrize("version", VERSIONS)
def test_every_kind_has_a_definition(version: str) -> None:
    schema = Schema.load(version)
    for resource_type in Catalogue.built_in(version):
        found = schema.find(resource_type.group, resource_type.version, resource_type.kind)
        assert found is not None, resource_type


@pytest.mark.parametrize("version", VERSIONS)
def test_every_stable_kind_of_the_definitions_is_served(version: str) -> None:
    schema, catalogue = Schema.load(version), Catalogue.built_in(version)
    served = {(t.group, t.version, t.kind) for t in catalogue}
    exchanged = {(s.group, s.version, s.kind) for t in catalogue for s in t.subresources.values()}
    for name in schema:
        node = schema.definition(name)
        if "metadata" in node.fields and "labels" in node.fields["metadata"].fields:
            for kind in node.schema.get("x-kubernetes-group-version-kind", []):
                if kind["version"] in ("v1", "v2"):
                    assert (kind["group"], kind["version"], kind["kind"]) in served | exchanged


def test_groups_come_in_upstreams_order(catalogue: Catalogue) -> None:
    assert catalogue.groups()[:4] == [
        "apiregistration.k8s.io",
        "apps",
        "events.k8s.io",
        "authentication.k8s.io",
    ]
    assert catalogue.versions("autoscaling") == ["v2", "v1"]


def test_older_versions_lack_what_came_later() -> None:
    old = Catalogue.built_in("1.30")
    assert old.find("resource.k8s.io", "v1", "resourceclaims") is None
    pods = old.find("", "v1", "pods")
    assert pods is not None
    assert "resize" not in pods.subresources
    assert "exec" in pods.subresources


def test_older_versions_have_what_went_later() -> None:
    old = Catalogue.built_in("1.31")
    assert old.versions("flowcontrol.apiserver.k8s.io") == ["v1", "v1beta3"]
    schemas = old.find("flowcontrol.apiserver.k8s.io", "v1beta3", "flowschemas")
    assert schemas is not None
    assert schemas.storage == Resource(
        "flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema", False
    )
    assert Catalogue.built_in("1.32").versions("flowcontrol.apiserver.k8s.io") == ["v1"]


def test_some_resources_are_never_kept(catalogue: Catalogue) -> None:
    virtual = {t.plural for t in catalogue if t.virtual}
    assert virtual == {
        "bindings", "componentstatuses", "selfsubjectreviews", "tokenreviews", "localsubjectaccessreviews",
        "selfsubjectaccessreviews", "selfsubjectrulesreviews", "subjectaccessreviews",
    }  # fmt: skip


def test_versions_that_share_their_objects(catalogue: Catalogue) -> None:
    shared = {(t.group, t.version, t.plural) for t in catalogue if t.storage and t.storage != t.resource}
    assert shared == {("events.k8s.io", "v1", "events"), ("autoscaling", "v1", "horizontalpodautoscalers")}


def test_custom_resources_come_and_go(catalogue: Catalogue) -> None:
    before = catalogue.generation
    v1beta1 = custom_resource_type(LEMONADES, NAMES, ["status"], "v1beta1")
    v1 = custom_resource_type(Resource("stand.example", "v1", "lemonades", "Lemonade"), NAMES, [], "v1beta1")
    catalogue.add(v1beta1)
    catalogue.add(v1)
    assert catalogue.groups()[-1] == "stand.example"
    assert catalogue.versions("stand.example") == ["v1", "v1beta1"]
    assert catalogue.any_version("stand.example", "lemonades") == v1
    assert catalogue.by_kind("stand.example", "v1beta1", "Lemonade") == v1beta1
    assert catalogue.generation > before
    catalogue.remove(v1)
    catalogue.remove(v1beta1)
    assert "stand.example" not in catalogue.groups()
    assert catalogue.find("stand.example", "v1", "lemonades") is None


def test_versions_sort_by_stability_then_number() -> None:
    versions = [
        "v10beta3",
        "foo1",
        "v1",
        "v11alpha2",
        "v3beta1",
        "v10",
        "foo10",
        "v12alpha1",
        "v2",
        "v11beta2",
    ]
    assert sorted(versions, key=version_priority) == [
        "v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10",
    ]  # fmt: skip

import pytest

from kubeade.api.resource import Resource
from kubeade.api.resources import CONFIG_MAPS, DEPLOYMENTS, PODS
from kubeade.api.schema import VERSIONS, Descriptions, Schema, definition_name
from kubeade.api.schema_node import Node


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema.load()


def at(node: Node, path: str) -> Node:
    for step in path.split("."):
        child = node.items if step == "[]" else node.values if step == "{}" else node.fields[step]
        assert child is not None, path
        node = child
    return node


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_knows_the_kinds_of_old(version: str) -> None:
    schema = Schema.load(version)
    assert at(schema.node(PODS), "spec.containers.[].image").type == "string"
    assert at(schema.node(CONFIG_MAPS), "data.{}").type == "string"


def test_unknown_version_names_the_known_ones() -> None:
    with pytest.raises(LookupError, match=r"no schema for Kubernetes 1.2: it must be one of 1.30, "):
        Schema.load("1.2")


def test_every_definition_resolves(schema: Schema) -> None:
    for name in schema:
        node = schema.definition(name)
        for field in node.fields.values():
            assert field.type


def test_list_metadata(schema: Schema) -> None:
    containers = at(schema.node(DEPLOYMENTS), "spec.template.spec.containers")
    assert (containers.list_type, containers.map_keys) == ("map", ("name",))
    assert (containers.patch_merge_key, containers.patch_strategies) == ("name", ("merge",))


def test_strategies_stand_next_to_a_reference(schema: Schema) -> None:
    strategy = at(schema.node(DEPLOYMENTS), "spec.strategy")
    assert strategy.patch_strategies == ("retainKeys",)
    assert strategy.fields["type"].type == "string"


def test_optional_map_keys_have_a_default(schema: Schema) -> None:
    assert at(schema.node(PODS), "spec.containers.[].ports.[].protocol").default == "TCP"


def test_special_scalars(schema: Schema) -> None:
    container = at(schema.node(PODS), "spec.containers.[]")
    assert at(container, "resources.limits.{}").type == "quantity"
    assert at(container, "livenessProbe.httpGet.port").type == "int-or-string"
    assert at(schema.node(PODS), "metadata.managedFields.[].fieldsV1").preserves_unknown_fields


def test_self_reference_is_followed_as_far_as_asked(schema: Schema) -> None:
    props = at(
        schema.definition(definition_name("apiextensions.k8s.io", "v1", "CustomResourceDefinition")),
        "spec.versions.[].schema.openAPIV3Schema",
    )
    assert at(props, "properties.{}.properties.{}.type").type == "string"


def test_custom_resources_come_and_go(schema: Schema) -> None:
    lemonades = Resource("stand.example", "v1", "lemonades", "Lemonade")
    spec = {"type": "object", "properties": {"sugar": {"type": "integer", "default": 3, "nullable": True}}}
    schema.add(lemonades, {"type": "object", "properties": {"spec": spec}})
    node = schema.node(lemonades)
    assert at(node, "spec.sugar").default == 3
    assert at(node, "spec.sugar").nullable
    assert at(node, "metadata.labels.{}").type == "string"
    schema.remove(lemonades)
    assert schema.find("stand.example", "v1", "Lemonade") is None
    assert schema.node(lemonades).preserves_unknown_fields


def test_descriptions_are_kept_apart() -> None:
    texts = Descriptions.load().of("io.k8s.api.core.v1.Pod")
    assert texts[""].startswith("Pod is a collection of containers")
    assert texts["spec"].startswith("Specification of the desired behavior of the pod.")

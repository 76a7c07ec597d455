from typing import Any

import msgspec
import pytest

from kubeade.api.catalogue import Catalogue
from kubeade.api.openapi import OpenApi
from kubeade.api.openapi.schemas import references
from kubeade.api.resource import Resource
from kubeade.api.resource_type import custom_resource_type
from kubeade.api.schema import Schema

LEMONADES = Resource("stand.example", "v1", "lemonades", "Lemonade")
SUGAR = {"type": "integer", "description": "spoons", "default": 2, "nullable": True, "minimum": 0}
STRUCTURAL = {
    "type": "object",
    "description": "A drink.",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {"sugar": SUGAR, "port": {"x-kubernetes-int-or-string": True}},
            "anyOf": [{"required": ["sugar"]}],
        }
    },
}


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue.built_in()


@pytest.fixture
def openapi(catalogue: Catalogue) -> OpenApi:
    schema = Schema.load()
    schema.add(LEMONADES, STRUCTURAL)
    catalogue.add(custom_resource_type(LEMONADES, {"plural": "lemonades"}, ["status"], "v1"))
    return OpenApi(schema, catalogue)


def read(document: bytes | None) -> dict[str, Any]:
    assert document is not None
    decoded: dict[str, Any] = msgspec.json.decode(document)
    return decoded


def test_the_index_leads_to_every_group_version(openapi: OpenApi, catalogue: Catalogue) -> None:
    paths = read(openapi.v3_index())["paths"]
    assert paths["api/v1"]["serverRelativeURL"].startswith("/openapi/v3/api/v1?hash=")
    assert len(paths) == len({(each.group, each.version) for each in catalogue})
    assert openapi.v3("apps", "v2") is None


def test_no_document_refers_to_what_it_does_not_hold(openapi: OpenApi, catalogue: Catalogue) -> None:
    for group, version in {(each.group, each.version) for each in catalogue}:
        document = read(openapi.v3(group, version))
        held = document["components"]["schemas"].keys()
        assert set(references(document, "#/components/schemas/")) <= held
    document = read(openapi.v2())
    assert set(references(document, "#/definitions/")) <= document["definitions"].keys()


def test_fields_are_described_beside_their_references(openapi: OpenApi) -> None:
    spec = read(openapi.v3("apps", "v1"))["components"]["schemas"]["io.k8s.api.apps.v1.DeploymentSpec"]
    strategy = spec["properties"]["strategy"]
    assert strategy["allOf"] == [{"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy"}]
    assert strategy["x-kubernetes-patch-strategy"] == "retainKeys"
    spec = read(openapi.v2())["definitions"]["io.k8s.api.apps.v1.DeploymentSpec"]
    assert spec["properties"]["strategy"]["$ref"] == "#/definitions/io.k8s.api.apps.v1.DeploymentStrategy"
    assert spec["properties"]["replicas"]["description"].startswith("Number of desired pods.")


def test_patches_say_that_they_can_be_rehearsed_and_validated(openapi: OpenApi) -> None:
    path = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    for document in (read(openapi.v3("apps", "v1")), read(openapi.v2())):
        patch = document["paths"][path]["patch"]
        assert patch["x-kubernetes-group-version-kind"] == {
            "group": "apps",
            "version": "v1",
            "kind": "Deployment",
        }
        names = {parameter["name"] for parameter in patch["parameters"] if parameter["in"] == "query"}
        assert names == {"dryRun", "fieldManager", "fieldValidation", "force"}


def test_operations_have_ids_of_their_own(openapi: OpenApi) -> None:
    paths = read(openapi.v2())["paths"]
    ids = [
        operation["operationId"]
        for item in paths.values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert len(ids) == len(set(ids))
    assert {"readAppsV1NamespacedDeploymentScale", "listCoreV1PodForAllNamespaces", "createCoreV1Node"} <= {
        *ids
    }


def test_custom_kinds_are_told_in_each_versions_words(openapi: OpenApi) -> None:
    v3 = read(openapi.v3("stand.example", "v1"))["components"]["schemas"]["example.stand.v1.Lemonade"]
    assert v3["properties"]["spec"]["properties"]["sugar"] == SUGAR
    assert v3["x-kubernetes-group-version-kind"][0]["kind"] == "Lemonade"
    v2 = read(openapi.v2())["definitions"]["example.stand.v1.Lemonade"]
    # Clients of v2 refuse a null where a type stands.
    assert v2["properties"]["spec"]["properties"]["sugar"] == {"description": "spoons", "minimum": 0}
    for form in (v2, v3):
        assert form["properties"]["apiVersion"]["description"].startswith("APIVersion defines the versioned")
    assert "anyOf" not in v2["properties"]["spec"]
    assert openapi.v2_protobuf()


def test_what_keeps_unknown_fields_is_only_an_object_in_v2(openapi: OpenApi, catalogue: Catalogue) -> None:
    kept = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    open_kind = Resource("stand.example", "v1", "mixes", "Mix")
    template = {**kept, "x-kubernetes-embedded-resource": True}
    holder = Resource("stand.example", "v1", "boxes", "Box")
    openapi._schema.add(open_kind, kept)
    openapi._schema.add(holder, {"type": "object", "properties": {"template": template}})
    for resource in (open_kind, holder):
        catalogue.add(custom_resource_type(resource, {"plural": resource.plural}, [], "v1"))
    v2 = read(openapi.v2())["definitions"]
    v3 = read(openapi.v3("stand.example", "v1"))["components"]["schemas"]
    mix = v2["example.stand.v1.Mix"]
    assert {key for key in mix if key != "x-kubernetes-group-version-kind"} == {"type"}
    assert "metadata" in v3["example.stand.v1.Mix"]["properties"]
    assert "properties" not in v2["example.stand.v1.Box"]["properties"]["template"]
    shown = v3["example.stand.v1.Box"]["properties"]["template"]
    assert set(shown["properties"]) == {"apiVersion", "kind", "metadata"}
    assert shown["required"] == ["kind", "apiVersion"]


def test_documents_follow_the_catalogue(openapi: OpenApi, catalogue: Catalogue) -> None:
    before, hash_before = openapi.v2(), openapi.v3_hash("stand.example", "v1")
    assert openapi.v2() is before
    found = catalogue.find("stand.example", "v1", "lemonades")
    assert found is not None
    catalogue.remove(found)
    assert openapi.v3("stand.example", "v1") is None
    assert b"Lemonade" in before
    assert b"Lemonade" not in openapi.v2()
    assert openapi.v3_hash("stand.example", "v1") != hash_before


def test_what_connects_has_an_operation_for_every_method(openapi: OpenApi) -> None:
    paths = read(openapi.v2())["paths"]
    pod = "/api/v1/namespaces/{namespace}/pods/{name}"
    assert set(paths[f"{pod}/exec"]) == {"parameters", "get", "post"}
    methods = {"delete", "get", "head", "options", "patch", "post", "put"}
    for path, name in ((f"{pod}/proxy", "Proxy"), (f"{pod}/proxy/{{path}}", "ProxyWithPath")):
        assert set(paths[path]) == {"parameters", *methods}
        operation = paths[path]["options"]
        assert operation["operationId"] == f"connectCoreV1OptionsNamespacedPod{name}"
        assert operation["x-kubernetes-action"] == "connect"
        assert operation["x-kubernetes-group-version-kind"]["kind"] == "PodProxyOptions"
    assert "/api/v1/nodes/{name}/proxy/{path}" in read(openapi.v3("", "v1"))["paths"]


def test_another_server_s_document_becomes_part_of_ours(openapi: OpenApi) -> None:
    theirs = {
        "paths": {"/apis/shop.example/v1/drinks": {"get": {"schema": {"$ref": "#/definitions/Drink"}}}},
        "definitions": {
            "Drink": {"properties": {"p": {"$ref": "#/definitions/io.k8s.api.core.v1.Pod"}}},
            "io.k8s.api.core.v1.Pod": {"type": "object"},
            "Unused": {},
        },
    }
    document = read(openapi.v2([theirs]))
    assert document["definitions"]["Drink"]["properties"]["p"] == {
        "$ref": "#/definitions/io.k8s.api.core.v1.Pod_v2"
    }
    assert document["definitions"]["io.k8s.api.core.v1.Pod_v2"] == {"type": "object"}
    assert "Unused" not in document["definitions"]
    assert "/apis/shop.example/v1/drinks" in document["paths"]
    assert "/apis/shop.example/v1/drinks" not in read(openapi.v2())["paths"]

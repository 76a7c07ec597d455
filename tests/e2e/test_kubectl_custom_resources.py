"""Kinds of one's own with a real kubectl, the newest and the oldest: defined, explained, used, changed, removed."""

import json
from collections.abc import Iterator

import pytest

from conftest import Kubectl

SCHEMA = {
    "type": "object",
    "description": "A lemonade stand.",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["cups"],
            "properties": {
                "cups": {"type": "integer", "minimum": 1, "description": "How many are to be poured."},
                "price": {"type": "string", "default": "1"},
                "color": {"type": "string", "enum": ["yellow", "pink"]},
                "menu": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}, "price": {"type": "integer"}},
                    },
                },
            },
            "x-kubernetes-validations": [{"rule": "self.cups < 50", "message": "nobody drinks that much"}],
        },
        "status": {"type": "object", "properties": {"cups": {"type": "integer"}}},
    },
}
SUBRESOURCES = {
    "status": {},
    "scale": {"specReplicasPath": ".spec.cups", "statusReplicasPath": ".status.cups"},
}
COLUMNS = [
    {"name": "Cups", "type": "integer", "jsonPath": ".spec.cups"},
    {"name": "Price", "type": "string", "jsonPath": ".spec.price"},
]


class Stands:
    """A kind of this test's own (definitions have no namespace, so its group is the namespace's)."""

    def __init__(self, kubectl: Kubectl) -> None:
        self.kubectl = kubectl
        self.group = f"{kubectl.namespace}.example.com"
        self.name = f"stands.{self.group}"

    def define(self) -> None:
        shared = {"served": True, "schema": {"openAPIV3Schema": SCHEMA}, "subresources": SUBRESOURCES}
        shared["additionalPrinterColumns"] = COLUMNS
        versions = [
            {"name": "v1beta1", "storage": False, "deprecated": True, **shared},
            {"name": "v1", "storage": True, "selectableFields": [{"jsonPath": ".spec.color"}], **shared},
        ]
        names = {"plural": "stands", "kind": "Stand", "shortNames": ["st"], "categories": ["all"]}
        spec = {"group": self.group, "scope": "Namespaced", "names": names, "versions": versions}
        definition = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": self.name},
            "spec": spec,
        }
        self.kubectl("apply", "-f", "-", stdin=json.dumps(definition))
        self.kubectl("wait", "--for=condition=Established", f"crd/{self.name}", "--timeout=5s")

    def manifest(self, name: str = "corner", **spec: object) -> str:
        metadata = {"name": name, "namespace": self.kubectl.namespace}
        kind = {"apiVersion": f"{self.group}/v1", "kind": "Stand"}
        return json.dumps({**kind, "metadata": metadata, "spec": spec})

    def apply(self, *arguments: str, **spec: object) -> str:
        return self.kubectl("apply", *arguments, "-f", "-", stdin=self.manifest(**spec))

    def field(self, path: str) -> str:
        return self.kubectl("get", self.name, "corner", "-o", f"jsonpath={{{path}}}")


@pytest.fixture
def stands(kubectl: Kubectl) -> Iterator[Stands]:
    found = Stands(kubectl)
    found.define()
    yield found
    kubectl("delete", "crd", found.name, "--ignore-not-found", "--timeout=20s")


def test_a_defined_kind_is_listed_explained_and_shown_at_once(stands: Stands) -> None:
    kubectl = stands.kubectl
    listed = kubectl("api-resources", "--api-group", stands.group)
    assert [word in listed for word in ("stands", "st", "Stand")] == [True] * 3
    assert "How many are to be poured." in kubectl("explain", f"{stands.name}.spec.cups")
    assert "created" in stands.apply(cups=3)
    assert kubectl("get", stands.name).split() == ["NAME", "CUPS", "PRICE", "corner", "3", "1"]
    assert "corner" in kubectl("get", "all")
    assert "Cups:   3" in kubectl("describe", stands.name, "corner")


def test_apply_changes_diffs_and_merges(stands: Stands) -> None:
    stands.apply(cups=3, menu=[{"name": "ade", "price": 2}])
    assert "configured" in stands.apply(cups=4, menu=[{"name": "ade", "price": 2}])
    assert "unchanged" in stands.apply(cups=4, menu=[{"name": "ade", "price": 2}])
    diff = stands.kubectl.run("diff", "-f", "-", stdin=stands.manifest(cups=5))
    assert (diff.returncode, "+  cups: 5" in diff.stdout) == (1, True), diff.stderr
    stands.kubectl("patch", stands.name, "corner", "--type=merge", "-p", '{"spec":{"cups":6}}')
    stands.kubectl(
        "patch", stands.name, "corner", "--type=json", "-p", '[{"op":"remove","path":"/spec/menu"}]'
    )
    assert stands.field(".spec") == '{"cups":6,"price":"1"}'
    strategic = stands.kubectl.run("patch", stands.name, "corner", "--type=strategic", "-p", "{}")
    assert (strategic.returncode, "is not supported" in strategic.stderr) == (1, True)


def test_server_side_apply_merges_lists_by_their_keys(stands: Stands) -> None:
    stands.apply("--server-side", "--field-manager=one", cups=3, menu=[{"name": "ade", "price": 2}])
    stands.apply("--server-side", "--field-manager=two", cups=3, menu=[{"name": "tea", "price": 1}])
    assert stands.field(".spec.menu[*].name") == "ade tea"
    refused = stands.kubectl.run(
        *("apply", "--server-side", "--field-manager=two", "-f", "-"), stdin=stands.manifest(cups=4)
    )
    assert 'conflict with "one"' in refused.stderr
    assert stands.field(".spec.cups") == "3"


def test_what_breaks_the_schema_or_a_rule_is_refused(stands: Stands) -> None:
    def refusal(**spec: object) -> str:
        return stands.kubectl.run("create", "-f", "-", stdin=stands.manifest(**spec)).stderr

    assert 'unknown field "spec.size"' in refusal(cups=1, size="L")
    assert "spec.cups in body should be greater than or equal to 1" in refusal(cups=0)
    assert 'Unsupported value: "red": supported values: "yellow", "pink"' in refusal(cups=1, color="red")
    assert "nobody drinks that much" in refusal(cups=50)
    assert "spec.cups: Required value" in refusal()


def test_status_and_scale_are_subresources(stands: Stands) -> None:
    stands.apply(cups=3)
    patch = '{"status":{"cups":2},"spec":{"cups":40}}'
    stands.kubectl("patch", stands.name, "corner", "--subresource=status", "--type=merge", "-p", patch)
    stands.kubectl("patch", stands.name, "corner", "--type=merge", "-p", '{"status":{"cups":9}}')
    assert (stands.field(".status.cups"), stands.field(".spec.cups")) == ("2", "3")
    stands.kubectl("scale", stands.name, "corner", "--replicas=7")
    assert stands.field(".spec.cups") == "7"
    assert stands.field(".metadata.generation") == "2"


def test_selectors_reach_into_custom_objects(stands: Stands) -> None:
    for name, color in (("a", "pink"), ("b", "yellow")):
        stands.kubectl("create", "-f", "-", stdin=stands.manifest(name, cups=1, color=color))
    stands.kubectl("label", stands.name, "b", "place=beach")
    by_field = stands.kubectl("get", stands.name, "--field-selector=spec.color=pink", "-o", "name")
    assert by_field.split() == [f"stand.{stands.group}/a"]
    by_label = stands.kubectl("get", stands.name, "-l", "place=beach", "-o", "name")
    assert by_label.split() == [f"stand.{stands.group}/b"]


def test_an_older_version_shows_the_same_object_and_warns(stands: Stands) -> None:
    stands.apply(cups=3)
    done = stands.kubectl.run("get", f"stands.v1beta1.{stands.group}", "corner", "-o", "json")
    assert json.loads(done.stdout)["apiVersion"] == f"{stands.group}/v1beta1"
    assert f"Warning: {stands.group}/v1beta1 Stand is deprecated; use {stands.group}/v1 Stand" in done.stderr


def test_what_a_custom_object_owns_goes_with_it(stands: Stands) -> None:
    stands.apply(cups=3)
    owner = {"apiVersion": f"{stands.group}/v1", "kind": "Stand", "name": "corner"}
    owner["uid"] = stands.field(".metadata.uid")
    metadata = {"name": "menu", "ownerReferences": [owner]}
    stands.kubectl(
        *("create", "-f", "-"),
        stdin=json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}),
    )
    stands.kubectl("delete", stands.name, "corner")
    stands.kubectl("wait", "--for=delete", "configmap/menu", "--timeout=20s")


def test_a_namespace_takes_its_custom_objects_along(stands: Stands) -> None:
    stands.apply(cups=3)
    stands.kubectl("create", "namespace", f"{stands.kubectl.namespace}-b")
    other = json.loads(stands.manifest(cups=1))
    other["metadata"]["namespace"] = f"{stands.kubectl.namespace}-b"
    there = Kubectl(stands.kubectl.program, stands.kubectl.kubeconfig, f"{stands.kubectl.namespace}-b")
    there("create", "-f", "-", stdin=json.dumps(other))
    stands.kubectl("delete", "namespace", there.namespace, "--timeout=30s")
    found = stands.kubectl("get", stands.name, "--all-namespaces", "-o", "name")
    assert found.split() == [f"stand.{stands.group}/corner"]


def test_a_deleted_definition_takes_everything_along(stands: Stands) -> None:
    stands.apply(cups=3)
    stands.kubectl("delete", "crd", stands.name, "--timeout=20s")
    gone = stands.kubectl.run("get", stands.name)
    assert gone.returncode == 1
    assert "the server" in gone.stderr
    stands.define()
    assert stands.kubectl("get", stands.name, "-o", "name") == ""

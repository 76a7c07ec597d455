"""Server-side apply: merging, conflicts, removal, and the way from client-side apply."""

import copy
import json

import pytest
from managed_samples import T0, T1, T2, config_map, owned

from kubeade.api.apply import FieldManager
from kubeade.api.apply.last_applied import ANNOTATION
from kubeade.api.errors import ApiError, BadRequest, Conflict
from kubeade.api.resource import Resource
from kubeade.api.schema import Schema


def test_the_first_apply_creates_and_owns_what_it_applies(deployments, deployment):
    applied = deployments.apply(None, deployment, "me", False, T0)
    (entry,) = applied["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"], entry["time"]) == ("me", "Apply", T0)
    container = entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert container == {
        'k:{"name":"c"}': {
            ".": {},
            "f:image": {},
            "f:name": {},
            "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
        }
    }
    assert entry["fieldsV1"]["f:spec"]["f:selector"] == {}
    assert "f:metadata" not in entry["fieldsV1"]
    assert applied["spec"] == deployment["spec"]


def test_applying_the_same_again_changes_nothing(config_maps):
    live = config_maps.apply(None, config_map(a="1"), "me", False, T0)
    assert config_maps.apply(live, config_map(a="1"), "me", False, T1) == live


def test_two_appliers_share_a_field_that_they_agree_on(config_maps):
    live = config_maps.apply(None, config_map(a="1"), "one", False, T0)
    both = config_maps.apply(live, config_map(a="1"), "two", False, T1)
    assert owned(both, "one") == owned(both, "two") == {"f:data": {"f:a": {}}}
    left = config_maps.apply(both, config_map(), "one", False, T2)
    assert left["data"] == {"a": "1"}


def test_a_field_no_longer_applied_goes_unless_another_owns_it(config_maps):
    live = config_maps.apply(None, config_map(a="1", b="1", c="1"), "me", False, T0)
    live = config_maps.update(live, config_map(a="1", b="2", c="1", d="1"), "editor", T1)
    after = config_maps.apply(live, config_map(a="1"), "me", False, T2)
    assert after["data"] == {"a": "1", "b": "2", "d": "1"}


def test_a_list_item_no_longer_applied_goes_with_what_was_defaulted_in_it(deployments, deployment):
    deployment["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "x"})
    live = deployments.apply(None, deployment, "me", False, T0)
    live["spec"]["template"]["spec"]["containers"][1]["imagePullPolicy"] = "Always"
    del deployment["spec"]["template"]["spec"]["containers"][1]
    after = deployments.apply(live, deployment, "me", False, T1)
    assert [c["name"] for c in after["spec"]["template"]["spec"]["containers"]] == ["c"]


def test_a_container_that_another_has_a_say_in_stays_with_what_is_theirs(deployments, deployment):
    containers = deployment["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "side", "image": "x"})
    live = deployments.apply(None, deployment, "me", False, T0)
    other = copy.deepcopy(deployment)
    other["spec"] = {"template": {"spec": {"containers": [{"name": "side", "tty": True}]}}}
    live = deployments.apply(live, other, "other", False, T1)
    del containers[1]
    after = deployments.apply(live, deployment, "me", False, T2)
    assert after["spec"]["template"]["spec"]["containers"][1] == {"name": "side", "tty": True}


def test_changing_anothers_field_is_a_conflict_in_upstreams_words(deployments, deployment):
    live = deployments.update(None, deployment, "kubectl-client-side-apply", T0)
    mine = copy.deepcopy(deployment)
    mine["spec"]["replicas"] = 5
    with pytest.raises(Conflict) as raised:
        deployments.apply(live, mine, "me", False, T1)
    assert raised.value.message == (
        "Apply failed with 1 conflict: "
        'conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas'
    )
    assert raised.value.details["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl-client-side-apply" using apps/v1',
            "field": ".spec.replicas",
        }
    ]


def test_several_conflicts_are_told_by_manager(config_maps):
    live = config_maps.apply(None, config_map(a="1", b="1"), "one", False, T0)
    live = config_maps.update(live, config_map(a="1", b="1", c="1"), "two", T0)
    with pytest.raises(Conflict) as raised:
        config_maps.apply(live, config_map(a="2", b="2", c="2"), "me", False, T1)
    assert raised.value.message == (
        'Apply failed with 3 conflicts: conflicts with "one":\n- .data.a\n- .data.b\n'
        'conflicts with "two" using v1:\n- .data.c'
    )


def test_force_takes_the_field_over(config_maps):
    live = config_maps.apply(None, config_map(a="1", b="1"), "one", False, T0)
    after = config_maps.apply(live, config_map(a="2"), "two", True, T1)
    assert after["data"] == {"a": "2", "b": "1"}
    assert owned(after, "one") == {"f:data": {"f:b": {}}}
    assert owned(after, "two") == {"f:data": {"f:a": {}}}


def test_an_untracked_object_belongs_to_before_first_apply(config_maps):
    live = config_map(a="1", b="1")
    after = config_maps.apply(live, config_map(a="1", c="1"), "me", False, T0)
    assert owned(after, "before-first-apply") == {"f:data": {".": {}, "f:a": {}, "f:b": {}}}
    with pytest.raises(Conflict, match="before-first-apply"):
        config_maps.apply(live, config_map(a="2"), "me", False, T0)


def test_an_atomic_list_is_applied_as_a_whole(deployments, deployment):
    containers = deployment["spec"]["template"]["spec"]["containers"]
    containers[0]["args"] = ["a", "b"]
    live = deployments.apply(None, deployment, "me", False, T0)
    changed = copy.deepcopy(deployment)
    changed["spec"]["template"]["spec"]["containers"][0]["args"] = ["c"]
    after = deployments.apply(live, changed, "me", False, T1)
    assert after["spec"]["template"]["spec"]["containers"][0]["args"] == ["c"]
    with pytest.raises(Conflict, match=r'containers\[name="c"\].args'):
        deployments.apply(live, changed, "other", False, T1)


def test_applied_items_keep_their_order_among_those_the_object_has(deployments, deployment):
    containers = deployment["spec"]["template"]["spec"]["containers"]
    containers[:] = [{"name": name, "image": "x"} for name in ("a", "injected", "b")]
    live = deployments.update(None, deployment, "other", T0)
    mine = copy.deepcopy(deployment)
    mine["spec"]["template"]["spec"]["containers"] = [{"name": n, "image": "x"} for n in ("b", "new", "a")]
    after = deployments.apply(live, mine, "me", True, T1)
    assert [c["name"] for c in after["spec"]["template"]["spec"]["containers"]] == [
        "injected",
        "b",
        "new",
        "a",
    ]


def test_kubectls_own_client_side_applies_are_no_conflict_and_its_annotation_follows(config_maps):
    last = config_map(a="1", b="1")
    live = copy.deepcopy(last)
    live["metadata"]["annotations"] = {ANNOTATION: json.dumps(last)}
    live = config_maps.update(None, live, "kubectl-client-side-apply", T0)
    after = config_maps.apply(live, config_map(a="<2>", b="1"), "kubectl", False, T1)
    assert after["data"] == {"a": "<2>", "b": "1"}
    annotation = after["metadata"]["annotations"][ANNOTATION]
    assert json.loads(annotation) == config_map(a="<2>", b="1")
    assert annotation.endswith("\n")
    assert "\\u003c2" in annotation
    with pytest.raises(Conflict):
        config_maps.apply(live, config_map(a="2"), "not-kubectl", False, T1)


def test_what_changed_since_kubectls_client_side_apply_still_is_a_conflict(config_maps):
    live = config_map(a="changed", b="1")
    live["metadata"]["annotations"] = {ANNOTATION: json.dumps(config_map(a="1", b="1"))}
    live = config_maps.update(None, live, "editor", T0)
    with pytest.raises(Conflict) as raised:
        config_maps.apply(live, config_map(a="2", b="2"), "kubectl", False, T1)
    assert [conflict["field"] for conflict in raised.value.details["causes"]] == [".data.a"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"replica": 1}, ".spec.replica: field not declared in schema"),
        ({"replicas": "1"}, ".spec.replicas: expected numeric (int or float), got string"),
        ({"paused": 1}, ".spec.paused: expected boolean, got &{1}"),
        ({"template": []}, ".spec.template: expected map, got &{[]}"),
        (
            {"template": {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}},
            '.spec.template.spec.containers: duplicate entries for key [name="a"]',
        ),
        (
            {
                "template": {
                    "spec": {"topologySpreadConstraints": [{"labelSelector": {}}], "tolerations": "x"}
                }
            },
            ".spec.template.spec.tolerations: expected list, got &{x}",
        ),
        (
            {"template": {"spec": {"containers": "x"}}},
            ".spec.template.spec.containers: expected list, got &{x}",
        ),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused_in_upstreams_words(
    deployments, deployment, change, message
):
    with pytest.raises(ApiError) as raised:
        deployments.apply(None, {**deployment, "spec": change}, "me", False, T0)
    prefix = "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): "
    assert raised.value.message == prefix + message
    assert raised.value.status_code == 500


def test_a_configuration_of_another_kind_or_with_managed_fields_is_a_bad_request(config_maps, deployment):
    with pytest.raises(BadRequest, match=r"^invalid object type: apps/v1, Kind=Deployment$"):
        config_maps.apply(None, deployment, "me", False, T0)
    config = config_map()
    config["metadata"]["managedFields"] = []
    with pytest.raises(BadRequest, match=r"^metadata\.managedFields must be nil$"):
        config_maps.apply(None, config, "me", False, T0)


def test_neither_the_live_object_nor_the_configuration_is_changed(deployments, deployment):
    live = deployments.apply(None, deployment, "one", False, T0)
    config = copy.deepcopy(deployment)
    config["spec"]["template"]["spec"]["containers"] = [{"name": "d", "image": "x"}]
    before = copy.deepcopy((live, config))
    deployments.apply(live, config, "one", True, T1)
    assert (live, config) == before


META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def custom(list_type=None, **spec):
    """A field manager of a custom kind whose `list` is of this type."""
    strings = {"type": "array", "items": {"type": "string"}}
    if list_type:
        strings["x-kubernetes-list-type"] = list_type
    properties = {"spec": {"type": "object", "properties": {"list": strings}, **spec}}
    resource = Resource("example.com", "v1", "things", "Thing")
    node = Schema("test", {META: b"{}"}).add(resource, {"type": "object", "properties": properties})
    return FieldManager(node, "example.com/v1", "Thing")


def thing(**spec):
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec}


def test_unknown_fields_of_a_custom_resource_merge_member_by_member():
    things = custom(**{"x-kubernetes-preserve-unknown-fields": True})
    live = things.apply(None, thing(a={"b": 1}, l=[1]), "one", False, T0)
    after = things.apply(live, thing(a={"c": 2}), "two", False, T1)
    assert after["spec"] == {"a": {"b": 1, "c": 2}, "l": [1]}


def test_a_list_that_became_atomic_is_owned_as_a_whole():
    live = custom("set").apply(None, thing(list=["a"]), "me", False, T0)
    assert owned(live, "me") == {"f:spec": {"f:list": {'v:"a"': {}}}}
    after = custom("atomic").apply(live, thing(list=["a", "b"]), "me", False, T1)
    assert owned(after, "me") == {"f:spec": {"f:list": {}}}
    assert after["spec"] == {"list": ["a", "b"]}


def test_sets_merge_by_value():
    things = custom("set")
    live = things.apply(None, thing(list=["a"]), "one", False, T0)
    both = things.apply(live, thing(list=["b"]), "two", False, T1)
    assert both["spec"]["list"] == ["a", "b"]
    assert things.apply(both, thing(list=[]), "one", False, T2)["spec"]["list"] == ["b"]


def test_a_key_that_is_always_there_may_be_left_out(deployments, deployment):
    spec = {**deployment["spec"], "template": {"spec": {"volumes": [{"emptyDir": {}}]}}}
    applied = deployments.apply(None, {**deployment, "spec": spec}, "me", force=False, time=T0)
    owned = applied["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:volumes"]
    assert list(owned) == ['k:{"name":""}']

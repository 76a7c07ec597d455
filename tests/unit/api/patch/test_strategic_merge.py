"""Strategic merge patch, on the schemas of the kinds it is used on."""

import pytest

from kubeade.api.errors import ApiError, BadRequest, Invalid
from kubeade.api.patch import strategic_merge
from kubeade.api.schema import Schema


@pytest.fixture(scope="module")
def schema():
    return Schema.load()


@pytest.fixture
def merge_pod(schema):
    node = schema.find("", "v1", "Pod")
    return lambda spec, patch: strategic_merge({"spec": spec}, {"spec": patch}, node)["spec"]


@pytest.fixture
def merge_deployment(schema):
    node = schema.find("apps", "v1", "Deployment")
    return lambda spec, patch: strategic_merge({"spec": spec}, {"spec": patch}, node)["spec"]


def containers(*names):
    return [{"name": name, "image": f"{name}:1"} for name in names]


def test_containers_merge_by_name(merge_pod):
    result = merge_pod(
        {"containers": containers("a", "b")}, {"containers": [{"name": "b", "image": "b:2"}, {"name": "c"}]}
    )
    assert result["containers"] == [
        {"name": "a", "image": "a:1"},
        {"name": "b", "image": "b:2"},
        {"name": "c"},
    ]


def test_null_deletes_a_field_at_any_depth(merge_pod):
    result = merge_pod(
        {"hostname": "x", "containers": containers("a")},
        {"hostname": None, "subdomain": None, "containers": [{"name": "a", "image": None}]},
    )
    assert result == {"containers": [{"name": "a"}]}


def test_a_list_without_a_merge_strategy_is_replaced(merge_pod):
    spec = {"containers": [{"name": "a", "command": ["x", "y"]}]}
    assert merge_pod(spec, {"containers": [{"name": "a", "command": ["z"]}]})["containers"][0]["command"] == [
        "z"
    ]


def test_a_list_item_is_deleted_by_directive(merge_pod):
    result = merge_pod(
        {"containers": containers("a", "b")},
        {"containers": [{"name": "a", "$patch": "delete"}, {"name": "c"}]},
    )
    assert [c["name"] for c in result["containers"]] == ["c", "b"]


def test_a_list_is_replaced_by_directive(merge_pod):
    result = merge_pod(
        {"containers": containers("a", "b")},
        {"containers": [{"name": "b"}, {"name": "a"}, {"$patch": "replace"}]},
    )
    assert result["containers"] == [{"name": "b"}, {"name": "a"}]


def test_a_map_is_replaced_or_emptied_by_directive(merge_pod):
    spec = {"nodeSelector": {"a": "1"}, "securityContext": {"runAsUser": 1}}
    result = merge_pod(
        spec, {"nodeSelector": {"$patch": "replace", "b": "2"}, "securityContext": {"$patch": "delete"}}
    )
    assert result == {"nodeSelector": {"b": "2"}, "securityContext": {}}


def test_retain_keys_lets_one_member_of_a_union_take_the_place_of_another(merge_deployment):
    spec = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    result = merge_deployment(spec, {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}})
    assert result == {"strategy": {"type": "Recreate"}}


def test_retain_keys_of_a_list_item_works_on_that_item(merge_pod):
    result = merge_pod(
        {"volumes": [{"name": "v", "emptyDir": {}}]},
        {"volumes": [{"name": "v", "hostPath": {"path": "/x"}, "$retainKeys": ["name", "hostPath"]}]},
    )
    assert result == {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]}


def test_a_patch_that_sets_what_it_does_not_retain_is_a_bad_request(merge_deployment):
    with pytest.raises(BadRequest, match="invalid patch format of retainKeys"):
        merge_deployment({"strategy": {}}, {"strategy": {"$retainKeys": [], "type": "Recreate"}})


def test_set_element_order_orders_and_keeps_what_only_the_server_has(merge_pod):
    result = merge_pod(
        {"containers": containers("a", "injected", "b")},
        {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}],
            "containers": [{"name": "c", "image": "c:1"}],
        },
    )
    assert [c["name"] for c in result["containers"]] == ["injected", "b", "c", "a"]


def test_set_element_order_alone_only_orders(merge_pod):
    result = merge_pod(
        {"containers": containers("a", "b")}, {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}
    )
    assert result["containers"] == containers("b", "a")


def test_an_order_that_misses_an_item_is_refused(merge_pod):
    with pytest.raises(ApiError, match=r"^The order in patch list:\n\[map\[name:c\]\]\n doesn't match"):
        merge_pod(
            {"containers": containers("a")},
            {"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "c"}]},
        )


def test_scalars_merge_as_a_set_and_leave_by_directive(schema):
    node = schema.find("", "v1", "Pod")
    merged = strategic_merge(
        {"metadata": {"finalizers": ["a", "b"]}}, {"metadata": {"finalizers": ["c", "a"]}}, node
    )
    assert merged == {"metadata": {"finalizers": ["c", "a", "b"]}}
    left = strategic_merge(merged, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}, node)
    assert left == {"metadata": {"finalizers": ["c", "b"]}}


def test_directives_do_not_end_up_in_new_values_but_other_dollar_keys_do(merge_pod):
    result = merge_pod(
        {}, {"nodeSelector": {"$patch": "delete"}, "affinity": {"$retainKeys": ["x"], "$ref": "y"}}
    )
    assert result == {"affinity": {"$ref": "y"}}


def test_an_unknown_field_merges_as_plain_json(schema):
    result = strategic_merge({"x": {"a": [1], "b": 1}}, {"x": {"a": [2]}}, schema.find("", "v1", "Pod"))
    assert result == {"x": {"a": [2], "b": 1}}


@pytest.mark.parametrize(
    ("patch", "error", "message"),
    [
        (
            {"containers": [{"image": "x"}]},
            ApiError,
            "map: map[image:x] does not contain declared merge key: name",
        ),
        (
            {"containers": [{"$patch": "x", "name": "a"}]},
            ApiError,
            "unknown patch type: x in map: map[$patch:x name:a]",
        ),
        ({"containers": [[]]}, Invalid, "the server rejected our request due to an error in our request"),
        ({"containers": ["a"]}, ApiError, "list element types are not identical: "),
        (
            {"$setElementOrder/containers": {}},
            ApiError,
            "expected a []interface {}, but received a map[string]",
        ),
        ({"$setElementOrder": []}, BadRequest, "invalid patch format of setElementOrder list"),
        ({"$deleteFromPrimitiveListX/y": []}, BadRequest, "invalid patch format of primitive list"),
        ({"$patch": "merge"}, ApiError, "unknown patch type: merge in map: map[$patch:merge]"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused_in_upstreams_words(merge_pod, patch, error, message):
    with pytest.raises(error) as raised:
        merge_pod({"containers": containers("a")}, patch)
    assert raised.value.message.startswith(message)


def test_neither_the_original_nor_the_patch_is_changed(merge_pod):
    spec = {"containers": containers("a"), "strategy": {"x": 1}}
    patch = {"strategy": {"$retainKeys": []}, "containers": [{"name": "a", "image": "2"}]}
    merge_pod(spec, patch)
    assert spec == {"containers": containers("a"), "strategy": {"x": 1}}
    assert patch == {"strategy": {"$retainKeys": []}, "containers": [{"name": "a", "image": "2"}]}

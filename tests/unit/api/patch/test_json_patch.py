"""JSON patch: RFC 6902, and where upstream's server departs from it."""

import pytest

from kubeade.api.errors import BadRequest, Invalid, RequestEntityTooLarge
from kubeade.api.patch import json_patch

DOC = {"spec": {"replicas": 1, "ports": [80, 443]}, "metadata": {"labels": {"a/b": "1"}}}


def patched(*operations, doc=None):
    return json_patch(DOC if doc is None else doc, list(operations))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (
            {"op": "add", "path": "/spec/paused", "value": True},
            {"replicas": 1, "ports": [80, 443], "paused": True},
        ),
        ({"op": "add", "path": "/spec/ports/0", "value": 22}, {"replicas": 1, "ports": [22, 80, 443]}),
        ({"op": "add", "path": "/spec/ports/-", "value": 22}, {"replicas": 1, "ports": [80, 443, 22]}),
        ({"op": "remove", "path": "/spec/replicas"}, {"ports": [80, 443]}),
        ({"op": "remove", "path": "/spec/ports/0"}, {"replicas": 1, "ports": [443]}),
        ({"op": "replace", "path": "/spec/replicas", "value": 2}, {"replicas": 2, "ports": [80, 443]}),
        ({"op": "replace", "path": "/spec/ports/1", "value": 2}, {"replicas": 1, "ports": [80, 2]}),
        ({"op": "move", "from": "/spec/replicas", "path": "/spec/size"}, {"size": 1, "ports": [80, 443]}),
        (
            {"op": "copy", "from": "/spec/ports", "path": "/spec/old"},
            {"replicas": 1, "ports": [80, 443], "old": [80, 443]},
        ),
        ({"op": "test", "path": "/spec/ports", "value": [80, 443]}, DOC["spec"]),
    ],
)
def test_each_operation_does_what_the_rfc_says(operation, expected):
    assert patched(operation)["spec"] == expected


def test_escaped_tokens_name_keys_with_slashes_and_tildes():
    assert patched({"op": "remove", "path": "/metadata/labels/a~1b"})["metadata"] == {"labels": {}}
    assert patched({"op": "add", "path": "/~01", "value": 1}, doc={}) == {"~1": 1}


def test_replacing_an_absent_member_adds_it_and_a_negative_index_counts_from_the_end():
    assert patched({"op": "replace", "path": "/status", "value": {}})["status"] == {}
    assert patched({"op": "remove", "path": "/spec/ports/-1"})["spec"]["ports"] == [80]


def test_the_document_and_the_patch_stay_as_they_were():
    value = {"x": []}
    doc = {"a": {"b": 1}}
    result = json_patch(
        doc, [{"op": "add", "path": "/v", "value": value}, {"op": "add", "path": "/v/x/-", "value": 1}]
    )
    result["a"]["b"] = 2
    assert doc == {"a": {"b": 1}}
    assert value == {"x": []}
    assert result == {"a": {"b": 2}, "v": {"x": [1]}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/spec/replicas", "value": 2},
        {"op": "test", "path": "/spec/replicas", "value": True},
        {"op": "remove", "path": "/spec/absent"},
        {"op": "remove", "path": "/spec/ports/2"},
        {"op": "add", "path": "/absent/x", "value": 1},
        {"op": "add", "path": "/spec/ports/4", "value": 1},
        {"op": "add", "path": "/spec/ports/x", "value": 1},
        {"op": "add", "path": "/spec/replicas/x", "value": 1},
        {"op": "add", "value": 1},
        {"op": "move", "path": "/spec/x"},
        {"op": "frobnicate", "path": "/spec"},
        {},
    ],
)
def test_an_operation_that_does_not_apply_is_rejected_in_upstreams_words(operation):
    with pytest.raises(Invalid, match=r"^the server rejected our request due to an error in our request$"):
        patched(operation)


@pytest.mark.parametrize("patch", [{}, "x", None, [1], [[]]])
def test_what_is_no_list_of_operations_is_a_bad_request(patch):
    with pytest.raises(BadRequest):
        json_patch(DOC, patch)


def test_more_than_ten_thousand_operations_are_too_many():
    test = {"op": "test", "path": "/spec/replicas", "value": 1}
    assert json_patch(DOC, [test] * 10_000) == DOC
    with pytest.raises(RequestEntityTooLarge, match="in a JSON patch is 10000, got 10001"):
        json_patch(DOC, [test] * 10_001)


def test_copies_cannot_blow_a_document_up():
    doc = {"a": ["x" * 1000]}
    with pytest.raises(Invalid):
        json_patch(doc, [{"op": "copy", "from": "/a", "path": "/a/-"}] * 30)

"""JSON merge patch: the RFC's own examples, and what is no patch."""

import pytest

from kubeade.api.errors import BadRequest
from kubeade.api.patch import merge_patch


@pytest.mark.parametrize(
    ("doc", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({}, {"a": [None, {"b": None}]}, {"a": [None, {}]}),
    ],
)
def test_objects_merge_null_deletes_and_the_rest_replaces(doc, patch, expected):
    assert merge_patch(doc, patch) == expected


def test_the_result_shares_nothing_with_the_document():
    doc = {"a": {"b": []}}
    merge_patch(doc, {"c": 1})["a"]["b"].append(1)
    assert doc == {"a": {"b": []}}


@pytest.mark.parametrize("patch", [[], "x", 1, None])
def test_what_is_no_object_is_a_bad_request(patch):
    with pytest.raises(BadRequest, match=r"error decoding patch: json: cannot unmarshal|Invalid JSON Patch"):
        merge_patch({}, patch)

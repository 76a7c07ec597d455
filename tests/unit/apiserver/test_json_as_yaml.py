"""Bodies declared as YAML that are JSON: read as such where that cannot be told apart."""

import pytest

from kubeade.api.errors import BadRequest
from kubeade.apiserver import yaml_body
from kubeade.apiserver.body import read_yaml, repeated_keys


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "1", "b": [1, 2.5, true, null], "c": {"d": "e: f"}}',
        b'{"time": "2026-01-31T12:00:00Z", "no": "yes", "text": "a\\nb\\u00e9"}',
        b'{"a" : 1}',
        b"{a: 1, b: [x, y]}",
        b"{}",
    ],
)
def test_json_reads_as_yaml_does(body: bytes) -> None:
    assert read_yaml(body) == yaml_body.load_yaml(body)
    assert repeated_keys(body) == []


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 2}', b'{"a" : 1, "a": 2}', b'{"b": {"a": 1, "a": 1}}'])
def test_what_stands_twice_is_told_in_the_words_of_yaml(body: bytes) -> None:
    assert repeated_keys(body) == ['line 1: key "a" already set in map']


def test_depth_is_limited_all_the_same() -> None:
    with pytest.raises(BadRequest):
        read_yaml(b'{"a":' * 300 + b"1" + b"}" * 300)

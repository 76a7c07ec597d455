"""Protobuf bodies of Go clients."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeade.api.errors import BadRequest
from kubeade.api.protobuf import decode_object
from kubeade.api.schema import Schema

SCHEMA = Schema.load()
# `kubectl create configmap x --from-literal=a=b`, as kubectl 1.37 sent it.
CONFIG_MAP = bytes.fromhex(
    "6b3873000a0f0a02763112 09436f6e6669674d6170121b0a110a017812001a0022002a00320038004200"
    "12060a01611201621a002200".replace(" ", "")
)


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    type_meta = field(1, api_version.encode()) + field(2, kind.encode())
    return b"k8s\0" + field(1, type_meta) + field(2, raw)


def test_a_config_map_as_kubectl_sends_it():
    assert decode_object(SCHEMA, CONFIG_MAP) == {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "x"},
        "data": {"a": "b"},
    }


def test_a_zero_that_is_meant_stays_and_one_that_is_not_goes():
    spec = field(1, 0) + field(5, 0)  # replicas is a pointer in Go, minReadySeconds is not
    decoded = decode_object(SCHEMA, envelope("apps/v1", "Deployment", field(2, spec)))
    assert decoded["spec"] == {"replicas": 0}


def test_fields_of_an_inlined_message_stand_in_their_parent():
    volume = field(1, b"v") + field(2, field(2, b""))  # VolumeSource.emptyDir
    decoded = decode_object(SCHEMA, envelope("v1", "Pod", field(2, field(1, volume))))
    assert decoded["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]


def test_special_values_have_their_json_form():
    secret = field(2, field(1, b"k") + field(2, b"\x00\xff"))
    assert decode_object(SCHEMA, envelope("v1", "Secret", secret))["data"] == {"k": "AP8="}
    port = field(4, field(1, 1) + field(3, b"http"))
    service = decode_object(SCHEMA, envelope("v1", "Service", field(2, field(1, port))))
    assert service["spec"]["ports"] == [{"targetPort": "http"}]


def test_unknown_fields_are_dropped():
    assert decode_object(SCHEMA, envelope("v1", "ConfigMap", field(15, b"?"))) == {
        "kind": "ConfigMap",
        "apiVersion": "v1",
    }


@pytest.mark.parametrize("body", [b"", b"{}", b"k8s\0\xff", envelope("v1", "Nonsense", b""), CONFIG_MAP[:-3]])
def test_what_is_no_object_is_a_bad_request(body):
    with pytest.raises(BadRequest):
        decode_object(SCHEMA, body)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["Pod", "Service", "ConfigMap", "Node"]))
def test_random_bytes_lead_to_an_object_or_a_bad_request(raw, kind):
    body = (
        b"k8s\0"
        + field(1, field(1, b"v1") + field(2, kind.encode()))
        + bytes([2 << 3 | 2, len(raw) & 0x7F])
        + raw
    )
    with contextlib.suppress(BadRequest):
        assert decode_object(SCHEMA, body)["kind"] == kind

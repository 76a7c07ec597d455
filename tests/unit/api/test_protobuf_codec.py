"""Objects of built-in kinds in protobuf: what Go clients send, and what they are answered."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeade.api.errors import BadRequest
from kubeade.api.protobuf import ProtobufCodec
from kubeade.api.protobuf.numbers import fields_of, has_message
from kubeade.api.schema import META, Schema
from kubeade.api.schema_node import Node

SCHEMA = Schema.load()
CODEC = ProtobufCodec(SCHEMA)
# `kubectl create configmap x --from-literal=a=b`, as kubectl 1.37 sent it.
CONFIG_MAP = bytes.fromhex(
    "6b3873000a0f0a02763112 09436f6e6669674d6170121b0a110a017812001a0022002a00320038004200"
    "12060a01611201621a002200".replace(" ", "")
)
# Definitions that are no messages of their own: free JSON, moments, amounts.
NO_MESSAGES = frozenset(
    [
        *[
            "FieldsV1",
            "JSON",
            "MicroTime",
            "Time",
            "Quantity",
            "RawExtension",
            "IntOrString",
            "Info",
            "Patch",
        ],
        *["JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray"],
    ]
)
# What 1.37 added after its numbers were collected.
NOT_NUMBERED = frozenset({"DeviceDerivedAttribute"})
WITHOUT_NUMBERS = frozenset({"runningInUserNamespace", "derivedAttributes", "compatibilityGroups"})
SCALARS = frozenset({"string", "integer", "boolean", "number"})
KINDS = sorted(
    (group["group"], group["version"], group["kind"], name)
    for name in SCHEMA
    for group in SCHEMA.definition(name).schema.get("x-kubernetes-group-version-kind", ())
    if name.startswith("io.k8s.api") and not name.startswith(META)
)


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    type_meta = field(1, api_version.encode()) + field(2, kind.encode())
    return b"k8s\0" + field(1, type_meta) + field(2, raw)


def decode(body: bytes) -> dict[str, Any]:
    return CODEC.decode(body, "Thing")[0]


def names(message: str) -> set[str]:
    """The fields that have a number."""
    found = set()
    for each in fields_of(message):
        found |= names(each.inlined) if each.inlined else {each.name}
    return found


def filled(node: Node, within: tuple[str, ...] = ()) -> Any:
    """A value with every field that the schema has and that has a number."""
    name = node.name.rpartition(".")[2]
    if name in EXAMPLES:
        return EXAMPLES[name]
    if node.type == "array":
        return [filled(node.items, within), filled(node.items, within)]
    if node.values is not None and not node.fields:
        return {"k": filled(node.values, within), "": filled(node.values, within)}
    if node.type == "object":
        fields = {n: f for n, f in node.fields.items() if n in names(node.name)}
        if node.name in within:
            fields = {n: f for n, f in fields.items() if f.type in SCALARS}
        return {n: filled(f, (*within, node.name)) for n, f in fields.items()}
    if node.format == "byte":
        return "AP8="
    return {"string": "täxt", "integer": -7, "boolean": True, "number": 2.5}[node.type]


EXAMPLES: dict[str, Any] = {
    "Time": "2026-01-31T12:34:56Z",
    "MicroTime": "1969-12-31T23:59:59.123456Z",
    "Quantity": "1500m",
    "IntOrString": "http",
    "RawExtension": {"free": ["form", 1, None]},
    "FieldsV1": {"f:metadata": {}},
    "JSON": {"default": True},
    "JSONSchemaPropsOrBool": {"type": "string"},
    "JSONSchemaPropsOrArray": [{"type": "string"}, {"type": "integer"}],
    "JSONSchemaPropsOrStringArray": ["a", "b"],
}


@pytest.mark.parametrize(("group", "version", "kind", "name"), KINDS)
def test_an_object_with_every_field_comes_back_unchanged(group, version, kind, name):
    api_version = f"{group}/{version}" if group else version
    obj = {**filled(SCHEMA.definition(name)), "kind": kind, "apiVersion": api_version}
    decoded, unknown = CODEC.decode(CODEC.encode(obj), kind)
    assert decoded == obj
    assert unknown == []


@pytest.mark.parametrize("version", ["1.30", "1.33", "1.36", "1.37"])
def test_every_field_of_every_definition_has_a_number(version):
    schema = Schema.load(version)

    lacking = {
        name: missing
        for name in schema
        if name.rpartition(".")[2] not in NO_MESSAGES | NOT_NUMBERED and schema.definition(name).fields
        for missing in [
            set(schema.definition(name).fields) - names(name) - {"kind", "apiVersion", "listMeta"}
        ]
        if missing - WITHOUT_NUMBERS or not has_message(name)
    }
    assert lacking == {}


def test_a_config_map_as_kubectl_sends_it():
    assert decode(CONFIG_MAP) == {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "x"},
        "data": {"a": "b"},
    }


def test_an_object_as_bytes():
    obj = {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": "x", "creationTimestamp": "1970-01-01T00:00:01Z"},
        "spec": {"replicas": 300},
    }
    metadata = field(1, b"x") + field(8, field(1, 1) + field(2, 0))
    spec = b"\x08\xac\x02"
    assert CODEC.encode(obj) == envelope("apps/v1", "Deployment", field(1, metadata) + field(2, spec))


def test_a_list_holds_messages_without_envelopes():
    item = CODEC.message("v1", "ConfigMap", {"metadata": {"name": "x"}, "data": {"a": "b"}})
    assert item == field(1, field(1, b"x")) + field(2, field(1, b"a") + field(2, b"b"))
    body = CODEC.list_body("v1", "ConfigMapList", {"resourceVersion": "7"}, [item, item])
    assert body == envelope("v1", "ConfigMapList", field(1, field(2, b"7")) + field(2, item) * 2)
    assert [each["metadata"] for each in decode(body)["items"]] == [{"name": "x"}] * 2


def test_a_watch_event_is_framed_by_its_length():
    body = CODEC.encode({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "x"}})
    frame = CODEC.watch_frame("ADDED", body)
    assert frame == len(frame[4:]).to_bytes(4, "big") + field(1, b"ADDED") + field(2, field(1, body))


def test_kinds_of_all_groups():
    options = {"kind": "DeleteOptions", "apiVersion": "policy/v1", "gracePeriodSeconds": 0}
    assert decode(CODEC.encode(options)) == options
    status = {"kind": "Status", "apiVersion": "v1", "code": 404, "details": {"causes": [{"field": "a"}]}}
    assert decode(CODEC.encode(status)) == status
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "x"}}
    assert decode(CODEC.encode(partial)) == partial
    assert not CODEC.knows("example.com/v1", "Thing")
    assert not CODEC.knows("v1", "Table")


def test_a_zero_that_is_meant_stays_and_one_that_is_not_goes():
    spec = field(1, 0) + field(5, 0)  # replicas is a pointer in Go, minReadySeconds is not
    decoded = decode(envelope("apps/v1", "Deployment", field(2, spec)))
    assert decoded["spec"] == {"replicas": 0}


def test_a_zero_that_json_shows_stays():
    ready = field(4, 0) + field(5, 0)
    pod = decode(envelope("v1", "Pod", field(3, field(8, ready))))
    assert pod["status"]["containerStatuses"] == [{"ready": False, "restartCount": 0}]


def test_fields_of_an_inlined_message_stand_in_their_parent():
    volume = field(1, b"v") + field(2, field(2, b""))  # VolumeSource.emptyDir
    decoded = decode(envelope("v1", "Pod", field(2, field(1, volume))))
    assert decoded["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]


def test_special_values_have_their_json_form():
    secret = field(2, field(1, b"k") + field(2, b"\x00\xff"))
    assert decode(envelope("v1", "Secret", secret))["data"] == {"k": "AP8="}
    port = field(4, field(1, 1) + field(3, b"http"))
    service = decode(envelope("v1", "Service", field(2, field(1, port))))
    assert service["spec"]["ports"] == [{"targetPort": "http"}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("items", {"type": "string"}),
        ("additionalProperties", False),
        ("additionalProperties", True),
        ("dependencies", {"a": {"type": "string"}}),
        ("maximum", 10),
        ("default", 0),
        ("enum", [1, "a"]),
        ("$ref", "#/x"),
        ("x-kubernetes-int-or-string", True),
    ],
)
def test_schemas_of_custom_resources(name, value):
    version = {"name": "v1", "schema": {"openAPIV3Schema": {name: value}}}
    crd = {
        "kind": "CustomResourceDefinition",
        "apiVersion": "apiextensions.k8s.io/v1",
        "spec": {"versions": [version]},
    }
    assert decode(CODEC.encode(crd)) == crd


def test_unknown_fields_are_dropped_and_told_of_unless_they_are_zero():
    body = envelope("v1", "ConfigMap", field(15, b"?") + field(14, b"") + field(13, 0))
    assert CODEC.decode(body, "ConfigMap") == ({"kind": "ConfigMap", "apiVersion": "v1"}, ["ConfigMap.15"])


NO_PROTOBUF = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"", "empty data (<empty>)"), (b"{}", f"{NO_PROTOBUF} ({{}})"), (b"k8s\0", "empty body (6b387300)")],
)
def test_what_is_no_protobuf_is_a_bad_request(body, why):
    with pytest.raises(BadRequest) as caught:
        CODEC.decode(body, "Pod")
    assert caught.value.message == f"the object provided is unrecognized (must be of type Pod): {why}"


@pytest.mark.parametrize(
    ("kind", "raw", "why"),
    [
        ("Pod", field(2, b"\x0a\x05"), "unexpected EOF"),
        ("Pod", field(1, 1), "proto: wrong wireType = 0 for field Metadata"),
        ("Nonsense", b"", 'no kind "Nonsense" is registered for version "v1"'),
    ],
)
def test_what_is_no_object_is_a_bad_request(kind, raw, why):
    with pytest.raises(BadRequest) as caught:
        CODEC.decode(envelope("v1", kind, raw), "Pod")
    assert caught.value.message == f'{kind} in version "v1" cannot be handled as a Pod: {why}'


def test_endless_nesting_is_a_bad_request():
    schema = b""
    for _ in range(3000):  # JSONSchemaProps.not = 28
        size = len(schema)
        length = bytes([size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14])
        schema = b"\xe2\x01" + length + schema
    node = SCHEMA.definition("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
    with pytest.raises(RecursionError):
        CODEC._decoder.decode(node, schema, 0, len(schema))


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["Pod", "Service", "ConfigMap", "Node", "Event"]))
def test_random_bytes_lead_to_an_object_or_a_bad_request(raw, kind):
    head = b"k8s\0" + field(1, field(1, b"v1") + field(2, kind.encode()))
    size = bytes([len(raw)]) if len(raw) < 128 else bytes([len(raw) & 0x7F | 0x80, len(raw) >> 7])
    with contextlib.suppress(BadRequest):
        assert decode(head + b"\x12" + size + raw)["kind"] == kind


WHOLE_POD = CODEC.encode(
    {**filled(SCHEMA.definition("io.k8s.api.core.v1.Pod")), "kind": "Pod", "apiVersion": "v1"}
)


@settings(max_examples=500, deadline=None)
@given(st.integers(0, len(WHOLE_POD) - 1), st.integers(0, 255))
def test_a_changed_byte_leads_to_an_object_or_a_bad_request(position, byte):
    changed = bytearray(WHOLE_POD)
    changed[position] = byte
    with contextlib.suppress(BadRequest):
        msgspec.json.encode(decode(bytes(changed)))

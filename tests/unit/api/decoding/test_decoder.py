from typing import Any

import pytest

from kubeade.api.decoding import Decoder, FieldValidation, LineDuplicates, field_duplicates
from kubeade.api.errors import BadRequest
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, DEPLOYMENTS, LEASES, PODS, SECRETS
from kubeade.api.schema import Schema


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder(Schema.load())


def pod(**container: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i", "resources": {}, **container}]},
        "status": {},
    }


def test_a_clean_object_is_handed_back_as_it_is(decoder: Decoder) -> None:
    obj = pod(ports=[{"containerPort": 80}], resources={"limits": {"cpu": "100m"}}, env=[{"name": "A"}])
    decoded, warnings = decoder.decode(PODS, obj, FieldValidation.STRICT)
    assert decoded is obj
    assert warnings == []


def test_unknown_fields_are_dropped_with_a_warning(decoder: Decoder) -> None:
    decoded, warnings = decoder.decode(PODS, {**pod(imagee="x"), "extra": 1})
    assert warnings == ['unknown field "spec.containers[0].imagee"', 'unknown field "extra"']
    assert decoded == pod()
    assert decoder.decode(PODS, pod(imagee="x"), FieldValidation.IGNORE) == (pod(), [])


def test_strict_refuses_unknown_and_duplicate_fields(decoder: Decoder) -> None:
    with pytest.raises(BadRequest) as error:
        decoder.decode(PODS, pod(imagee="x"), FieldValidation.STRICT, LineDuplicates(['line 3: key "a" ...']))
    assert error.value.message == (
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
        'yaml: unmarshal errors:\n  line 3: key "a" ..., unknown field "spec.containers[0].imagee"'
    )


WRONG_TYPES = [
    (DEPLOYMENTS, {"spec": {"replicas": "3"}}, "string", "DeploymentSpec.spec.replicas of type int32"),
    (DEPLOYMENTS, {"spec": {"replicas": 1.5}}, "number 1.5", "DeploymentSpec.spec.replicas of type int32"),
    (PODS, pod(image=3), "number", "Container.spec.containers.image of type string"),
    (PODS, pod(tty="yes"), "string", "Container.spec.containers.tty of type bool"),
    (PODS, {"spec": {"containers": {}}}, "object", "PodSpec.spec.containers of type []v1.Container"),
    (PODS, {"spec": []}, "array", "Pod.spec of type v1.PodSpec"),
    (CONFIG_MAPS, {"data": {"a": 1}}, "number", "ConfigMap.data of type string"),
    (PODS, {"metadata": {"labels": "x"}}, "string", "ObjectMeta.metadata.labels of type map[string]string"),
]


@pytest.mark.parametrize(("resource", "obj", "found", "wanted"), WRONG_TYPES)
def test_wrong_types_are_told_in_upstreams_words(
    decoder: Decoder, resource: Resource, obj: Object, found: str, wanted: str
) -> None:
    with pytest.raises(BadRequest) as error:
        decoder.decode(resource, obj)
    kind, why = resource.kind, f"cannot unmarshal {found} into Go struct field {wanted}"
    assert error.value.message == f'{kind} in version "v1" cannot be handled as a {kind}: json: {why}'


@pytest.mark.parametrize(
    ("resource", "obj", "why"),
    [
        (PODS, pod(resources={"limits": {"cpu": "much"}}), "quantities must match the regular expression"),
        (PODS, {"metadata": {"creationTimestamp": "today"}}, 'parsing time "today" as "2006-01-02'),
        (SECRETS, {"data": {"a": "abcd*"}}, "illegal base64 data at input byte 4"),
    ],
)
def test_values_with_a_form_of_their_own(decoder: Decoder, resource: Resource, obj: Object, why: str) -> None:
    with pytest.raises(BadRequest) as error:
        decoder.decode(resource, obj)
    assert why in error.value.message


def test_nulls_and_empty_optional_lists_are_left_out(decoder: Decoder) -> None:
    obj = pod(resources={}, ports=[], securityContext=None)
    obj["metadata"] = {"name": "web", "creationTimestamp": None, "labels": {}}
    obj["spec"]["volumes"] = [{"name": "v", "emptyDir": {}}]
    decoded, warnings = decoder.decode(PODS, obj, FieldValidation.STRICT)
    assert decoded["metadata"] == {"name": "web"}
    assert decoded["spec"]["containers"] == [{"name": "c", "image": "i", "resources": {}}]
    assert decoded["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]
    assert warnings == []


def test_required_lists_stay_though_empty(decoder: Decoder) -> None:
    obj = {"metadata": {"name": "web"}, "spec": {"containers": []}}
    assert decoder.decode(PODS, obj)[0]["spec"] == {"containers": []}


def test_values_become_canonical(decoder: Decoder) -> None:
    limits = {"memory": "1024Mi", "cpu": 0.5, "example.com/x": 2}
    decoded, _ = decoder.decode(PODS, pod(resources={"limits": limits}))
    cleaned = decoded["spec"]["containers"][0]["resources"]["limits"]
    assert cleaned == {"memory": "1Gi", "cpu": "500m", "example.com/x": "2"}
    decoded, _ = decoder.decode(PODS, pod(resources={"limits": {"cpu": "0.1m", "memory": None}}))
    assert decoded["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "1m", "memory": "0"}
    lease = {"spec": {"renewTime": "2026-01-02T03:04:05.000000+02:00"}}
    assert decoder.decode(LEASES, lease)[0]["spec"]["renewTime"] == "2026-01-02T01:04:05.000000Z"
    secret = {"data": {"a": "YWJj\nZGVm\n"}}
    assert decoder.decode(SECRETS, secret)[0]["data"] == {"a": "YWJjZGVm"}


def test_ports_by_name_or_number(decoder: Decoder) -> None:
    for port in (80, "http"):
        obj = pod(livenessProbe={"httpGet": {"port": port}})
        assert decoder.decode(PODS, obj, FieldValidation.STRICT)[0] is obj
    with pytest.raises(BadRequest, match=r"of type int32"):
        decoder.decode(PODS, pod(livenessProbe={"httpGet": {"port": True}}))


def test_any_json_is_kept_where_the_schema_leaves_it_open(decoder: Decoder) -> None:
    schema = {"type": "object", "default": {"a": None}, "x-kubernetes-preserve-unknown-fields": True}
    obj = {"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}, "foo": 1}]}}
    decoded, warnings = decoder.decode(CUSTOM_RESOURCE_DEFINITIONS, obj)
    assert warnings == ['unknown field "spec.versions[0].foo"']
    assert decoded["spec"]["versions"][0]["schema"]["openAPIV3Schema"] == schema


def test_duplicate_fields_are_found_in_the_text() -> None:
    body = b'{"a": 1, "b": [{"c": 1, "c": 2}], "a" : {"d": "x\\":"}}'
    found = field_duplicates(body, {"a": {"d": 'x":'}, "b": [{"c": 2}]})
    assert found is not None
    assert found.strict([]) == ['duplicate field "b[0].c"', 'duplicate field "a"']
    assert field_duplicates(b'{"a" :1,"b":{"a":2}}', {"a": 1, "b": {"a": 2}}) is None


def test_problems_are_told_in_the_order_of_the_document() -> None:
    found = field_duplicates(b'{"a": 1, "x": 1, "a": 2, "y": 1}', {"a": 2, "x": 1, "y": 1})
    assert found is not None
    told = ['unknown field "x"', 'duplicate field "a"', 'unknown field "y"']
    assert found.strict(["y", "x"]) == told


def test_of_two_objects_in_one_place_the_second_is_merged_into_the_first() -> None:
    found = field_duplicates(b'{"m": {"a": 1, "b": 1}, "m": {"b": 2}}', {"m": {"b": 2}})
    assert found is not None
    assert found.merged() == {"m": {"a": 1, "b": 2}}


def test_of_a_custom_resource_only_the_metadata_is_decoded() -> None:
    schema = Schema.load()
    lemonades = Resource("stand.example", "v1", "lemonades", "Lemonade")
    schema.add(lemonades, {"type": "object", "properties": {"spec": {"type": "object", "properties": {}}}})
    obj = {"metadata": {"name": "a", "extra": 1}, "spec": {"sugar": "much", "none": None}}
    decoded, warnings = Decoder(schema).decode(lemonades, obj)
    assert decoded == {**obj, "metadata": {"name": "a"}}
    assert warnings == ['unknown field "metadata.extra"']


def test_moments_to_the_microsecond_have_them_all(decoder: Decoder) -> None:
    with pytest.raises(BadRequest, match=r'cannot parse "Z" as "\.000000"'):
        decoder.decode(LEASES, {"spec": {"renewTime": "2026-01-02T03:04:05Z"}})

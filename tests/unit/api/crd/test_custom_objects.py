"""Custom objects: what is pruned, what is defaulted, and what is refused in which words."""

import copy

import pytest
from crd_samples import INTEGER, STRING, cron_tab, custom, struct, texts


def errors_of(field_schema, value):
    return texts(custom(struct(x=field_schema)).create_errors(cron_tab(x=value)))


def test_unknown_fields_are_pruned_and_named():
    found, unknown = custom(struct(a=STRING, l={"type": "array", "items": struct(b=STRING)})).pruned(
        cron_tab(a="1", z=1, l=[{"b": "1", "y": 1}])
    )
    assert found["spec"] == {"a": "1", "l": [{"b": "1"}]}
    assert unknown == ["spec.l[0].y", "spec.z"]


def test_what_preserves_unknown_fields_keeps_them_but_specified_parts_are_pruned():
    keeps = {**struct(a=struct(b=STRING)), "x-kubernetes-preserve-unknown-fields": True}
    found, unknown = custom(keeps).pruned(cron_tab(free={"x": [1]}, a={"b": "1", "c": 1}))
    assert found["spec"] == {"free": {"x": [1]}, "a": {"b": "1"}}
    assert unknown == ["spec.a.c"]


def test_metadata_of_the_object_and_of_embedded_ones_is_not_pruned():
    embedded = {**struct(spec=struct(a=STRING)), "x-kubernetes-embedded-resource": True}
    obj = cron_tab(pod={"apiVersion": "v1", "kind": "Pod", "metadata": {"x": 1}, "spec": {"a": "1"}, "z": 1})
    found, unknown = custom(struct(pod=embedded)).pruned(obj)
    assert found["spec"]["pod"] == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"x": 1},
        "spec": {"a": "1"},
    }
    assert unknown == ["spec.pod.z"]


def test_defaults_fill_what_is_missing_at_any_depth():
    schema = struct(
        n={"type": "integer", "default": 3},
        o={**struct(p={"type": "string", "default": "q"}), "default": {}},
        m={"type": "object", "additionalProperties": struct(d={"type": "boolean", "default": False})},
        l={"type": "array", "items": struct(d={"type": "integer", "default": 1})},
    )
    found = custom(schema).defaulted(cron_tab(m={"k": {}}, l=[{}, {"d": 2}]))
    assert found["spec"] == {"n": 3, "o": {"p": "q"}, "m": {"k": {"d": False}}, "l": [{"d": 1}, {"d": 2}]}


def test_a_null_that_is_not_allowed_gives_way_to_the_default_or_goes():
    nullable = {**STRING, "nullable": True, "default": "d"}
    schema = struct(a={**STRING, "default": "d"}, b=STRING, c=nullable)
    assert custom(schema).defaulted(cron_tab(a=None, b=None, c=None))["spec"] == {"a": "d", "c": None}


def test_defaults_are_not_shared_between_objects():
    resource = custom(struct(l={"type": "array", "items": STRING, "default": []}))
    resource.defaulted(cron_tab())["spec"]["l"].append("x")
    assert resource.defaulted(cron_tab())["spec"]["l"] == []


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        (INTEGER, "1", 'Invalid value: "string": spec.x in body must be of type integer: "string"'),
        (STRING, None, 'Invalid value: "null": spec.x in body must be of type string: "null"'),
        (INTEGER, 1.5, 'Invalid value: "number": spec.x in body must be of type integer: "number"'),
        (INTEGER, True, 'Invalid value: "boolean": spec.x in body must be of type integer: "boolean"'),
        ({**STRING, "enum": ["a", "b"]}, "c", 'Unsupported value: "c": supported values: "a", "b"'),
        ({**STRING, "pattern": "^a$"}, "a\n", "Invalid value: \"a\\n\": spec.x in body should match '^a$'"),
        (
            {**STRING, "minLength": 2},
            "a",
            'Invalid value: "a": spec.x in body should be at least 2 chars long',
        ),
        ({**STRING, "maxLength": 2}, "abc", "Too long: may not be more than 2 bytes"),
        (
            {**INTEGER, "minimum": 1},
            0,
            "Invalid value: 0: spec.x in body should be greater than or equal to 1",
        ),
        ({**INTEGER, "maximum": 1}, 2, "Invalid value: 2: spec.x in body should be less than or equal to 1"),
        (
            {**INTEGER, "maximum": 1, "exclusiveMaximum": True},
            1,
            "Invalid value: 1: spec.x in body should be less than 1",
        ),
        ({**INTEGER, "multipleOf": 2}, 3, "Invalid value: 3: spec.x in body should be a multiple of 2"),
        (
            {"type": "array", "items": INTEGER, "minItems": 1},
            [],
            "Invalid value: 0: spec.x in body should have at least 1 items",
        ),
        ({"type": "array", "items": INTEGER, "maxItems": 1}, [1, 2], "Too many: 2: must have at most 1 item"),
        (
            {"type": "object", "additionalProperties": STRING, "maxProperties": 1},
            {"a": "1", "b": "2"},
            "Too many: 2: must have at most 1 item",
        ),
        ({**STRING, "format": "ipv4"}, "x", 'Invalid value: "x": spec.x in body must be of type ipv4: "x"'),
        (
            {**STRING, "format": "date-time"},
            "x",
            'Invalid value: "x": spec.x in body must be of type datetime: "x"',
        ),
    ],
)
def test_a_value_that_breaks_its_schema_is_refused_in_upstreams_words(schema, value, message):
    assert errors_of(schema, value) == [f"spec.x: {message}"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (INTEGER, 1.0),
        ({"type": "number"}, 1),
        ({**STRING, "nullable": True}, None),
        ({"x-kubernetes-int-or-string": True}, "80"),
        ({"x-kubernetes-int-or-string": True}, 80),
        ({**STRING, "format": "unheard-of"}, "x"),
        ({**STRING, "format": "uuid"}, "123e4567-e89b-12d3-a456-426614174000"),
        ({**STRING, "format": "cidr"}, "10.0.0.0/8"),
        ({**STRING, "format": "date-time"}, "2026-01-01T00:00:00Z"),
        ({**STRING, "pattern": "^[[:alpha:]]+$"}, "abc"),
        ({"type": "array", "items": INTEGER, "x-kubernetes-list-type": "set"}, [1, 2]),
    ],
)
def test_a_value_that_keeps_its_schema_is_accepted(schema, value):
    assert errors_of(schema, value) == []


def test_missing_fields_and_items_are_named_by_their_place():
    item = {**struct(name=STRING), "required": ["name"]}
    schema = {**struct(l={"type": "array", "items": item}), "required": ["a"]}
    assert texts(custom(schema).create_errors(cron_tab(l=[{}]))) == [
        "spec.l[0].name: Required value",
        "spec.a: Required value",
    ]


@pytest.mark.parametrize(
    ("junctor", "message"),
    [
        ({"anyOf": [{"minimum": 5}, {"maximum": 1}]}, '"spec.x" must validate at least one schema (anyOf)'),
        (
            {"oneOf": [{"minimum": 1}, {"maximum": 5}]},
            '"spec.x" must validate one and only one schema (oneOf). Found 2 valid alternatives',
        ),
        ({"allOf": [{"minimum": 5}]}, '"spec.x" must validate all the schemas (allOf). None validated'),
        ({"not": {"minimum": 1}}, '"spec.x" must not validate the schema (not)'),
    ],
)
def test_junctors_are_told_at_the_root_as_upstream_tells_them(junctor, message):
    assert errors_of({**INTEGER, **junctor}, 3)[0] == f'<nil>: Invalid value: "": {message}'


def test_repeated_items_of_sets_and_maps_are_refused():
    tags = {"type": "array", "items": STRING, "x-kubernetes-list-type": "set"}
    ports = {
        "type": "array",
        "items": struct(name=STRING, port=INTEGER),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    }
    obj = cron_tab(tags=["a", "b", "a"], ports=[{"name": "a", "port": 1}, {"name": "a", "port": 2}])
    assert texts(custom(struct(tags=tags, ports=ports)).create_errors(obj)) == [
        'spec.tags[2]: Duplicate value: "a"',
        'spec.ports[1]: Duplicate value: {"name":"a"}',
    ]


def test_embedded_objects_need_a_type_and_sound_metadata():
    embedded = {"type": "object", "x-kubernetes-embedded-resource": True}
    embedded["x-kubernetes-preserve-unknown-fields"] = True
    resource = custom(struct(pod=embedded))
    assert texts(resource.create_errors(cron_tab(pod={"metadata": {"name": "a/b"}}))) == [
        "spec.pod.apiVersion: Required value: must not be empty",
        "spec.pod.kind: Required value: must not be empty",
        "spec.pod.metadata.name: Invalid value: \"a/b\": may not contain '/'",
    ]
    assert not texts(resource.create_errors(cron_tab(pod={"apiVersion": "v1", "kind": "Pod"})))


def test_an_update_may_leave_wrong_what_was_wrong_before():
    resource = custom(struct(a={**INTEGER, "minimum": 5}, b={**INTEGER, "minimum": 5}))
    old = cron_tab(a=1, b=9)
    assert not texts(resource.update_errors(cron_tab(a=1, b=8), old))
    assert texts(resource.update_errors(cron_tab(a=2, b=8), old)) == [
        "spec.a: Invalid value: 2: spec.a in body should be greater than or equal to 5"
    ]


def test_a_status_update_answers_for_the_status_only():
    resource = custom(struct(a={**INTEGER, "minimum": 5}), subresources={"status": {}})
    old = cron_tab(a=9)
    assert texts(resource.status_update_errors(cron_tab(a=1, status={"replicas": "x"}), old)) == [
        'status.replicas: Invalid value: "string": status.replicas in body must be of type integer: "string"'
    ]


def test_replicas_are_not_negative():
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    resource = custom(struct(replicas=INTEGER), subresources={"scale": scale})
    assert texts(resource.create_errors(cron_tab(replicas=-1))) == [
        ".spec.replicas: Invalid value: -1: should be a non-negative integer"
    ]


def test_another_kind_is_refused_before_anything_else():
    obj = {**cron_tab(x="wrong"), "kind": "Other"}
    assert texts(custom(struct(x=INTEGER)).create_errors(obj)) == [
        'kind: Invalid value: "Other": must be CronTab'
    ]


def test_objects_go_in_unchanged():
    resource = custom(struct(a={"type": "integer", "default": 1}))
    obj = cron_tab(z=1)
    before = copy.deepcopy(obj)
    resource.pruned(obj)
    resource.defaulted(obj)
    assert obj == before

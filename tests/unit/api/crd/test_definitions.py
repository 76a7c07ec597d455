"""CustomResourceDefinitions: which are accepted, under which names, and what the catalogue gets."""

import copy

import pytest
from crd_samples import INTEGER, STRING, custom, definition, struct, texts

from kubeade.api.crd import names
from kubeade.api.crd.custom_resource import custom_resources
from kubeade.api.crd.validation import definition_create, definition_update

ROOT = "spec.validation.openAPIV3Schema"
NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def errors_of(spec_schema=None, change=None, **version):
    made = definition(spec_schema, **version)
    if change:
        change(made["spec"])
    return texts(definition_create(made))


def test_a_plain_definition_is_accepted_and_gets_the_names_it_did_not_say():
    made = definition(struct(a=STRING))
    assert texts(definition_create(made)) == []
    assert made["spec"]["names"] == {
        "plural": "crontabs",
        "kind": "CronTab",
        "singular": "crontab",
        "listKind": "CronTabList",
    }
    assert made["spec"]["conversion"] == {"strategy": "None"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda spec: spec["names"].update(plural="others"), 'must be spec.names.plural+"."+spec.group'),
        (lambda spec: spec.update(scope="Galaxy"), 'spec.scope: Unsupported value: "Galaxy"'),
        (lambda spec: spec.update(scope=""), "spec.scope: Required value"),
        (lambda spec: spec["names"].update(listKind="CronTab"), "kind and listKind may not be the same"),
        (lambda spec: spec["names"].update(shortNames=["C"]), "spec.names.shortNames[0]: Invalid value"),
        (
            lambda spec: spec["versions"][0].update(storage=False),
            "must have exactly one version marked as storage",
        ),
        (lambda spec: spec["versions"].append(spec["versions"][0]), "must contain unique version names"),
        (
            lambda spec: spec["versions"][0].pop("schema"),
            "spec.versions[0].schema.openAPIV3Schema: Required value",
        ),
        (lambda spec: spec["versions"][0].update(name="V1"), "spec.versions[0].name: Invalid value"),
        (
            lambda spec: spec.update(preserveUnknownFields=True),
            "spec.preserveUnknownFields: Invalid value: true",
        ),
        (
            lambda spec: spec.update(conversion={"strategy": "Webhook"}),
            "required when strategy is set to Webhook",
        ),
    ],
)
def test_what_is_wrong_with_a_definition_is_told_in_upstreams_words(change, message):
    assert any(message in text for text in errors_of(change=change))


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            {"properties": {}},
            "properties[spec].type: Required value: must not be empty for specified object fields",
        ),
        (struct(a={"type": "array"}), "properties[a].items: Required value: must be specified"),
        (struct(a={"type": "text"}), 'Unsupported value: "text": supported values: "array", "boolean"'),
        (struct(a={**STRING, "pattern": "("}), "must be a valid regular expression, but isn't"),
        (struct(a={**STRING, "$ref": "#/x"}), "$ref: Forbidden: $ref is not supported"),
        (
            struct(a={**INTEGER, "anyOf": [{"type": "integer"}]}),
            "anyOf[0].type: Forbidden: must be empty to be",
        ),
        (
            {**struct(a=STRING), "anyOf": [{"properties": {"b": {"minLength": 1}}}]},
            f"because it is defined in {ROOT}.properties[spec].anyOf[0].properties[b]",
        ),
        (
            {**struct(a=STRING), "additionalProperties": STRING},
            "additionalProperties and properties are mutual exclusive",
        ),
        (
            struct(a={"type": "array", "items": struct(n=STRING), "x-kubernetes-list-type": "map"}),
            "must not be empty if x-kubernetes-list-type is map",
        ),
        (
            struct(
                a={
                    "type": "array",
                    "items": struct(n=STRING),
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["n"],
                }
            ),
            "so it must have a default or be a required property",
        ),
        (
            struct(a={**STRING, "x-kubernetes-list-type": "set"}),
            "must be array if x-kubernetes-list-type is specified",
        ),
        (struct(a={**INTEGER, "default": "x"}), 'properties[a].default: Invalid value: "string":'),
        (struct(a={**struct(b=STRING), "default": {"z": 1}}), "must not have unknown fields"),
    ],
)
def test_a_schema_that_is_not_structural_or_sound_is_refused(schema, message):
    found = errors_of(schema)
    assert any(message in text for text in found), found


def test_an_int_or_string_may_spell_its_types_out():
    either = [{"type": "integer"}, {"type": "string"}]
    port = {"x-kubernetes-int-or-string": True, "anyOf": either}
    bounded = {"x-kubernetes-int-or-string": True, "allOf": [{"anyOf": either}, {"maxLength": 3}]}
    assert errors_of(struct(port=port, bounded=bounded)) == []


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ({"subresources": {"scale": {}}}, "subresources.scale.specReplicasPath: Required value"),
        (
            {"subresources": {"scale": {"specReplicasPath": ".x", "statusReplicasPath": ".status.x"}}},
            "should be a json path under .spec",
        ),
        (
            {"additionalPrinterColumns": [{"name": "A", "type": "text", "jsonPath": "x"}]},
            "must be one of boolean,date,integer,number,string",
        ),
        (
            {"additionalPrinterColumns": [{"name": "A", "type": "date", "jsonPath": "x"}]},
            "must be a simple json path starting with .",
        ),
        ({"selectableFields": [{"jsonPath": ".spec.nope"}]}, "is an invalid path"),
        ({"selectableFields": [{"jsonPath": ".metadata.name"}]}, "must not point to fields in metadata"),
        ({"deprecationWarning": "x"}, "can only be set for deprecated versions"),
    ],
)
def test_what_is_wrong_with_a_version_is_told(version, message):
    assert any(message in text for text in errors_of(struct(a=STRING), **version))


def test_what_a_definition_serves_cannot_be_renamed_and_stored_versions_stay():
    old = definition(struct(a=STRING))
    old["status"] = names.status(old, [], NOW)
    new = copy.deepcopy(old)
    new["spec"]["scope"] = "Cluster"
    new["spec"]["versions"][0]["name"] = "v2"
    found = texts(definition_update(new, old))
    assert found[0] == 'spec.scope: Invalid value: "Cluster": field is immutable'
    assert found[1].startswith('status.storedVersions[0]: Invalid value: "v1": missing from spec.versions;')


def test_a_definition_whose_names_are_free_is_established():
    made = definition()
    made["status"] = names.status(made, [made], NOW)
    conditions = {each["type"]: each for each in made["status"]["conditions"]}
    assert conditions["NamesAccepted"]["status"] == conditions["Established"]["status"] == "True"
    assert conditions["NamesAccepted"]["reason"] == "NoConflicts"
    assert made["status"]["acceptedNames"]["kind"] == "CronTab"
    assert made["status"]["storedVersions"] == ["v1"]
    assert names.status(made, [made], LATER) is made["status"]


def test_names_that_another_definition_has_are_not_given_twice():
    first = definition()
    first["status"] = names.status(first, [], NOW)
    second = definition(plural="tabs")
    second["status"] = names.status(second, [first, second], NOW)
    conditions = {each["type"]: each for each in second["status"]["conditions"]}
    assert conditions["NamesAccepted"]["reason"] == "ListKindConflict"
    assert conditions["NamesAccepted"]["message"] == '"CronTabList" is already in use'
    assert conditions["Established"]["status"] == "False"
    assert second["status"]["acceptedNames"] == {"plural": "tabs", "kind": ""}
    freed = names.status(second, [second], LATER)
    assert [each["status"] for each in freed["conditions"]] == ["True", "True"]
    assert freed["conditions"][0]["lastTransitionTime"] == LATER


def test_each_served_version_becomes_a_resource():
    made = definition(struct(a=STRING), subresources={"status": {}}, deprecated=True)
    made["spec"]["versions"].append({**made["spec"]["versions"][0], "name": "v2", "storage": False})
    made["spec"]["versions"].append({**made["spec"]["versions"][0], "name": "v3", "served": False})
    made["status"] = names.status(made, [], NOW)
    found = custom_resources(made)
    assert [each.resource.version for each in found] == ["v1", "v2"]
    assert all(each.type.storage == found[0].resource for each in found)
    assert found[0].type.has_status
    assert found[0].type.singular == "crontab"
    assert found[0].deprecation_warning == "stable.example.com/v1 CronTab is deprecated"


def test_selectable_fields_and_columns_reach_the_catalogue():
    column = {"name": "A", "type": "string", "jsonPath": ".spec.a"}
    resource = custom(
        struct(a=STRING), selectableFields=[{"jsonPath": ".spec.a"}], additionalPrinterColumns=[column]
    )
    assert resource.selectable_fields == ("spec.a",)
    assert resource.columns == (column,)


def test_what_all_versions_share_is_told_once_and_what_differs_by_version():
    (version,) = definition(struct(a=INTEGER))["spec"]["versions"]
    bad = {**version, "schema": {"openAPIV3Schema": {"type": "object", "properties": {"a": {}}}}}
    other = {**bad, "name": "v2", "storage": False}
    crd = definition(struct(a=INTEGER))
    crd["spec"]["versions"] = [bad, other]
    (told,) = texts(definition_create(crd))
    assert told.startswith("spec.validation.openAPIV3Schema.properties[a].type: Required value")
    crd["spec"]["versions"] = [version, other]
    (told,) = texts(definition_create(crd))
    assert told.startswith("spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value")

"""x-kubernetes-validations: rules in CEL, on objects and at the creation of a definition."""

import pytest
from crd_samples import INTEGER, STRING, cron_tab, custom, definition, struct, texts

from kubeade.api.crd.validation import definition_create, definition_update

pytest.importorskip("cel_expr_python", reason="rules in CEL run where cel-expr-python is, on Linux")


def with_rules(schema, *rules):
    return {**schema, "x-kubernetes-validations": list(rules)}


SCALE = struct(replicas=INTEGER, limit=INTEGER, image=STRING)


def broken(schema, new, old=None):
    resource = custom(schema)
    return texts(resource.create_errors(new) if old is None else resource.update_errors(new, old))


def test_a_broken_rule_tells_its_message_or_itself():
    rule = {"rule": "self.replicas <= self.limit"}
    obj = cron_tab(replicas=2, limit=1)
    assert broken(with_rules(SCALE, rule), obj) == [
        "spec: Invalid value: failed rule: self.replicas <= self.limit"
    ]
    rule["message"] = "too many"
    assert broken(with_rules(SCALE, rule), obj) == ["spec: Invalid value: too many"]
    rule["messageExpression"] = "'%d is over %d'.format([self.replicas, self.limit])"
    assert broken(with_rules(SCALE, rule), obj) == ["spec: Invalid value: 2 is over 1"]
    assert broken(with_rules(SCALE, rule), cron_tab(replicas=1, limit=1)) == []


def test_a_rule_names_the_field_and_the_reason_it_is_about():
    rule = {
        "rule": "has(self.image)",
        "fieldPath": ".image",
        "reason": "FieldValueRequired",
        "message": "say it",
    }
    assert broken(with_rules(SCALE, rule), cron_tab()) == ["spec.image: Required value: say it"]


def test_a_rule_on_a_scalar_shows_the_value():
    rule = {"rule": "self.startsWith('reg/')"}
    schema = struct(image=with_rules(STRING, rule))
    assert broken(schema, cron_tab(image="x")) == [
        "spec.image: Invalid value: \"x\": failed rule: self.startsWith('reg/')"
    ]


def test_transition_rules_hold_on_updates_only():
    rule = {"rule": "self == oldSelf", "message": "is immutable"}
    schema = struct(image=with_rules(STRING, rule))
    assert broken(schema, cron_tab(image="a")) == []
    assert broken(schema, cron_tab(image="a"), cron_tab(image="a")) == []
    assert broken(schema, cron_tab(image="b"), cron_tab(image="a")) == [
        'spec.image: Invalid value: "b": is immutable'
    ]


def test_an_optional_old_value_lets_a_transition_rule_see_creation():
    text = "oldSelf.hasValue() ? self == oldSelf.value() : self == 'first'"
    schema = struct(image=with_rules(STRING, {"rule": text, "optionalOldSelf": True, "message": "no"}))
    assert broken(schema, cron_tab(image="first")) == []
    assert broken(schema, cron_tab(image="other")) == ['spec.image: Invalid value: "other": no']
    assert broken(schema, cron_tab(image="other"), cron_tab(image="first")) == [
        'spec.image: Invalid value: "other": no'
    ]


def test_items_of_a_keyed_list_are_compared_with_their_former_selves():
    item = with_rules(
        struct(name=STRING, port=INTEGER), {"rule": "self.port >= oldSelf.port", "message": "down"}
    )
    ports = {"type": "array", "items": item}
    ports |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    old = cron_tab(ports=[{"name": "a", "port": 5}, {"name": "b", "port": 1}])
    new = cron_tab(ports=[{"name": "b", "port": 2}, {"name": "a", "port": 4}, {"name": "c", "port": 0}])
    assert broken(struct(ports=ports), new, old) == ["spec.ports[1]: Invalid value: down"]


def test_what_did_not_change_is_not_held_against_an_update():
    schema = struct(image=with_rules(STRING, {"rule": "self == 'good'"}), replicas=INTEGER)
    assert broken(schema, cron_tab(image="bad", replicas=2), cron_tab(image="bad", replicas=1)) == []


def test_a_rule_that_comes_to_no_value_says_why():
    rule = {"rule": "self.image == 'x'"}
    assert broken(with_rules(SCALE, rule), cron_tab()) == [
        "spec: Invalid value: no such key: image evaluating rule: self.image == 'x'"
    ]


def test_rules_are_not_run_on_an_object_of_the_wrong_shape():
    found = broken(with_rules(SCALE, {"rule": "self.replicas < 1"}), cron_tab(replicas="x"))
    assert len(found) == 2
    assert found[1].startswith("<nil>: Invalid value: null: some validation rules were not checked")


def test_names_that_cel_cannot_spell_are_escaped():
    schema = struct(**{"a-b": INTEGER, "namespace": STRING})
    rule = {"rule": "self.a__dash__b == 1 && self.__namespace__ == 'x'"}
    assert broken(with_rules(schema, rule), cron_tab(**{"a-b": 1, "namespace": "x"})) == []


@pytest.mark.parametrize(
    "rule",
    [
        "self.when > timestamp('2020-01-01T00:00:00Z')",
        "self.wait < duration('2h')",
        "self.list.isSorted() && self.list.sum() == 6 && self.list.max() == 3",
        "self.name.find('[0-9]+') == '12'",
        "self.name.split('-').size() == 2",
        "isURL('https://example.com') && isIP('::1') && !isIP('x')",
        "quantity('1Gi').isGreaterThan(quantity('1000Mi')) && quantity('1') == quantity('1000m')",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3') && ip('::1').family() == 6 && !isCIDR('10.0.0.1')",
        "url('https://u@example.com:8080/a?b').getHostname() == 'example.com'",
        "self.ratio / 2.0 == 0.5",
        "self.labels.all(k, k.startsWith('a') && self.labels[k] == 'v')",
        "self.?missing.orValue('none') == 'none'",
    ],
)
def test_kubernetes_functions_and_types_work(rule):
    schema = struct(
        when={**STRING, "format": "date-time"},
        wait={**STRING, "format": "duration"},
        list={"type": "array", "items": INTEGER},
        name=STRING,
        ratio={"type": "number"},
        labels={"type": "object", "additionalProperties": STRING},
        missing=STRING,
    )
    values = {"when": "2026-01-01T00:00:00Z", "wait": "1h30m", "list": [1, 2, 3], "name": "ab-12"}
    obj = cron_tab(**values, ratio=1, labels={"a": "v"})
    assert not texts(definition_create(definition(with_rules(schema, {"rule": rule}))))
    assert broken(with_rules(schema, {"rule": rule}), obj) == []


@pytest.mark.parametrize(
    ("rule", "detail"),
    [
        ({"rule": "self.replicas <"}, "compilation failed: ERROR: <input>:1:16: Syntax error"),
        ({"rule": "self.nothere == 1"}, "compilation failed: ERROR: <input>:1:5: undefined field 'nothere'"),
        ({"rule": "self.image.nope()"}, "undeclared reference to 'nope'"),
        ({"rule": "1 + 1"}, "cel expression must evaluate to a bool"),
        ({"rule": "cutlery('1.2.3') == 1"}, "undeclared reference to 'cutlery'"),
        ({"rule": "true", "optionalOldSelf": True}, "may not be set if oldSelf is not used in rule"),
    ],
)
def test_a_rule_that_cannot_run_is_refused_when_the_definition_is_created(rule, detail):
    (found,) = texts(definition_create(definition(with_rules(SCALE, rule))))
    place = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]"
    assert found.startswith(place)
    assert detail in found


def test_old_values_cannot_be_asked_for_where_none_can_be_told():
    item = with_rules(struct(a=STRING), {"rule": "self == oldSelf"})
    (found,) = texts(definition_create(definition(struct(l={"type": "array", "items": item}))))
    assert "oldSelf cannot be used on the uncorrelatable portion of the schema" in found


def test_a_stored_rule_that_cannot_run_refuses_what_it_is_about():
    found = broken(with_rules(SCALE, {"rule": "self.replicas <"}), cron_tab())
    assert found[0].startswith("spec: Invalid value: rule compile error: compilation failed: ERROR")


NESTED = {"rule": "self.a.all(x, self.a.all(y, x != y))"}


def costs_of(items, *rules):
    schema = with_rules(struct(a={"type": "array", "items": STRING, **items}), *rules)
    return texts(definition_create(definition(schema)))


def test_rules_that_may_cost_too_much_are_refused():
    (told,) = costs_of({}, NESTED)[:1]
    assert told.startswith(
        "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Forbidden: "
        "estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding"
    )
    short = {"type": "string", "maxLength": 10}
    assert costs_of({"items": short, "maxItems": 100}, NESTED) == []
    assert "factor of 2.9x" in costs_of({"items": short, "maxItems": 1800}, NESTED)[0]


def test_all_rules_together_may_not_cost_too_much():
    short = {"items": {"type": "string", "maxLength": 10}, "maxItems": 1000}
    assert costs_of(short, *[NESTED] * 9) == []
    told = costs_of(short, *[NESTED] * 12)
    assert len(told) == 5
    assert (
        "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema" in told[0]
    )
    assert "openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for" in told[-1]


def test_a_stored_definition_may_keep_a_costly_rule():
    stored = definition(
        with_rules(struct(a={"type": "array", "items": STRING}), {"rule": "self.a.join('') != ''"})
    )
    assert "estimated rule cost" in texts(definition_create(stored))[0]
    assert not any("estimated rule cost exceeds" in told for told in texts(definition_update(stored, stored)))


def test_an_evaluation_that_would_take_too_long_ends_all():
    rule = {"rule": "self.a.all(x, self.a.all(y, x != y + '!'))"}
    schema = with_rules(struct(a={"type": "array", "items": STRING}), rule, {"rule": "false"})
    (told,) = broken(schema, cron_tab(a=[str(n) for n in range(2000)]))
    assert told == (
        "spec: Invalid value: 'operation cancelled: actual cost limit exceeded': no further validation rules "
        "will be run due to call cost exceeds limit for rule: self.a.all(x, self.a.all(y, x != y + '!'))"
    )


def test_an_object_has_one_budget_for_all_its_rules():
    items = {
        "type": "array",
        "items": with_rules(INTEGER, *[{"rule": "lists.range(2000).size() > self"}] * 2),
    }
    (told,) = broken(struct(a=items), cron_tab(a=[1] * 3000))
    assert told.endswith(
        "validation failed due to running out of cost budget, no further validation rules will be run"
    )

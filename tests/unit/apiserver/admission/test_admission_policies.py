"""What validating and mutating admission policies do to requests."""

import pytest
from webhook_stand import configure, dynamic_lab, hook, rule, webhook_server

from kubeade.apiserver.seams import User

POLICIES = "/apis/admissionregistration.k8s.io/v1"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@pytest.fixture
async def lab(tmp_path):
    async with dynamic_lab(tmp_path) as lab:
        yield lab


async def validating(lab, *validations, rules=None, binding=None, name="p", **spec):
    found = [each if isinstance(each, dict) else {"expression": each} for each in validations]
    constraints = {"resourceRules": [rules or rule("configmaps", "CREATE UPDATE")]}
    spec = {"matchConstraints": constraints, "validations": found, **spec}
    await lab.make(f"{POLICIES}/validatingadmissionpolicies", {"metadata": {"name": name}, "spec": spec})
    bound = {"policyName": name, "validationActions": ["Deny"], **(binding or {})}
    path = f"{POLICIES}/validatingadmissionpolicybindings"
    await lab.make(path, {"metadata": {"name": f"{name}-b"}, "spec": bound})


async def mutating(lab, *mutations, rules=None, name="m", reinvocation="Never", binding=None, **spec):
    found = [
        {"patchType": "JSONPatch", "jsonPatch": {"expression": each}}
        if each.lstrip().startswith("[")
        else {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": each}}
        for each in mutations
    ]
    constraints = {"resourceRules": [rules or rule("configmaps")]}
    spec = {
        "matchConstraints": constraints,
        "mutations": found,
        "reinvocationPolicy": reinvocation,
        **spec,
    }
    await lab.make(f"{POLICIES}/mutatingadmissionpolicies", {"metadata": {"name": name}, "spec": spec})
    path = f"{POLICIES}/mutatingadmissionpolicybindings"
    bound = {"policyName": name, **(binding or {})}
    await lab.make(path, {"metadata": {"name": f"{name}-b"}, "spec": bound})


async def create(lab, name="x", path=CONFIG_MAPS, **fields):
    return await lab.send("POST", path, {"metadata": {"name": name, **fields.pop("metadata", {})}, **fields})


def deployment(name, replicas=1):
    labels = {"app": name}
    containers = [{"name": "a", "image": "a"}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": name}, "spec": spec}


# -- validating ------------------------------------------------------------------------------------


async def test_a_denial_names_policy_and_binding(lab):
    await validating(lab, "has(object.data) && 'a' in object.data")
    refused = await create(lab)
    said = "ValidatingAdmissionPolicy 'p' with binding 'p-b' denied request: "
    said += "failed expression: has(object.data) && 'a' in object.data"
    assert refused.status == refused.json["code"] == 422
    assert refused.json["reason"] == "Invalid"
    assert refused.message == f'configmaps "x" is forbidden: {said}'
    assert refused.json["details"]["causes"] == [{"message": said}]
    assert (await create(lab, data={"a": "b"})).status == 201


@pytest.mark.parametrize(
    ("validation", "code", "told"),
    [
        ({"message": "no"}, 422, "no"),
        ({"messageExpression": "'no ' + object.metadata.name"}, 422, "no x"),
        ({"messageExpression": "string(object.missing)", "message": "plainly"}, 422, "plainly"),
        ({"messageExpression": "'a\\nb'"}, 422, "failed expression: object.metadata.name == 'y'"),
        ({"reason": "Forbidden", "message": "no"}, 403, "no"),
        ({"reason": "RequestEntityTooLarge", "message": "no"}, 413, "no"),
    ],
)
async def test_messages_and_reasons_are_the_policys(lab, validation, code, told):
    await validating(lab, {"expression": "object.metadata.name == 'y'", **validation})
    refused = await create(lab)
    assert (refused.status, refused.message.partition("denied request: ")[2]) == (code, told)


async def test_a_policy_without_a_binding_does_nothing(lab):
    await validating(lab, "false", binding={"policyName": "another"})
    assert (await create(lab)).status == 201


async def test_a_binding_can_narrow_its_policy(lab):
    selector = {"matchResources": {"objectSelector": {"matchLabels": {"a": "b"}}}}
    await validating(lab, "false", binding=selector)
    assert (await create(lab)).status == 201
    assert (await create(lab, "y", metadata={"labels": {"a": "b"}})).status == 422


async def test_excluded_and_named_resources_are_told_apart(lab):
    named = {**rule("configmaps"), "resourceNames": ["x"]}
    excluded = {"resourceRules": [rule("*")], "excludeResourceRules": [named]}
    await validating(lab, "false", matchConstraints=excluded)
    assert (await create(lab)).status == 201
    assert (await create(lab, "y")).status == 422


async def test_warnings_and_audits_let_pass(lab):
    await validating(
        lab,
        {"expression": "false", "message": "mind"},
        binding={"validationActions": ["Warn", "Audit"]},
    )
    passed = await create(lab)
    assert passed.status == 201
    said = "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-b': mind"
    assert passed.header("warning") == [f'299 - "{said}"']


async def test_variables_are_computed_when_they_are_used(lab):
    variables = [
        {"name": "replicas", "expression": "object.spec.replicas"},
        {"name": "odd", "expression": "variables.replicas % 2 == 1"},
        {"name": "broken", "expression": "object.missing.more"},
    ]
    rules = rule("deployments", group="apps")
    await validating(lab, "variables.replicas > 1", "variables.odd", rules=rules, variables=variables)
    codes = [(await lab.send("POST", DEPLOYMENTS, deployment(f"d{n}", n))).status for n in (1, 2, 3)]
    assert codes == [422, 422, 201]


async def test_what_an_expression_may_look_at(lab):
    await validating(
        lab,
        "namespaceObject.metadata.labels['team'] == 'a' && !has(namespaceObject.metadata.managedFields)",
        "request.userInfo.username == 'ann' && request.resource.resource == 'configmaps'",
        "request.operation == 'CREATE' ? oldObject == null : oldObject.metadata.name == object.metadata.name",
        "authorizer.group('').resource('secrets').namespace('default').check('create').allowed()",
        "!authorizer.requestResource.check('sing').allowed()",
    )
    lab.doors.forbidden.add("sing")
    ann = User("ann")
    assert (await lab.send("POST", CONFIG_MAPS, {"metadata": {"name": "x"}}, user=ann)).status == 201
    assert (await lab.send("PUT", CONFIG_MAPS + "/x", {"metadata": {"name": "x"}}, user=ann)).status == 200
    assert ("sing", "configmaps", "x") in [(a.verb, a.resource, a.name) for a in lab.doors.asked]


@pytest.mark.parametrize(
    "costly",
    [
        " && ".join(f"authorizer.path('/{n}').check('get').allowed()" for n in range(3)),
        "object.data.a.split('').all(x, object.data.a.split('').all(y, x == y))",
    ],
)
async def test_an_expression_that_costs_too_much_is_an_error(lab, costly):
    await validating(lab, costly)
    big = {"metadata": {"name": "x"}, "data": {"a": "a" * 5000}}
    refused = await lab.send("POST", CONFIG_MAPS, big)
    assert refused.message.endswith("resulted in error: operation cancelled: actual cost limit exceeded")


async def test_errors_follow_the_failure_policy(lab):
    await validating(lab, "object.missing == 1", failurePolicy="Ignore", name="lax")
    assert (await create(lab)).status == 201
    await validating(lab, "object.missing == 1", name="strict")
    refused = await create(lab, "y")
    told = "expression 'object.missing == 1' resulted in error: no such key: missing"
    assert refused.message.endswith(f"'strict-b' denied request: {told}")


async def test_match_conditions_come_first(lab):
    condition = [{"name": "mine", "expression": "request.userInfo.username != 'admin'"}]
    await validating(lab, "false", matchConditions=condition)
    assert (await create(lab)).status == 201
    ann = await lab.send("POST", CONFIG_MAPS, {"metadata": {"name": "y"}}, user=User("ann"))
    assert ann.status == 422


@pytest.mark.parametrize(
    ("reference", "status"),
    [
        ({"name": "limits", "parameterNotFoundAction": "Deny"}, 201),
        ({"name": "limits", "namespace": "default", "parameterNotFoundAction": "Deny"}, 201),
        ({"selector": {"matchLabels": {"a": "b"}}, "parameterNotFoundAction": "Deny"}, 201),
        ({"name": "strict", "parameterNotFoundAction": "Deny"}, 422),
        ({"selector": {}, "parameterNotFoundAction": "Deny"}, 422),
        ({"name": "absent", "parameterNotFoundAction": "Allow"}, 201),
        ({"name": "absent", "parameterNotFoundAction": "Deny"}, 422),
    ],
)
async def test_parameters_are_found_by_name_or_selector(lab, reference, status):
    await create(lab, "limits", data={"most": "5"}, metadata={"labels": {"a": "b"}})
    await create(lab, "strict", data={"most": "1"})
    await validating(
        lab,
        "object.spec.replicas <= int(params.data.most)",
        rules=rule("deployments", group="apps"),
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        binding={"paramRef": reference},
    )
    answer = await lab.send("POST", DEPLOYMENTS, deployment("d", 3))
    assert answer.status == status
    if reference.get("name") == "absent" and status == 422:
        told = "failed to configure binding: no params found for policy binding with `Deny`"
        assert told in answer.message


async def test_a_parameter_of_an_unknown_kind_is_a_failure(lab):
    await validating(lab, "false", paramKind={"apiVersion": "x.io/v1", "kind": "Unheard"})
    told = (
        "failed to configure policy: failed to find resource referenced by paramKind: 'x.io/v1, Kind=Unheard'"
    )
    assert told in (await create(lab)).message


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"validations": [{"expression": "object.x ="}]}, "spec.validations[0].expression: Invalid value:"),
        ({"validations": [{"expression": "object.x"}]}, "must evaluate to bool but got dyn"),
        ({"validations": [{"expression": "params.x == 1"}]}, "undeclared reference to 'params"),
        ({"validations": [{"expression": "variables.x == 1"}]}, "undefined field 'x'"),
        ({"validations": []}, "validations or auditAnnotations must contain at least one item"),
        ({"matchConstraints": {}}, "spec.matchConstraints.resourceRules: Required value"),
        ({"matchConditions": [{"name": "a", "expression": "1"}]}, "must evaluate to bool"),
    ],
)
async def test_a_policy_that_cannot_work_is_refused(lab, spec, told):
    constraints = {"resourceRules": [rule("configmaps")]}
    whole = {"matchConstraints": constraints, "validations": [{"expression": "true"}], **spec}
    body = {"metadata": {"name": "p"}, "spec": whole}
    answer = await lab.send("POST", f"{POLICIES}/validatingadmissionpolicies", body)
    assert answer.status == 422
    assert told in answer.message


async def test_match_conditions_of_webhooks_are_compiled_when_they_are_created(lab):
    broken = {"matchConditions": [{"name": "a", "expression": "oldObject.x &&"}]}
    webhooks = [hook({"url": "https://localhost:1"}, **broken)]
    for kind in ("validating", "mutating"):
        path = f"{POLICIES}/{kind}webhookconfigurations"
        answer = await lab.send("POST", path, {"metadata": {"name": "w"}, "webhooks": webhooks})
        assert answer.status == 422
        assert "webhooks[0].matchConditions[0].expression" in answer.message
        assert "compilation failed" in answer.message


# -- mutating --------------------------------------------------------------------------------------


async def test_an_apply_configuration_is_merged_by_the_schema(lab):
    sidecar = """Object{
        spec: Object.spec{
            template: Object.spec.template{
                spec: Object.spec.template.spec{
                    containers: [Object.spec.template.spec.containers{name: "side", image: "b"}]
                }
            }
        }
    }"""
    rules = rule("deployments", group="apps")
    await mutating(lab, sidecar, "Object{spec: Object.spec{replicas: 7}}", rules=rules)
    made = await lab.send("POST", DEPLOYMENTS, deployment("d"))
    assert made.status == 201
    containers = made.json["spec"]["template"]["spec"]["containers"]
    assert {each["name"] for each in containers} == {"a", "side"}
    assert all(each["terminationMessagePath"] for each in containers)
    assert made.json["spec"]["replicas"] == 7


async def test_labels_can_be_built_from_the_object(lab):
    built = 'Object{metadata: Object.metadata{labels: {"of": object.metadata.name + "-label"}}}'
    await mutating(lab, built)
    assert (await create(lab)).json["metadata"]["labels"] == {"of": "x-label"}


async def test_a_json_patch_is_applied_unless_its_test_fails(lab):
    patch = """[
        JSONPatch{op: "test", path: "/data/a", value: "b"},
        JSONPatch{op: "add", path: "/data/" + jsonpatch.escapeKey("x.y_z"), value: "1"}
    ]"""
    await mutating(lab, patch)
    assert (await create(lab, data={"a": "b"})).json["data"] == {"a": "b", "x.y_z": "1"}
    assert (await create(lab, "y", data={"a": "c"})).json["data"] == {"a": "c"}


async def test_atomic_fields_are_not_set_by_apply_configurations(lab):
    expression = 'Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"a": "b"}}}}'
    await mutating(lab, expression, rules=rule("deployments", group="apps"))
    refused = await lab.send("POST", DEPLOYMENTS, deployment("d"))
    told = "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: "
    said = f"policy 'm' with binding 'm-b' denied request: {told}.spec.selector"
    assert (refused.json["reason"], refused.message) == ("Invalid", said)


async def test_a_mutation_without_a_value_follows_the_failure_policy(lab):
    broken = 'Object{metadata: Object.metadata{labels: {"a": object.missing}}}'
    await mutating(lab, broken, failurePolicy="Ignore", name="lax")
    assert (await create(lab)).status == 201
    await mutating(lab, broken, name="strict")
    refused = await create(lab, "y")
    assert refused.message.startswith("policy 'strict' with binding 'strict-b' denied request: expression '")
    assert refused.message.endswith("resulted in error: no such key: missing")


async def test_policies_come_before_webhooks_and_again_when_these_change_something(lab, tmp_path):
    counted = """[JSONPatch{op: "add", path: "/metadata/labels", value: {
        "seen": string(has(object.data) ? object.data.size() : 0)}}]"""
    await mutating(lab, counted, reinvocation="IfNeeded")
    await mutating(lab, counted.replace("labels", "annotations"), name="n", reinvocation="Never")
    async with webhook_server(tmp_path) as webhooks:
        webhooks.patch("/m", {"op": "add", "path": "/data", "value": {"a": "b"}})
        await configure(lab, "mutating", hook(webhooks.config("/m")))
        made = await create(lab)
    assert made.json["metadata"]["labels"] == {"seen": "1"}
    assert made.json["metadata"]["annotations"] == {"seen": "0"}


async def test_mutations_use_parameters_and_variables(lab):
    await create(lab, "settings", data={"team": "lemon"})
    await mutating(
        lab,
        'Object{metadata: Object.metadata{?labels: optional.of({"team": variables.team})}}',
        rules=rule("secrets"),
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        variables=[{"name": "team", "expression": "params.data.team"}],
        binding={"paramRef": {"name": "settings", "parameterNotFoundAction": "Deny"}},
    )
    made = await create(lab, path="/api/v1/namespaces/default/secrets")
    assert made.json["metadata"]["labels"] == {"team": "lemon"}

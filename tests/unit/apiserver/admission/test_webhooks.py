"""What admission webhooks are asked, in which order, and what their answers do."""

import asyncio

import pytest
from webhook_stand import answer, configure, dynamic_lab, hook, rule, webhook_server

from kubeade.apiserver.seams import User
from kubeade.apiserver.server import ApiServerConfig

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
MERGE = {"content-type": "application/merge-patch+json"}


@pytest.fixture
async def lab(tmp_path):
    async with dynamic_lab(tmp_path) as lab:
        yield lab


@pytest.fixture
async def webhooks(tmp_path):
    async with webhook_server(tmp_path, "hook.default.svc") as server:
        yield server


async def create(lab, name="x", path=CONFIG_MAPS, **fields):
    return await lab.send("POST", path, {"metadata": {"name": name, **fields.pop("metadata", {})}, **fields})


# -- what is asked ---------------------------------------------------------------------------------


async def test_a_review_says_what_is_done_to_what_by_whom(lab, webhooks):
    webhooks.allow("/v")
    await configure(lab, "validating", hook(webhooks.config("/v")))
    user = User("ann", "7", ("devs",), {"reason": ("x",)})
    body = {"metadata": {"name": "x"}, "data": {"a": "b"}}
    await lab.send("POST", CONFIG_MAPS + "?fieldManager=me&dryRun=All", body, user=user)
    ((_, review),) = webhooks.asked
    assert (review["kind"], review["apiVersion"]) == ("AdmissionReview", "admission.k8s.io/v1")
    request = review["request"]
    assert request["kind"] == request["requestKind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
    assert request["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert (request["operation"], request["name"], request["namespace"]) == ("CREATE", "x", "default")
    assert request["userInfo"] == {
        "username": "ann",
        "uid": "7",
        "groups": ["devs"],
        "extra": {"reason": ["x"]},
    }
    assert request["object"]["data"] == {"a": "b"}
    assert request["oldObject"] is None
    assert request["dryRun"] is True
    assert request["options"] == {
        "kind": "CreateOptions",
        "apiVersion": "meta.k8s.io/v1",
        "dryRun": ["All"],
        "fieldManager": "me",
    }


async def test_updates_show_both_states_and_deletions_the_old_one(lab, webhooks):
    webhooks.allow("/v")
    await create(lab, data={"a": "1"})
    await configure(lab, "validating", hook(webhooks.config("/v"), rule("configmaps", "UPDATE DELETE")))
    await lab.send("PATCH", CONFIG_MAPS + "/x", {"data": {"a": "2"}}, headers=MERGE)
    await lab.send("DELETE", CONFIG_MAPS + "/x", {"gracePeriodSeconds": 0})
    update, deletion = (review["request"] for _, review in webhooks.asked)
    assert (update["object"]["data"], update["oldObject"]["data"]) == ({"a": "2"}, {"a": "1"})
    assert update["options"]["kind"] == "PatchOptions"
    assert (deletion["object"], deletion["oldObject"]["data"]) == (None, {"a": "2"})
    assert deletion["options"]["kind"] == "DeleteOptions"


@pytest.mark.parametrize(
    ("rules", "asked"),
    [
        (rule("configmaps"), True),
        (rule("*", "*", "*", "*"), True),
        (rule("configmaps", "UPDATE"), False),
        (rule("secrets"), False),
        (rule("configmaps/status"), False),
        (rule("*/*"), True),
        (rule("configmaps", group="apps"), False),
        ({**rule("configmaps"), "scope": "Cluster"}, False),
        ({**rule("configmaps"), "scope": "Namespaced"}, True),
    ],
)
async def test_rules_choose_what_a_webhook_is_asked_about(lab, webhooks, rules, asked):
    webhooks.allow("/v")
    await configure(lab, "validating", hook(webhooks.config("/v"), rules))
    await create(lab)
    assert bool(webhooks.asked) is asked


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "b"}}}, False),
        ({"objectSelector": {"matchLabels": {"app": "web"}}}, True),
        ({"objectSelector": {"matchLabels": {"app": "db"}}}, False),
        ({"matchConditions": [{"name": "a", "expression": "object.metadata.name == 'x'"}]}, True),
        ({"matchConditions": [{"name": "a", "expression": "request.operation == 'UPDATE'"}]}, False),
        ({"matchConditions": [{"name": "a", "expression": "object.metadata.name != 'x'"}]}, False),
    ],
)
async def test_selectors_and_conditions_choose_further(lab, webhooks, fields, asked):
    webhooks.allow("/v")
    await configure(lab, "validating", hook(webhooks.config("/v"), **fields))
    await create(lab, metadata={"labels": {"app": "web"}})
    assert bool(webhooks.asked) is asked


async def test_a_condition_without_a_value_follows_the_failure_policy(lab, webhooks):
    webhooks.refuse("/v")
    condition = {"matchConditions": [{"name": "a", "expression": "object.missing == 'x'"}]}
    await configure(lab, "validating", hook(webhooks.config("/v"), **condition, failurePolicy="Ignore"))
    assert (await create(lab)).status == 201
    await configure(lab, "validating", hook(webhooks.config("/v"), **condition), name="strict")
    refused = await create(lab, "y")
    assert refused.status == 403
    told = "expression 'object.missing == 'x'' resulted in error: no such key: missing"
    assert refused.message == f'configmaps "y" is forbidden: {told}'
    assert webhooks.asked == []


async def test_a_webhook_for_one_version_hears_of_the_others_in_its_own(lab, webhooks):
    webhooks.patch("/m", {"op": "add", "path": "/spec/maxReplicas", "value": 7})
    scalers = "horizontalpodautoscalers"
    own = rule(scalers, group="autoscaling", version="v1")
    await configure(lab, "mutating", hook(webhooks.config("/m"), own))
    path = f"/apis/autoscaling/v2/namespaces/default/{scalers}"
    spec = {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "x", "apiVersion": "apps/v1"}}
    answer = await create(lab, path=path, spec=spec)
    assert (answer.status, answer.json["apiVersion"]) == (201, "autoscaling/v2")
    assert answer.json["spec"]["maxReplicas"] == 7
    request = webhooks.asked[0][1]["request"]
    assert (request["kind"]["version"], request["requestKind"]["version"]) == ("v1", "v2")
    assert request["object"]["apiVersion"] == "autoscaling/v1"
    exact = hook(webhooks.config("/m"), own, matchPolicy="Exact")
    await lab.send("DELETE", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/test")
    await configure(lab, "mutating", exact)
    await create(lab, "y", path=path, spec=spec)
    assert len(webhooks.asked) == 1


async def test_a_scale_is_shown_and_changed_as_what_was_sent(lab, webhooks):
    labels = {"app": "d"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    path = "/apis/apps/v1/namespaces/default/deployments"
    await lab.make(path, {"metadata": {"name": "d"}, "spec": spec})
    webhooks.patch("/m", {"op": "replace", "path": "/spec/replicas", "value": 5})
    own = rule("deployments/scale", "UPDATE", "apps")
    await configure(lab, "mutating", hook(webhooks.config("/m"), own))
    answer = await lab.send("PATCH", path + "/d/scale", {"spec": {"replicas": 3}}, headers=MERGE)
    assert (answer.status, answer.json["spec"]["replicas"]) == (200, 5)
    ((_, review),) = webhooks.asked
    request = review["request"]
    assert request["kind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert (request["subResource"], request["resource"]["resource"]) == ("scale", "deployments")
    shown = [request[key]["spec"]["replicas"] for key in ("object", "oldObject")]
    assert (request["object"]["kind"], shown) == ("Scale", [3, 1])


async def test_questions_that_store_nothing_are_admitted_too(tmp_path, webhooks):
    async def echo(question):
        return question.body

    place = ("authentication.k8s.io", "tokenreviews", "")
    async with dynamic_lab(tmp_path, ApiServerConfig(responders={place: echo})) as lab:
        webhooks.patch("/m", {"op": "add", "path": "/spec/audiences", "value": ["me"]})
        own = rule("tokenreviews", group="authentication.k8s.io")
        await configure(lab, "mutating", hook(webhooks.config("/m"), own))
        path = "/apis/authentication.k8s.io/v1/tokenreviews"
        answer = await lab.send("POST", path, {"spec": {"token": "x"}})
    assert (answer.status, answer.json["spec"]) == (201, {"token": "x", "audiences": ["me"]})


async def test_configurations_of_webhooks_are_not_subject_to_them(lab, webhooks):
    webhooks.refuse("/v")
    everything = hook(webhooks.config("/v"), rule("*/*", "*", "*", "*"))
    for kind in ("validating", "mutating"):
        await configure(lab, kind, everything)
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/test"
    assert (await lab.send("DELETE", path)).status == 200
    assert webhooks.asked == []


# -- what an answer does ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "reason", "message"),
    [
        ({}, 400, None, "without explanation"),
        ({"message": "not today"}, 400, None, ": not today"),
        ({"reason": "Busy"}, 400, "Busy", ": Busy"),
        ({"message": "no", "code": 403, "reason": "Forbidden"}, 403, "Forbidden", ": no"),
        ({"message": "no", "code": 200}, 400, None, ": no"),
    ],
)
async def test_a_refusal_is_told_in_the_webhooks_words(lab, webhooks, status, code, reason, message):
    webhooks.refuse("/v", **status)
    await configure(lab, "validating", hook(webhooks.config("/v")))
    refused = await create(lab)
    assert (refused.status, refused.json["code"], refused.json.get("reason")) == (code, code, reason)
    space = "" if message.startswith(":") else " "
    denied = 'admission webhook "hook.example.com" denied the request'
    assert refused.message == f"{denied}{space}{message}"
    assert refused.json["status"] == "Failure"


async def test_warnings_reach_the_client(lab, webhooks):
    webhooks.allow("/v", warnings=["mind the gap"])
    await configure(lab, "validating", hook(webhooks.config("/v")))
    assert (await create(lab)).header("warning") == ['299 - "mind the gap"']


async def test_a_patch_is_applied_pruned_and_defaulted(lab, webhooks):
    container = {"name": "b", "image": "b", "unheard": 1}
    webhooks.patch("/m", {"op": "add", "path": "/spec/initContainers", "value": [container]})
    await configure(lab, "mutating", hook(webhooks.config("/m"), rule("pods")))
    pod = await lab.pod("x")
    (added,) = pod["spec"]["initContainers"]
    assert added["terminationMessagePath"] == "/dev/termination-log"
    assert "unheard" not in added


async def test_what_a_webhook_makes_of_an_object_is_validated(lab, webhooks):
    webhooks.patch("/m", {"op": "add", "path": "/metadata/labels", "value": {"a": "/"}})
    await configure(lab, "mutating", hook(webhooks.config("/m")))
    assert (await create(lab)).status == 422


async def test_webhooks_are_called_by_name_of_configuration_and_see_what_others_did(lab, webhooks):
    webhooks.patch("/1", {"op": "add", "path": "/data", "value": {"one": "1"}})
    webhooks.patch("/2", {"op": "add", "path": "/data/two", "value": "2"})
    webhooks.patch("/3", {"op": "add", "path": "/data/three", "value": "3"})
    await configure(lab, "mutating", hook(webhooks.config("/3"), name="a.b.c"), name="z")
    first = [hook(webhooks.config("/1"), name="z.b.c"), hook(webhooks.config("/2"), name="a.b.c")]
    await configure(lab, "mutating", *first, name="a")
    assert (await create(lab)).json["data"] == {"one": "1", "two": "2", "three": "3"}
    assert webhooks.paths() == ["/1", "/2", "/3"]


async def test_a_webhook_that_asks_for_it_is_called_again_after_later_changes(lab, webhooks):
    webhooks.allow("/1")
    webhooks.patch("/2", {"op": "add", "path": "/data", "value": {"b": "c"}})
    once = hook(webhooks.config("/2"), name="b.b.b", reinvocationPolicy="IfNeeded")
    again = hook(webhooks.config("/1"), name="a.b.c", reinvocationPolicy="IfNeeded")
    never = hook(webhooks.config("/1"), name="n.b.c")
    await configure(lab, "mutating", again, never, once)
    assert (await create(lab)).status == 201
    assert webhooks.paths() == ["/1", "/1", "/2", "/1"]


async def test_v1beta1_is_spoken_with_those_who_know_nothing_newer(lab, webhooks):
    def old(review):
        assert review["apiVersion"] == "admission.k8s.io/v1beta1"
        return {"response": {"allowed": False, "status": {"message": "old ways"}}}

    webhooks.on("/v", old)
    versions = {"admissionReviewVersions": ["v9", "v1beta1", "v1"]}
    await configure(lab, "validating", hook(webhooks.config("/v"), **versions))
    assert (await create(lab)).message.endswith("denied the request: old ways")


# -- failures --------------------------------------------------------------------------------------

FAILED = 'Internal error occurred: failed calling webhook "hook.example.com": '


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ((500, b"oh"), 'failed to call webhook: an error on the server ("oh") has prevented the request'),
        ((404, b""), "failed to call webhook: the server could not find the requested resource"),
        ((302, b""), "failed to call webhook: the server responded with the status code 302"),
        ((200, b"{"), "failed to call webhook: couldn't get version/kind; json parse error"),
        ((200, b"{}"), "received invalid webhook response: webhook response was absent"),
        ((200, b'{"response":{"uid":"1"}}'), "received invalid webhook response: expected response.uid="),
    ],
)
async def test_a_webhook_that_does_not_answer_refuses_or_is_passed_over(lab, webhooks, reply, why):
    webhooks.on("/v", lambda _: reply)
    await configure(lab, "validating", hook(webhooks.config("/v"), failurePolicy="Ignore"))
    assert (await create(lab)).status == 201
    await configure(lab, "mutating", hook(webhooks.config("/v")), name="strict")
    refused = await create(lab, "y")
    assert (refused.status, refused.json["reason"]) == (500, "InternalError")
    assert refused.message.startswith(FAILED + why)


async def test_nobody_there_is_a_failure(lab, webhooks):
    config = {**webhooks.config("/v"), "url": "https://localhost:1/v"}
    await configure(lab, "validating", hook(config))
    refused = await create(lab)
    said = 'failed to call webhook: Post "https://localhost:1/v?timeout=10s": dial tcp'
    assert refused.message.startswith(FAILED + said)
    assert refused.message.endswith("connect: connection refused")


async def test_a_webhook_has_the_time_that_it_is_given(lab, webhooks):
    webhooks.on("/v", lambda _: asyncio.Event().wait())
    await configure(lab, "validating", hook(webhooks.config("/v"), timeoutSeconds=1))
    refused = await create(lab)
    assert refused.status == 500
    assert refused.message.endswith('/v?timeout=1s": context deadline exceeded')


async def test_only_certificates_of_the_bundle_are_trusted(lab, webhooks):
    webhooks.allow("/v")
    await configure(lab, "validating", hook({"url": webhooks.config("/v")["url"]}))
    refused = await create(lab)
    assert "x509: certificate signed by unknown authority" in refused.message
    assert webhooks.asked == []


async def test_a_dry_run_only_calls_webhooks_without_effects(lab, webhooks):
    webhooks.allow("/v")
    await configure(lab, "validating", hook(webhooks.config("/v"), sideEffects="None"))
    dry = {"metadata": {"name": "x"}}
    assert (await lab.send("POST", CONFIG_MAPS + "?dryRun=All", dry)).status == 201
    some = hook(webhooks.config("/v"), sideEffects="Some", admissionReviewVersions=["v1beta1"])
    await lab.server.storage.create(
        *await _old_configuration(some), author="x"
    )  # new ones must have none: it is from earlier days
    refused = await lab.send("POST", CONFIG_MAPS + "?dryRun=All", dry)
    assert refused.status == 400
    assert refused.message == 'admission webhook "hook.example.com" does not support dry run'


async def _old_configuration(found):
    from kubeade.apiserver.admission.webhooks.validating import CONFIGURATIONS

    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    return CONFIGURATIONS, {**kind, "metadata": {"name": "old"}, "webhooks": [found]}


async def test_a_webhook_cannot_change_what_is_deleted(lab, webhooks):
    webhooks.patch("/m", {"op": "add", "path": "/x", "value": 1})
    await create(lab)
    await configure(lab, "mutating", hook(webhooks.config("/m"), rule("configmaps", "DELETE")))
    refused = await lab.send("DELETE", CONFIG_MAPS + "/x")
    assert refused.status == 500
    assert "attempted to modify the object, which is not supported for this operation" in refused.message


# -- the way there ---------------------------------------------------------------------------------


async def test_a_service_is_gone_to_by_its_endpoints(lab, webhooks):
    webhooks.allow("/v")
    spec = {"selector": {"app": "hook"}, "ports": [{"port": 443, "targetPort": 8443}]}
    await lab.make("/api/v1/namespaces/default/services", {"metadata": {"name": "hook"}, "spec": spec})
    config = {
        "service": {"namespace": "default", "name": "hook", "path": "/v"},
        "caBundle": webhooks.ca_bundle,
    }
    await configure(lab, "validating", hook(config))
    refused = await create(lab)
    assert 'Post "https://hook.default.svc:443/v?timeout=10s"' in refused.message
    assert refused.message.endswith('no endpoints available for service "hook"')
    piece = {
        "metadata": {"name": "hook-1", "labels": {"kubernetes.io/service-name": "hook"}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": webhooks.port, "protocol": "TCP"}],
        "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}],
    }
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    await lab.server.storage.create(*await _slice(piece), author="x")
    assert path
    assert (await create(lab)).status == 201
    assert webhooks.paths() == ["/v"]


async def _slice(piece):
    from kubeade.apiserver.webhooks.resolution import ENDPOINT_SLICES

    kind = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}
    return ENDPOINT_SLICES, {**kind, **piece, "metadata": {**piece["metadata"], "namespace": "default"}}


async def test_connections_are_used_again(lab, webhooks):
    webhooks.allow("/v")
    await configure(lab, "validating", hook(webhooks.config("/v")))
    for name in ("x", "y", "z"):
        assert (await create(lab, name)).status == 201
    assert webhooks.connections == 1


async def test_validating_webhooks_are_asked_at_the_same_time(lab, webhooks):
    both = asyncio.Barrier(2)

    async def meet(review):
        await both.wait()
        return answer(review)

    webhooks.on("/v", meet)
    await configure(lab, "validating", *(hook(webhooks.config("/v"), name=f"{n}.b.c") for n in "ab"))
    assert (await create(lab)).status == 201

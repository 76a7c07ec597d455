"""Custom objects of several versions, converted by their author's webhook."""

import pytest
from stands import CRDS, MERGE, NAME, definition, stands, version
from webhook_stand import dynamic_lab, webhook_server

ANY = {
    "openAPIV3Schema": {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "place": {"type": "string"},
                    "city": {"type": "string"},
                    "street": {"type": "string"},
                    "open": {"type": "boolean", "default": True},
                },
            }
        },
    }
}


def convert(review):
    """v1 says `place: city, street`, v2 says both apart."""
    request = review["request"]
    converted = []
    for obj in request["objects"]:
        spec = dict(obj["spec"])
        if request["desiredAPIVersion"].endswith("/v2"):
            spec["city"], _, spec["street"] = spec.pop("place").partition(", ")
        else:
            spec["place"] = f"{spec.pop('city')}, {spec.pop('street')}"
        converted.append({**obj, "apiVersion": request["desiredAPIVersion"], "spec": spec})
    return review_of(review, converted)


def review_of(review, converted, status="Success", **result):
    response = {
        "uid": review["request"]["uid"],
        "convertedObjects": converted,
        "result": {"status": status, **result},
    }
    return {"kind": "ConversionReview", "apiVersion": review["apiVersion"], "response": response}


@pytest.fixture
async def lab(tmp_path):
    async with dynamic_lab(tmp_path) as lab:
        yield lab


@pytest.fixture
async def webhooks(tmp_path):
    async with webhook_server(tmp_path) as server:
        server.on("/convert", convert)
        yield server


async def define(lab, webhooks, reviews=("v1",)):
    by_city = [{"jsonPath": ".spec.city"}]
    versions = [version("v1", storage=True, schema=ANY), version("v2", schema=ANY, selectableFields=by_city)]
    webhook = {"clientConfig": webhooks.config("/convert"), "conversionReviewVersions": list(reviews)}
    whole = definition(*versions, conversion={"strategy": "Webhook", "webhook": webhook})
    await lab.make(CRDS, whole)
    async with lab.watching(f"{CRDS}?watch=true") as events:
        while not _established((await events.next())["object"]):
            pass


def _established(found):
    conditions = found.get("status", {}).get("conditions", ())
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


async def store_v2(lab):
    """From now on v2 is the version that objects are stored in."""
    found = (await lab.send("GET", f"{CRDS}/{NAME}")).json
    for each in found["spec"]["versions"]:
        each["storage"] = each["name"] == "v2"
    assert (await lab.send("PUT", f"{CRDS}/{NAME}", found)).status == 200


def stand(name, api_version="v1", **spec):
    return {
        "apiVersion": f"lemon.example.com/{api_version}",
        "kind": "Stand",
        "metadata": {"name": name},
        "spec": spec,
    }


async def test_an_object_is_read_in_every_version(lab, webhooks):
    await define(lab, webhooks)
    made = await lab.make(stands("v1"), stand("a", place="Berlin, Elm"))
    found = (await lab.send("GET", stands("v2") + "/a")).json
    assert found["apiVersion"] == "lemon.example.com/v2"
    assert found["spec"] == {"city": "Berlin", "street": "Elm", "open": True}
    assert found["metadata"]["uid"] == made["metadata"]["uid"]
    assert found["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    (_, review) = webhooks.asked[0]
    assert review["apiVersion"] == "apiextensions.k8s.io/v1"
    assert review["request"]["desiredAPIVersion"] == "lemon.example.com/v2"


async def test_what_is_written_in_one_version_is_stored_in_the_other(lab, webhooks):
    await define(lab, webhooks)
    made = await lab.make(stands("v2"), stand("a", "v2", city="Rome", street="Oak"))
    assert made["spec"] == {"city": "Rome", "street": "Oak", "open": True}
    before = len(webhooks.asked)
    assert (await lab.send("GET", stands("v1") + "/a")).json["spec"]["place"] == "Rome, Oak"
    assert len(webhooks.asked) == before
    patch = {"spec": {"city": "Paris"}}
    changed = await lab.send("PATCH", stands("v2") + "/a", patch, headers=MERGE)
    assert changed.json["spec"]["city"] == "Paris"
    assert (await lab.send("GET", stands("v1") + "/a")).json["spec"]["place"] == "Paris, Oak"


async def test_a_list_is_converted_with_one_question(lab, webhooks):
    await define(lab, webhooks)
    await lab.make(stands("v1"), stand("a", place="Berlin, Elm"))
    await lab.make(stands("v1"), stand("b", place="Rome, Oak"))
    await store_v2(lab)
    await lab.make(stands("v2"), stand("c", "v2", city="Paris", street="Ash"))
    definition_now = (await lab.send("GET", f"{CRDS}/{NAME}")).json
    assert definition_now["status"]["storedVersions"] == ["v1", "v2"]
    for served, key in (("v1", "place"), ("v2", "city")):
        before = len(webhooks.asked)
        found = (await lab.send("GET", stands(served))).json
        assert [each["apiVersion"] for each in found["items"]] == [f"lemon.example.com/{served}"] * 3
        assert all(key in each["spec"] for each in found["items"])
        assert len(webhooks.asked) == before + 1


async def test_watchers_see_their_own_version(lab, webhooks):
    await define(lab, webhooks)
    await lab.make(stands("v1"), stand("a", place="Berlin, Elm"))
    async with lab.watching(stands("v2") + "?watch=true") as events:
        first = await events.next()
        await lab.make(stands("v1"), stand("b", place="Rome, Oak"))
        second = await events.next()
        await lab.send("DELETE", stands("v1") + "/b")
        last = await events.next()
    assert [each["type"] for each in (first, second, last)] == ["ADDED", "ADDED", "DELETED"]
    cities = [each["object"]["spec"]["city"] for each in (first, second, last)]
    assert cities == ["Berlin", "Rome", "Rome"]


async def test_fields_are_selected_as_the_request_sees_them(lab, webhooks):
    await define(lab, webhooks)
    await lab.make(stands("v1"), stand("a", place="Berlin, Elm"))
    await lab.make(stands("v1"), stand("b", place="Rome, Oak"))
    in_rome = stands("v2") + "?fieldSelector=spec.city%3DRome"
    assert [each["metadata"]["name"] for each in (await lab.send("GET", in_rome)).json["items"]] == ["b"]
    async with lab.watching(in_rome + "&watch=true") as events:
        there = await events.next()
        await lab.send("PATCH", stands("v2") + "/b", {"spec": {"city": "Paris"}}, headers=MERGE)
        left = await events.next()
        await lab.send("PATCH", stands("v2") + "/a", {"spec": {"city": "Rome"}}, headers=MERGE)
        came = await events.next()
    seen = [(each["type"], each["object"]["metadata"]["name"]) for each in (there, left, came)]
    assert seen == [("ADDED", "b"), ("DELETED", "b"), ("ADDED", "a")]
    await lab.send("DELETE", in_rome)
    left_over = (await lab.send("GET", stands("v2"))).json["items"]
    assert [each["metadata"]["name"] for each in left_over] == ["b"]


async def test_older_reviews_are_spoken_where_nothing_newer_is_known(lab, webhooks):
    await define(lab, webhooks, reviews=("v0", "v1beta1"))
    await lab.make(stands("v1"), stand("a", place="Berlin, Elm"))
    assert (await lab.send("GET", stands("v2") + "/a")).json["spec"]["city"] == "Berlin"
    assert webhooks.asked[0][1]["apiVersion"] == "apiextensions.k8s.io/v1beta1"


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (lambda review: review_of(review, [], "Failed", message="cannot"), "failed: cannot"),
        (
            lambda review: review_of(review, [], "Failed"),
            "response.result.status was 'Failed', not 'Success'",
        ),
        (lambda review: review_of(review, []), "returned 0 objects, expected 1"),
        (
            lambda review: review_of(review, review["request"]["objects"]),
            "invalid groupVersion (expected lemon.example.com/v2, received lemon.example.com/v1)",
        ),
        (lambda review: (500, b"oh"), 'failed: an error on the server ("oh")'),
    ],
)
async def test_a_conversion_that_fails_says_whose_it_is(lab, webhooks, reply, told):
    await define(lab, webhooks)
    await lab.make(stands("v1"), stand("a", place="Berlin, Elm"))
    webhooks.on("/convert", reply)
    answer = await lab.send("GET", stands("v2") + "/a")
    assert answer.status == 500
    assert answer.message.startswith("conversion webhook for lemon.example.com/v1, Kind=Stand ")
    assert told in answer.message


async def test_identity_is_not_for_webhooks_to_change(lab, webhooks):
    await define(lab, webhooks)
    await lab.make(stands("v1"), stand("a", place="Berlin, Elm"))

    def rename(review):
        answer = convert(review)
        for each in answer["response"]["convertedObjects"]:
            each["metadata"] = {**each["metadata"], "labels": {"kept": "yes"}, "generation": 99}
        return answer

    webhooks.on("/convert", rename)
    found = (await lab.send("GET", stands("v2") + "/a")).json
    assert (found["metadata"]["labels"], found["metadata"]["generation"]) == ({"kept": "yes"}, 1)

"""Custom resources: served when defined, judged by their schema, gone with their definition."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_lab import ApiLab, api_lab

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
STANDS = "/apis/lemon.example.com/v1/namespaces/default/stands"
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "cups": {"type": "integer", "minimum": 1},
                "price": {"type": "string", "default": "1"},
            },
        },
        "status": {"type": "object", "properties": {"cups": {"type": "integer"}}},
    },
}
DEFINITION = {
    "metadata": {"name": "stands.lemon.example.com"},
    "spec": {
        "group": "lemon.example.com",
        "scope": "Namespaced",
        "names": {"plural": "stands", "singular": "stand", "kind": "Stand", "listKind": "StandList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": SCHEMA},
                "subresources": {
                    "status": {},
                    "scale": {"specReplicasPath": ".spec.cups", "statusReplicasPath": ".status.cups"},
                },
                "additionalPrinterColumns": [{"name": "Cups", "type": "integer", "jsonPath": ".spec.cups"}],
            },
            {"name": "v2", "served": True, "storage": False, "schema": {"openAPIV3Schema": SCHEMA}},
        ],
    },
}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as found:
        async with found.watching(f"{CRDS}?watch=1") as events:
            await found.make(CRDS, DEFINITION)
            while not _established(await events.next()):
                pass
        yield found


def _established(event: dict[str, object]) -> bool:
    conditions = event["object"].get("status", {}).get("conditions") or []  # type: ignore[attr-defined]
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


async def stand(lab: ApiLab, **spec: object) -> dict[str, object]:
    made: dict[str, object] = await lab.make(STANDS, {"metadata": {"name": "corner"}, "spec": spec})
    return made


async def test_a_defined_kind_is_in_discovery_and_served_at_once(lab: ApiLab) -> None:
    resources = (await lab.send("GET", "/apis/lemon.example.com/v1")).json["resources"]
    assert [each["name"] for each in resources] == ["stands", "stands/scale", "stands/status"]
    assert (await stand(lab, cups=3))["spec"] == {"cups": 3, "price": "1"}


async def test_objects_are_held_to_the_schema(lab: ApiLab) -> None:
    answer = await lab.send("POST", STANDS, {"metadata": {"name": "a"}, "spec": {"cups": 0}})
    assert answer.status == 422
    assert "spec.cups" in answer.message
    answer = await lab.send("POST", STANDS, {"metadata": {"name": 3}, "spec": {}})
    assert answer.status == 400
    body = {"metadata": {"name": "a"}, "spec": {"colour": "yellow"}}
    strict = await lab.send("POST", f"{STANDS}?fieldValidation=Strict", body)
    assert (strict.status, 'unknown field "spec.colour"' in strict.message) == (400, True)
    warned = await lab.send("POST", STANDS, body)
    assert warned.json["spec"] == {"price": "1"}
    assert "unknown field" in warned.header("warning")[0]


async def test_the_same_object_is_seen_at_every_version(lab: ApiLab) -> None:
    await stand(lab, cups=3)
    other = (await lab.send("GET", STANDS.replace("/v1/", "/v2/") + "/corner")).json
    assert (other["apiVersion"], other["spec"]["cups"]) == ("lemon.example.com/v2", 3)
    (item,) = (await lab.send("GET", STANDS.replace("/v1/", "/v2/"))).json["items"]
    assert item["apiVersion"] == "lemon.example.com/v2"


async def test_subresources_and_columns_follow_the_definition(lab: ApiLab) -> None:
    made = await stand(lab, cups=3)
    answer = await lab.send("PUT", f"{STANDS}/corner/status", {**made, "status": {"cups": 2}})
    assert answer.json["status"] == {"cups": 2}
    scale = (await lab.send("GET", f"{STANDS}/corner/scale")).json
    assert (scale["spec"], scale["status"]["replicas"]) == ({"replicas": 3}, 2)
    table = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    found = (await lab.send("GET", STANDS, headers=table)).json
    assert found["rows"][0]["cells"] == ["corner", 3]


async def test_custom_objects_are_patched_and_applied(lab: ApiLab) -> None:
    await stand(lab, cups=3)
    merge = {"content-type": "application/merge-patch+json"}
    assert (await lab.send("PATCH", f"{STANDS}/corner", {"spec": {"cups": 4}}, headers=merge)).status == 200
    strategic = {"content-type": "application/strategic-merge-patch+json"}
    assert (await lab.send("PATCH", f"{STANDS}/corner", {}, headers=strategic)).status == 415
    apply = {"content-type": "application/apply-patch+yaml"}
    config = {
        "apiVersion": "lemon.example.com/v1",
        "kind": "Stand",
        "metadata": {"name": "b"},
        "spec": {"cups": 1},
    }
    assert (await lab.send("PATCH", f"{STANDS}/b?fieldManager=me", config, headers=apply)).status == 201


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_dry_run_shows_the_object_without_a_revision(lab: ApiLab, version: str) -> None:
    path = STANDS.replace("/v1/", f"/{version}/")
    kind = {"apiVersion": f"lemon.example.com/{version}", "kind": "Stand"}
    answer = await lab.send("POST", f"{path}?dryRun=All", {**kind, "metadata": {"name": "corner"}})
    assert answer.status == 201
    assert "resourceVersion" not in answer.json["metadata"]
    assert (await lab.send("GET", f"{path}/corner")).status == 404


async def test_a_dry_run_of_a_converted_kind_shows_it_without_a_revision(lab: ApiLab) -> None:
    spec = {
        "maxReplicas": 2,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
    }
    path = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers?dryRun=All"
    answer = await lab.send("POST", path, {"metadata": {"name": "web"}, "spec": spec})
    assert (answer.status, answer.json["apiVersion"]) == (201, "autoscaling/v1")


async def test_objects_go_with_their_definition(lab: ApiLab) -> None:
    await stand(lab, cups=3)
    async with lab.watching(f"{CRDS}?watch=1") as events:
        await lab.send("DELETE", f"{CRDS}/stands.lemon.example.com")
        while (await events.next())["type"] != "DELETED":
            pass
    assert (await lab.send("GET", STANDS)).status == 404
    assert (await lab.send("GET", "/apis/lemon.example.com")).status == 404


async def test_names_that_are_taken_are_not_accepted(lab: ApiLab) -> None:
    rival = {**DEFINITION, "metadata": {"name": "booths.lemon.example.com"}}
    names = {"plural": "booths", "singular": "booth", "kind": "Stand", "listKind": "BoothList"}
    rival["spec"] = {**DEFINITION["spec"], "names": names}  # type: ignore[dict-item]
    async with lab.watching(
        f"{CRDS}?watch=1&fieldSelector=metadata.name%3Dbooths.lemon.example.com"
    ) as events:
        await lab.make(CRDS, rival)
        conditions: list[dict[str, str]] = []
        while not conditions:
            conditions = (await events.next())["object"].get("status", {}).get("conditions") or []
    assert {c["type"]: c["status"] for c in conditions} == {"NamesAccepted": "False", "Established": "False"}

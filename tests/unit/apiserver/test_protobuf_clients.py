"""Clients that speak protobuf, as Go's do: bodies, answers, refusals, watches."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from api_lab import Answer, ApiLab, api_lab

from kubeade.api.protobuf import CONTENT_TYPE, ProtobufCodec
from kubeade.api.protobuf.envelope import enveloped
from kubeade.api.schema import Schema
from kubeade.apiserver.protobuf_answers import ProtobufAnswers

SCHEMA = Schema.load()
CODEC = ProtobufCodec(SCHEMA)
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
ACCEPT = {"accept": f"{CONTENT_TYPE},application/json"}
BODY = {"content-type": CONTENT_TYPE}
MENU = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "menu"}, "data": {"a": "b"}}
THING = {
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as found:
        yield found


def decoded(answer: Answer) -> Any:
    assert answer.header("content-type")[0].startswith(CONTENT_TYPE)
    return CODEC.decode(answer.body, "answer")[0]


async def test_an_object_is_created_and_answered_in_protobuf(lab: ApiLab) -> None:
    answer = await lab.send("POST", CONFIG_MAPS, CODEC.encode(MENU), headers={**BODY, **ACCEPT})
    assert answer.status == 201
    assert decoded(answer) == (await lab.send("GET", f"{CONFIG_MAPS}/menu")).json


async def test_answers_are_json_for_who_does_not_ask_for_protobuf(lab: ApiLab) -> None:
    answer = await lab.send("POST", CONFIG_MAPS, CODEC.encode(MENU), headers=BODY)
    assert (answer.status, answer.json["data"]) == (201, {"a": "b"})


async def test_an_object_is_the_same_in_either_form(lab: ApiLab) -> None:
    pod = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "a", "image": "a", "ports": [{"containerPort": 80}]}]},
    }
    path = "/api/v1/namespaces/default/pods?dryRun=All"
    in_json = (await lab.send("POST", path, pod)).json
    in_protobuf = (await lab.send("POST", path, CODEC.encode(pod), headers=BODY)).json
    in_json["metadata"].pop("uid")
    in_protobuf["metadata"].pop("uid")
    assert in_protobuf == in_json


async def test_a_list_is_answered_in_protobuf(lab: ApiLab) -> None:
    for name in ("a", "b"):
        await lab.config_map(name)
    in_json = (await lab.send("GET", CONFIG_MAPS)).json
    for item in in_json["items"]:
        del item["kind"], item["apiVersion"]
    for _ in range(2):  # the second time from what is kept
        assert decoded(await lab.send("GET", CONFIG_MAPS, headers=ACCEPT)) == in_json


async def test_kept_messages_have_a_limit(lab: ApiLab) -> None:
    resource = lab.server.catalogue.find("", "v1", "configmaps")
    assert resource is not None
    answers = ProtobufAnswers(SCHEMA, kept_bytes=20)
    one = b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"uid":"%d"}}'
    body = await answers.list_body(resource.resource, "ConfigMapList", {}, [one % i for i in range(20)])
    assert [item["metadata"]["uid"] for item in CODEC.decode(body, "")[0]["items"]] == [
        str(i) for i in range(20)
    ]
    assert 1 < len(answers._messages) < 20


async def test_refusals_are_in_protobuf_too(lab: ApiLab) -> None:
    answer = await lab.send("GET", f"{CONFIG_MAPS}/nothing", headers=ACCEPT)
    assert answer.status == 404
    assert decoded(answer)["message"] == 'configmaps "nothing" not found'
    table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    assert (await lab.send("GET", f"{CONFIG_MAPS}/nothing", headers={"accept": table})).json["code"] == 404


async def test_metadata_alone_in_protobuf(lab: ApiLab) -> None:
    await lab.config_map("a", data={"a": "b"})
    partial = f"{CONTENT_TYPE};as=PartialObjectMetadata%s;g=meta.k8s.io;v=v1"
    found = decoded(await lab.send("GET", f"{CONFIG_MAPS}/a", headers={"accept": partial % ""}))
    assert (found["kind"], found["metadata"]["name"], "data" in found) == (
        "PartialObjectMetadata",
        "a",
        False,
    )
    found = decoded(await lab.send("GET", CONFIG_MAPS, headers={"accept": partial % "List"}))
    assert [item["metadata"]["name"] for item in found["items"]] == ["a"]


async def test_options_of_a_deletion_in_protobuf(lab: ApiLab) -> None:
    await lab.config_map("a")
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "another"}}
    answer = await lab.send("DELETE", f"{CONFIG_MAPS}/a", CODEC.encode(options), headers=BODY)
    assert answer.status == 409
    options["preconditions"] = {}
    answer = await lab.send("DELETE", f"{CONFIG_MAPS}/a", CODEC.encode(options), headers={**BODY, **ACCEPT})
    assert decoded(answer)["status"] == "Success"


async def test_subresources_in_protobuf(lab: ApiLab) -> None:
    await lab.pod("a")
    binding = {
        "kind": "Binding",
        "apiVersion": "v1",
        "metadata": {"name": "a"},
        "target": {"kind": "Node", "name": "n"},
    }
    path = "/api/v1/namespaces/default/pods/a"
    answer = await lab.send("POST", f"{path}/binding", CODEC.encode(binding), headers={**BODY, **ACCEPT})
    assert decoded(answer)["status"] == "Success"
    pod = decoded(await lab.send("GET", path, headers=ACCEPT))
    assert pod["spec"]["nodeName"] == "n"
    pod["status"] = {"phase": "Running"}
    answer = await lab.send("PUT", f"{path}/status", CODEC.encode(pod), headers={**BODY, **ACCEPT})
    assert decoded(answer)["status"]["phase"] == "Running"


async def test_a_watch_is_framed_messages(lab: ApiLab) -> None:
    response = await lab.response("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion=0", headers=ACCEPT)
    assert ("content-type", f"{CONTENT_TYPE};stream=watch") in response.headers
    created = await lab.config_map("a")
    assert not isinstance(response.body, bytes | list)
    received = b""
    async for part in response.body:
        received += part
        if received:
            break
    await response.body.aclose()  # type: ignore[attr-defined]
    assert received == CODEC.watch_frame("ADDED", CODEC.encode(created))


async def test_unknown_fields_are_warned_about_or_refused(lab: ApiLab) -> None:
    message = CODEC.message("v1", "ConfigMap", MENU) + b"\x7a\x01?"  # field 15
    body = enveloped("v1", "ConfigMap", message)
    for mode, status in (("Strict", 400), ("Warn", 201)):
        answer = await lab.send("POST", f"{CONFIG_MAPS}?fieldValidation={mode}", body, headers=BODY)
        assert answer.status == status, answer.body
    assert answer.header("warning") == ['299 - "unknown field \\"ConfigMap.15\\""']


async def test_custom_kinds_stay_json(lab: ApiLab) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    definition = {"kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1", **THING}
    answer = await lab.send("POST", path, CODEC.encode(definition), headers={**BODY, **ACCEPT})
    assert decoded(answer)["spec"]["names"]["kind"] == "Thing"
    things = "/apis/example.com/v1/namespaces/default/things"
    async with lab.watching(f"{path}?watch=1") as events:
        while "Established" not in str((await events.next())["object"].get("status")):
            pass
    made = await lab.send("POST", things, {"metadata": {"name": "a"}}, headers=ACCEPT)
    assert (made.status, made.header("content-type")) == (201, ["application/json"])
    assert (await lab.send("GET", things, headers={"accept": CONTENT_TYPE})).status == 406
    assert (await lab.send("POST", things, CODEC.encode(MENU), headers=BODY)).status == 415
    options = CODEC.encode({"kind": "DeleteOptions", "apiVersion": "v1"})
    assert (await lab.send("DELETE", f"{things}/a", options, headers={**BODY, **ACCEPT})).status == 200

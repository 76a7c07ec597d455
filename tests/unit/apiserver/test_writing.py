"""Creating, replacing and patching objects."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_lab import ApiLab, api_lab

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
MERGE = {"content-type": "application/merge-patch+json"}
APPLY = {"content-type": "application/apply-patch+yaml"}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as found:
        yield found


async def test_a_new_object_gets_what_only_the_server_gives(lab: ApiLab) -> None:
    made = await lab.config_map("menu", data={"a": "b"}, metadata={"uid": "mine", "creationTimestamp": None})
    assert made["metadata"]["uid"] != "mine"
    assert made["metadata"]["creationTimestamp"] == "2026-01-31T12:00:00Z"
    assert made["metadata"]["namespace"] == "default"
    assert made["metadata"]["resourceVersion"].isdigit()
    assert made["metadata"]["managedFields"][0]["manager"] == "lab"


async def test_what_is_created_is_what_is_read(lab: ApiLab) -> None:
    made = await lab.config_map("menu", data={"a": "b"})
    assert (await lab.send("GET", f"{CONFIG_MAPS}/menu")).json == made


async def test_stored_bytes_start_with_kind_version_and_revision(lab: ApiLab) -> None:
    await lab.config_map("menu")
    body = (await lab.send("GET", f"{CONFIG_MAPS}/menu")).body
    assert body.startswith(b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"2",')


async def test_a_name_is_given_once(lab: ApiLab) -> None:
    await lab.config_map("menu")
    again = await lab.send("POST", CONFIG_MAPS, {"metadata": {"name": "menu"}})
    assert (again.status, again.message) == (409, 'configmaps "menu" already exists')


async def test_a_generated_name_that_is_taken_is_made_up_anew(lab: ApiLab) -> None:
    suffixes = iter(["aaaaa", "aaaaa", "bbbbb"])
    lab.server._backend.ids.suffix = lambda length=5: next(suffixes)  # type: ignore[method-assign]
    names = [
        (await lab.make(CONFIG_MAPS, {"metadata": {"generateName": "menu-"}}))["metadata"]["name"]
        for _ in range(2)
    ]
    assert names == ["menu-aaaaa", "menu-bbbbb"]


UNREADABLE = "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: "


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (
            {"metadata": {}},
            422,
            'ConfigMap "" is invalid: metadata.name: Required value: name or generateName',
        ),
        ({"metadata": {"name": "a", "resourceVersion": "1"}}, 400, "resourceVersion should not be set on"),
        (
            {"metadata": {"name": "a", "namespace": "other"}},
            400,
            "the namespace of the provided object does not",
        ),
        (
            {"kind": "Pod", "metadata": {"name": "a"}},
            400,
            'Pod in version "v1" cannot be handled as a ConfigMap',
        ),
        (
            {"apiVersion": "v2", "metadata": {"name": "a"}},
            400,
            'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind',
        ),
        ({"metadata": {"name": "A"}}, 422, 'ConfigMap "A" is invalid: metadata.name: Invalid value: "A"'),
        ([], 400, "the object provided is unrecognized (must be of type ConfigMap)"),
        (b"{", 400, "the object provided is unrecognized (must be of type ConfigMap)"),
        (b"", 400, "the object provided is unrecognized (must be of type ConfigMap)"),
        (b'{"metadata":{"name":"a\xff"}}', 422, 'ConfigMap "a\ufffd" is invalid'),
        (
            b"[]",
            400,
            UNREADABLE + "json: cannot unmarshal array into Go value",
        ),
        (
            b'{"kind":1}',
            400,
            UNREADABLE + "json: cannot unmarshal number into Go struct field .kind of type string",
        ),
        (b'{"a":1,}', 400, UNREADABLE + "invalid character '}' looking for beginning of object key string"),
        ({"metadata": "a"}, 400, "ConfigMap"),
        ({"metadata": {"name": 7}}, 400, "ConfigMap"),
        (b"[" * 200_000, 400, "the object provided is unrecognized"),
    ],
)
async def test_bad_bodies_get_upstreams_answer(lab: ApiLab, body: object, status: int, message: str) -> None:
    answer = await lab.send("POST", CONFIG_MAPS, body)
    assert (answer.status, answer.message[: len(message)]) == (status, message)


async def test_yaml_bodies_are_understood(lab: ApiLab) -> None:
    headers = {"content-type": "application/yaml"}
    answer = await lab.send(
        "POST", CONFIG_MAPS, b"metadata: {name: a}\ndata: {day: 2026-01-01}\n", headers=headers
    )
    assert answer.json["data"] == {"day": "2026-01-01"}


@pytest.mark.parametrize(
    ("mode", "status", "warned"),
    [("Strict", 400, False), ("Warn", 201, True), ("Ignore", 201, False), ("", 201, True)],
)
async def test_unknown_fields_are_treated_as_asked(lab: ApiLab, mode: str, status: int, warned: bool) -> None:
    body = {"metadata": {"name": "a"}, "date": {}}
    answer = await lab.send("POST", f"{CONFIG_MAPS}?fieldValidation={mode}", body)
    assert answer.status == status
    assert answer.header("warning") == (['299 - "unknown field \\"date\\""'] if warned else [])
    if status == 400:
        assert 'unknown field "date"' in answer.message


async def test_a_dry_run_leaves_no_trace(lab: ApiLab) -> None:
    answer = await lab.send("POST", f"{CONFIG_MAPS}?dryRun=All", {"metadata": {"name": "a"}})
    assert answer.status == 201
    assert "resourceVersion" not in answer.json["metadata"]
    assert (await lab.send("GET", f"{CONFIG_MAPS}/a")).status == 404
    bad = await lab.send("POST", f"{CONFIG_MAPS}?dryRun=Some", {"metadata": {"name": "a"}})
    assert bad.status == 422


async def test_replacing_an_older_revision_is_refused(lab: ApiLab) -> None:
    first = await lab.config_map("menu")
    second = await lab.send("PUT", f"{CONFIG_MAPS}/menu", {**first, "data": {"a": "b"}})
    assert second.status == 200
    third = await lab.send("PUT", f"{CONFIG_MAPS}/menu", {**first, "data": {"a": "c"}})
    assert third.status == 409
    assert third.message == (
        'Operation cannot be fulfilled on configmaps "menu": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )


async def test_replacing_with_the_same_changes_nothing(lab: ApiLab) -> None:
    first = await lab.config_map("menu", data={"a": "b"})
    lab.clock.advance(100)
    assert (await lab.send("PUT", f"{CONFIG_MAPS}/menu", first)).json == first


async def test_an_object_keeps_its_identity_when_replaced(lab: ApiLab) -> None:
    first = await lab.config_map("menu")
    other = await lab.send("PUT", f"{CONFIG_MAPS}/menu", {"metadata": {"name": "menu", "uid": "other"}})
    assert other.status == 409
    answer = await lab.send("PUT", f"{CONFIG_MAPS}/menu", {"metadata": {"name": "menu"}, "data": {"x": "y"}})
    assert answer.json["metadata"]["uid"] == first["metadata"]["uid"]
    renamed = await lab.send("PUT", f"{CONFIG_MAPS}/menu", {"metadata": {"name": "card"}})
    assert renamed.message == "the name of the object (card) does not match the name on the URL (menu)"


async def test_put_creates_only_kinds_that_allow_it(lab: ApiLab) -> None:
    body = {"metadata": {"name": "a"}}
    assert (await lab.send("PUT", f"{CONFIG_MAPS}/a", body)).status == 404
    leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    assert (await lab.send("PUT", f"{leases}/a", body)).status == 201


async def test_a_merge_patch_removes_with_null(lab: ApiLab) -> None:
    await lab.config_map("menu", data={"a": "1", "b": "2"})
    answer = await lab.send("PATCH", f"{CONFIG_MAPS}/menu", {"data": {"a": None}}, headers=MERGE)
    assert answer.json["data"] == {"b": "2"}


async def test_patches_at_the_same_time_all_take_effect(lab: ApiLab) -> None:
    await lab.config_map("menu", data={})
    patches = [
        lab.send("PATCH", f"{CONFIG_MAPS}/menu", {"data": {f"k{i}": "v"}}, headers=MERGE) for i in range(20)
    ]
    assert {answer.status for answer in await asyncio.gather(*patches)} == {200}
    assert len((await lab.send("GET", f"{CONFIG_MAPS}/menu")).json["data"]) == 20


async def test_a_patch_that_names_an_older_revision_is_refused(lab: ApiLab) -> None:
    await lab.config_map("menu")
    body = {"metadata": {"resourceVersion": "12345"}, "data": {"a": "b"}}
    assert (await lab.send("PATCH", f"{CONFIG_MAPS}/menu", body, headers=MERGE)).status == 409


async def test_a_json_patch_changes_what_it_points_at(lab: ApiLab) -> None:
    await lab.config_map("menu", data={"a": "1"})
    headers = {"content-type": "application/json-patch+json"}
    body = [{"op": "replace", "path": "/data/a", "value": "2"}]
    assert (await lab.send("PATCH", f"{CONFIG_MAPS}/menu", body, headers=headers)).json["data"] == {"a": "2"}


async def test_a_strategic_patch_merges_lists_by_key(lab: ApiLab) -> None:
    await lab.pod("web")
    headers = {"content-type": "application/strategic-merge-patch+json"}
    body = {"spec": {"containers": [{"name": "a", "image": "b"}]}}
    answer = await lab.send("PATCH", "/api/v1/namespaces/default/pods/web", body, headers=headers)
    (container,) = answer.json["spec"]["containers"]
    assert (container["image"], container["terminationMessagePath"]) == ("b", "/dev/termination-log")


async def test_an_unknown_kind_of_patch_is_refused(lab: ApiLab) -> None:
    await lab.config_map("menu")
    answer = await lab.send("PATCH", f"{CONFIG_MAPS}/menu", {}, headers={"content-type": "text/plain"})
    assert answer.status == 415
    assert answer.message == "415: Unsupported Media Type"


async def test_apply_creates_then_changes_and_meets_other_owners(lab: ApiLab) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}
    path = f"{CONFIG_MAPS}/a?fieldManager="
    assert (await lab.send("PATCH", f"{path}one", config, headers=APPLY)).status == 201
    config["data"] = {"x": "2"}
    assert (await lab.send("PATCH", f"{path}one", config, headers=APPLY)).json["data"] == {"x": "2"}
    config["data"] = {"x": "3"}
    conflict = await lab.send("PATCH", f"{path}two", config, headers=APPLY)
    assert (conflict.status, conflict.json["details"]["causes"][0]["field"]) == (409, ".data.x")
    forced = await lab.send("PATCH", f"{path}two&force=true", config, headers=APPLY)
    assert forced.json["data"] == {"x": "3"}


async def test_apply_needs_a_field_manager(lab: ApiLab) -> None:
    answer = await lab.send("PATCH", f"{CONFIG_MAPS}/a", {}, headers=APPLY)
    assert answer.status == 422
    assert "fieldManager: Required value: is required for apply patch" in answer.message


async def test_status_and_the_rest_are_written_apart(lab: ApiLab) -> None:
    pod = await lab.pod("web", status={"phase": "Running"})
    assert pod["status"]["phase"] == "Pending"
    path = "/api/v1/namespaces/default/pods/web"
    changed = {**pod, "status": {"phase": "Running"}, "spec": {**pod["spec"], "nodeName": "n"}}
    answer = await lab.send("PUT", f"{path}/status", changed)
    assert answer.json["status"]["phase"] == "Running"
    assert "nodeName" not in answer.json["spec"]


async def test_generation_counts_changes_of_the_spec_only(lab: ApiLab) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    deployments = "/apis/apps/v1/namespaces/default/deployments"
    made = await lab.make(deployments, {"metadata": {"name": "web"}, "spec": spec})
    assert made["metadata"]["generation"] == 1
    labelled = await lab.send(
        "PATCH", f"{deployments}/web", {"metadata": {"labels": {"x": "y"}}}, headers=MERGE
    )
    assert labelled.json["metadata"]["generation"] == 1
    scaled = await lab.send("PATCH", f"{deployments}/web", {"spec": {"replicas": 3}}, headers=MERGE)
    assert scaled.json["metadata"]["generation"] == 2


async def test_who_owns_which_field_reads_the_same_whoever_wrote_last(lab: ApiLab) -> None:
    made = await lab.config_map("a", data={"b": "1", "a": "2"})
    data = made["metadata"]["managedFields"][0]["fieldsV1"]["f:data"]
    assert list(data) == [".", "f:a", "f:b"]

"""Custom objects are held to their definition on the way in, and on the way out."""

from pathlib import Path
from typing import Any

from stands import CRDS, MERGE, NAME, serving, stands, version

STATUS = {"status": {}}


async def test_an_object_from_before_is_read_with_the_defaults_of_today(tmp_path: Path) -> None:
    async with serving(tmp_path) as lab:
        made = await lab.make(stands(), {"metadata": {"name": "a"}, "spec": {"cups": 1, "color": "pink"}})
        changed = version("v1", storage=True)
        properties = changed["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        properties["price"] = {"type": "string", "default": "2"}
        del properties["color"]
        await lab.send("PATCH", f"{CRDS}/{NAME}", {"spec": {"versions": [changed]}}, headers=MERGE)
        wanted = {"cups": 1, "price": "2"}
        found = (await lab.send("GET", f"{stands()}/a")).json
        assert found["spec"] == wanted
        assert found["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
        assert (await lab.send("GET", stands())).json["items"][0]["spec"] == wanted
        async with lab.watching(f"{stands()}?watch=1") as events:
            assert (await events.next())["object"]["spec"] == wanted


async def test_spec_and_status_are_each_written_at_their_own_place(tmp_path: Path) -> None:
    async with serving(tmp_path, version("v1", storage=True, subresources=STATUS)) as lab:
        made = await lab.make(
            stands(), {"metadata": {"name": "a"}, "spec": {"cups": 1}, "status": {"sold": 9}}
        )
        assert "status" not in made
        both = {"spec": {"cups": 2}, "status": {"sold": 3}}
        status = (await lab.send("PATCH", f"{stands()}/a/status", both, headers=MERGE)).json
        assert (status["spec"], status["status"]) == ({"cups": 1}, {"sold": 3})
        assert status["metadata"]["generation"] == 1
        main = (await lab.send("PATCH", f"{stands()}/a", {**both, "status": {"sold": 4}}, headers=MERGE)).json
        assert (main["spec"], main["status"]) == ({"cups": 2}, {"sold": 3})
        assert main["metadata"]["generation"] == 2


async def test_without_a_status_subresource_there_is_none_and_status_is_a_field(tmp_path: Path) -> None:
    async with serving(tmp_path, version("v1", storage=True)) as lab:
        made = await lab.make(
            stands(), {"metadata": {"name": "a"}, "spec": {"cups": 1}, "status": {"sold": 9}}
        )
        assert made["status"] == {"sold": 9}
        assert (await lab.send("GET", f"{stands()}/a/status")).status == 404


async def test_rules_are_checked_and_what_was_wrong_before_is_let_be(tmp_path: Path) -> None:
    async with serving(tmp_path) as lab:
        refused = await lab.send("POST", stands(), {"metadata": {"name": "a"}, "spec": {"cups": 100}})
        assert (refused.status, "too many cups" in refused.message) == (422, True)
        await lab.make(stands(), {"metadata": {"name": "a"}, "spec": {"cups": 5, "color": "pink"}})
        changed = version("v1", storage=True)
        color = changed["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["color"]
        color["enum"] = ["yellow"]
        await lab.send("PATCH", f"{CRDS}/{NAME}", {"spec": {"versions": [changed]}}, headers=MERGE)

        async def patch(**spec: Any) -> int:
            return (await lab.send("PATCH", f"{stands()}/a", {"spec": spec}, headers=MERGE)).status

        assert await patch(cups=6) == 200
        assert await patch(color="green") == 422
        assert await patch(color="yellow") == 200


async def test_selectable_fields_select(tmp_path: Path) -> None:
    selectable = version("v1", storage=True, selectableFields=[{"jsonPath": ".spec.color"}])
    async with serving(tmp_path, selectable) as lab:
        for name, color in (("a", "pink"), ("b", "yellow")):
            await lab.make(stands(), {"metadata": {"name": name}, "spec": {"cups": 1, "color": color}})
        found = (await lab.send("GET", f"{stands()}?fieldSelector=spec.color%3Dpink")).json["items"]
        assert [each["metadata"]["name"] for each in found] == ["a"]
        assert (await lab.send("GET", f"{stands()}?fieldSelector=spec.cups%3D1")).status == 400


async def test_every_answer_of_a_deprecated_version_warns(tmp_path: Path) -> None:
    versions = version("v1beta1", deprecated=True), version("v1", storage=True)
    async with serving(tmp_path, *versions) as lab:
        old = await lab.send("GET", stands("v1beta1"))
        assert old.header("warning") == [
            '299 - "lemon.example.com/v1beta1 Stand is deprecated; use lemon.example.com/v1 Stand"'
        ]
        assert (await lab.send("GET", stands())).header("warning") == []


async def test_a_watch_of_one_version_sees_what_is_written_in_another(tmp_path: Path) -> None:
    versions = version("v1", storage=True), version("v2")
    async with serving(tmp_path, *versions) as lab, lab.watching(f"{stands('v2')}?watch=1") as events:
        await lab.make(stands(), {"metadata": {"name": "a"}, "spec": {"cups": 1}})
        assert (await events.next())["object"]["apiVersion"] == "lemon.example.com/v2"


async def test_an_apply_owns_fields_and_an_other_managers_is_a_conflict(tmp_path: Path) -> None:
    apply = {"content-type": "application/apply-patch+yaml"}
    config = {"apiVersion": "lemon.example.com/v1", "kind": "Stand", "metadata": {"name": "a"}}
    async with serving(tmp_path) as lab:
        path = f"{stands()}/a"
        first = await lab.send(
            "PATCH", f"{path}?fieldManager=one", {**config, "spec": {"cups": 1}}, headers=apply
        )
        assert first.json["metadata"]["managedFields"][0]["fieldsV1"] == {"f:spec": {"f:cups": {}}}
        other = {**config, "spec": {"cups": 2}}
        assert (await lab.send("PATCH", f"{path}?fieldManager=two", other, headers=apply)).status == 409
        forced = await lab.send("PATCH", f"{path}?fieldManager=two&force=true", other, headers=apply)
        assert forced.json["spec"] == {"cups": 2}


async def test_metadata_alone_can_be_asked_for(tmp_path: Path) -> None:
    async with serving(tmp_path) as lab:
        await lab.make(stands(), {"metadata": {"name": "a"}, "spec": {"cups": 1}})
        partial = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
        found = (await lab.send("GET", stands(), headers=partial)).json
    assert found["kind"] == "PartialObjectMetadataList"
    assert "spec" not in found["items"][0]


async def test_a_scale_without_replicas_is_an_error(tmp_path: Path) -> None:
    scale = {"scale": {"specReplicasPath": ".spec.cups", "statusReplicasPath": ".status.sold"}}
    async with serving(tmp_path, version("v1", storage=True, subresources=scale)) as lab:
        await lab.make(stands(), {"metadata": {"name": "a"}})
        answer = await lab.send("GET", f"{stands()}/a/scale")
        assert answer.status == 500
        assert 'the spec replicas field ".spec.cups" does not exist' in answer.message

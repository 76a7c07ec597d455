"""A definition comes, changes and goes, and what it defines with it."""

from pathlib import Path

from api_lab import api_lab
from stands import (
    CRDS,
    MERGE,
    NAME,
    condition,
    definition,
    established,
    removed,
    serving,
    stands,
    version,
)


async def test_an_established_definition_has_its_names_and_versions(tmp_path: Path) -> None:
    async with api_lab(tmp_path) as lab:
        status = (await established(lab, definition()))["status"]
    names = {"plural": "stands", "singular": "stand", "kind": "Stand", "listKind": "StandList"}
    assert status["acceptedNames"] == {**names, "shortNames": ["st"]}
    assert status["storedVersions"] == ["v1"]
    assert {each["type"]: each["status"] for each in status["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }


async def test_what_is_defined_is_served_again_after_a_restart(tmp_path: Path) -> None:
    async with serving(tmp_path) as lab:
        await lab.make(stands(), {"metadata": {"name": "corner"}, "spec": {"cups": 1}})
    async with api_lab(tmp_path) as lab:
        assert (await lab.send("GET", f"{stands()}/corner")).json["spec"] == {"cups": 1}


async def test_a_changed_schema_holds_from_the_next_request_on(tmp_path: Path) -> None:
    async with serving(tmp_path) as lab:
        changed = version("v1", storage=True)
        changed["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["size"] = {"type": "string"}
        await lab.send("PATCH", f"{CRDS}/{NAME}", {"spec": {"versions": [changed]}}, headers=MERGE)
        made = await lab.make(stands(), {"metadata": {"name": "a"}, "spec": {"cups": 1, "size": "L"}})
        assert made["spec"] == {"cups": 1, "size": "L"}
        document = (await lab.send("GET", "/openapi/v3/apis/lemon.example.com/v1")).json
        schema = document["components"]["schemas"]["com.example.lemon.v1.Stand"]
        assert "size" in schema["properties"]["spec"]["properties"]


async def test_a_version_that_is_added_is_served_and_one_that_is_dropped_is_not(tmp_path: Path) -> None:
    async with serving(tmp_path) as lab:
        await lab.make(stands(), {"metadata": {"name": "a"}, "spec": {"cups": 1}})
        both = [version("v1", served=False), version("v2", storage=True)]
        answer = await lab.send("PATCH", f"{CRDS}/{NAME}", {"spec": {"versions": both}}, headers=MERGE)
        assert answer.status == 200, answer.body
        assert (await lab.send("GET", f"{stands()}/a")).status == 404
        assert (await lab.send("GET", f"{stands('v2')}/a")).json["apiVersion"] == "lemon.example.com/v2"
        async with lab.watching(f"{CRDS}?watch=1") as events:
            while (await events.next())["object"]["status"]["storedVersions"] != ["v1", "v2"]:
                pass


async def test_discovery_prefers_the_most_stable_version(tmp_path: Path) -> None:
    names = ("v1beta1", "v2alpha1", "v10", "v2", "other")
    versions = [version(name, storage=name == "v2") for name in names]
    async with serving(tmp_path, *versions) as lab:
        group = (await lab.send("GET", "/apis/lemon.example.com")).json
    found = [each["version"] for each in group["versions"]]
    assert found == ["v10", "v2", "v1beta1", "v2alpha1", "other"]
    assert group["preferredVersion"]["version"] == "v10"


async def test_a_definition_waits_for_the_finalizers_of_its_objects(tmp_path: Path) -> None:
    async with serving(tmp_path) as lab:
        held = {"name": "held", "finalizers": ["example.com/hold"]}
        await lab.make(stands(), {"metadata": held, "spec": {"cups": 1}})
        await lab.make(stands(), {"metadata": {"name": "free"}, "spec": {"cups": 1}})
        async with lab.watching(f"{stands()}?watch=1&resourceVersion=0") as events:
            await events.names(2)
            deleted = (await lab.send("DELETE", f"{CRDS}/{NAME}")).json
            assert condition(deleted, "Terminating")["reason"] == "InstanceDeletionPending"
            assert set(await events.names(2)) == {("MODIFIED", "held"), ("DELETED", "free")}
        refused = await lab.send("POST", stands(), {"metadata": {"name": "new"}, "spec": {"cups": 1}})
        assert refused.status == 403
        assert refused.message == (
            'stands.lemon.example.com "new" is forbidden: create not allowed while custom resource '
            "definition is terminating"
        )
        going = (await lab.send("GET", f"{CRDS}/{NAME}")).json
        assert condition(going, "Terminating")["reason"] == "InstanceDeletionInProgress"
        async with lab.watching(
            f"{CRDS}?watch=1&resourceVersion={going['metadata']['resourceVersion']}"
        ) as gone:
            await lab.send("PATCH", f"{stands()}/held", {"metadata": {"finalizers": None}}, headers=MERGE)
            while (await gone.next())["type"] != "DELETED":
                pass
        assert (await lab.send("GET", stands())).status == 404


async def test_objects_go_though_no_version_is_served(tmp_path: Path) -> None:
    async with serving(tmp_path) as lab:
        await lab.make(stands(), {"metadata": {"name": "a"}, "spec": {"cups": 1}})
        hidden = [version("v1", storage=True, served=False)]
        await lab.send("PATCH", f"{CRDS}/{NAME}", {"spec": {"versions": hidden}}, headers=MERGE)
        await removed(lab)
        await established(lab, definition())
        assert (await lab.send("GET", stands())).json["items"] == []


async def test_watches_end_when_their_kind_goes(tmp_path: Path) -> None:
    async with serving(tmp_path) as lab:
        await lab.make(stands(), {"metadata": {"name": "a"}, "spec": {"cups": 1}})
        async with lab.watching(f"{stands()}?watch=1") as events:
            assert await events.names(1) == [("ADDED", "a")]
            await removed(lab)
            seen = [part async for part in events.body if part]
    assert [b'"type":"DELETED"' in part for part in seen] == [True]


async def test_names_are_accepted_once_their_owner_is_gone(tmp_path: Path) -> None:
    rival = definition(names={"plural": "booths", "kind": "Stand", "listKind": "BoothList"})
    rival["metadata"]["name"] = "booths.lemon.example.com"
    async with (
        serving(tmp_path) as lab,
        lab.watching(f"{CRDS}?watch=1&fieldSelector=metadata.name%3Dbooths.lemon.example.com") as seen,
    ):
        await lab.make(CRDS, rival)
        while not condition(found := (await seen.next())["object"], "NamesAccepted"):
            pass
        assert condition(found, "NamesAccepted")["reason"] == "KindConflict"
        await removed(lab)
        while condition((await seen.next())["object"], "Established")["status"] != "True":
            pass

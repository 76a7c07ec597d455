"""Deleting: at once, gracefully, with finalizers, with preconditions, many at a time."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_lab import ApiLab, api_lab

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
MERGE = {"content-type": "application/merge-patch+json"}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as found:
        yield found


async def test_what_nobody_waits_for_goes_at_once(lab: ApiLab) -> None:
    made = await lab.config_map("a")
    answer = await lab.send("DELETE", f"{CONFIG_MAPS}/a")
    assert answer.json["status"] == "Success"
    assert answer.json["details"] == {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    assert (await lab.send("DELETE", f"{CONFIG_MAPS}/a")).status == 404


async def test_a_pod_without_a_node_goes_at_once(lab: ApiLab) -> None:
    await lab.pod("web")
    answer = await lab.send("DELETE", f"{PODS}/web")
    assert answer.json["metadata"]["deletionGracePeriodSeconds"] == 0
    assert (await lab.send("GET", f"{PODS}/web")).status == 404


async def test_a_running_pod_gets_its_grace_until_the_kubelet_lets_go(lab: ApiLab) -> None:
    await lab.pod("web", spec={"nodeName": "n"})
    answer = await lab.send("DELETE", f"{PODS}/web")
    assert answer.json["metadata"]["deletionTimestamp"] == "2026-01-31T12:00:30Z"
    assert answer.json["metadata"]["deletionGracePeriodSeconds"] == 30
    again = await lab.send("DELETE", f"{PODS}/web")
    assert again.json["metadata"]["resourceVersion"] == answer.json["metadata"]["resourceVersion"]
    shorter = await lab.send("DELETE", f"{PODS}/web", {"gracePeriodSeconds": 5})
    assert shorter.json["metadata"]["deletionTimestamp"] == "2026-01-31T12:00:05Z"
    await lab.send("DELETE", f"{PODS}/web?gracePeriodSeconds=0")
    assert (await lab.send("GET", f"{PODS}/web")).status == 404


async def test_a_finalizer_keeps_an_object_until_it_is_taken_away(lab: ApiLab) -> None:
    await lab.config_map("a", metadata={"finalizers": ["example.com/wait"]})
    answer = await lab.send("DELETE", f"{CONFIG_MAPS}/a")
    assert answer.json["metadata"]["deletionTimestamp"] == "2026-01-31T12:00:00Z"
    more = {"metadata": {"finalizers": ["example.com/wait", "example.com/more"]}}
    assert (await lab.send("PATCH", f"{CONFIG_MAPS}/a", more, headers=MERGE)).status == 422
    less = {"metadata": {"finalizers": None}}
    assert (await lab.send("PATCH", f"{CONFIG_MAPS}/a", less, headers=MERGE)).status == 200
    assert (await lab.send("GET", f"{CONFIG_MAPS}/a")).status == 404


@pytest.mark.parametrize(
    ("policy", "finalizer"), [("Orphan", "orphan"), ("Foreground", "foregroundDeletion")]
)
async def test_propagation_policies_leave_a_finalizer(lab: ApiLab, policy: str, finalizer: str) -> None:
    await lab.config_map("a")
    answer = await lab.send("DELETE", f"{CONFIG_MAPS}/a?propagationPolicy={policy}")
    assert answer.json["metadata"]["finalizers"] == [finalizer]


async def test_contradicting_policies_are_refused(lab: ApiLab) -> None:
    await lab.config_map("a")
    both = {"propagationPolicy": "Orphan", "orphanDependents": True}
    assert (await lab.send("DELETE", f"{CONFIG_MAPS}/a", both)).status == 422
    assert (await lab.send("DELETE", f"{CONFIG_MAPS}/a", {"propagationPolicy": "Sideways"})).status == 422
    assert (await lab.send("DELETE", f"{CONFIG_MAPS}/a", {"gracePeriodSeconds": "x"})).status == 400


async def test_preconditions_must_hold(lab: ApiLab) -> None:
    made = await lab.config_map("a")
    for condition in ({"uid": "other"}, {"resourceVersion": "77"}):
        answer = await lab.send("DELETE", f"{CONFIG_MAPS}/a", {"preconditions": condition})
        assert (answer.status, answer.json["reason"]) == (409, "Conflict")
    condition = {key: made["metadata"][key] for key in ("uid", "resourceVersion")}
    assert (await lab.send("DELETE", f"{CONFIG_MAPS}/a", {"preconditions": condition})).status == 200


async def test_a_dry_run_deletes_nothing(lab: ApiLab) -> None:
    await lab.config_map("a")
    assert (await lab.send("DELETE", f"{CONFIG_MAPS}/a", {"dryRun": ["All"]})).status == 200
    assert (await lab.send("DELETE", f"{CONFIG_MAPS}/a?dryRun=All")).status == 200
    assert (await lab.send("GET", f"{CONFIG_MAPS}/a")).status == 200


async def test_a_collection_is_deleted_as_selected(lab: ApiLab) -> None:
    for name in "abc":
        await lab.config_map(name, metadata={"labels": {"keep": str(name == "b").lower()}})
    assert (await lab.send("DELETE", f"{CONFIG_MAPS}?labelSelector=keep%3Dfalse")).status == 200
    left = (await lab.send("GET", CONFIG_MAPS)).json["items"]
    assert [item["metadata"]["name"] for item in left] == ["b"]


async def test_a_namespace_waits_for_its_own_finalizers(lab: ApiLab) -> None:
    await lab.make("/api/v1/namespaces", {"metadata": {"name": "shop"}})
    path = "/api/v1/namespaces/shop"
    gone = (await lab.send("DELETE", path)).json
    assert gone["status"]["phase"] == "Terminating"
    assert gone["spec"]["finalizers"] == ["kubernetes"]
    final = await lab.send("PUT", f"{path}/finalize", {**gone, "spec": {"finalizers": []}})
    assert final.status == 200
    assert (await lab.send("GET", path)).status == 404

"""A Scale can be applied, and the number of replicas then has an owner, as any other field."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_lab import ApiLab, api_lab

REPLICA_SETS = "/apis/apps/v1/namespaces/default/replicasets"
APPLY = {"content-type": "application/apply-patch+yaml"}
SCALE = {"apiVersion": "autoscaling/v1", "kind": "Scale"}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as found:
        template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
        await found.make(REPLICA_SETS, {"metadata": {"name": "web"}, "spec": spec})
        yield found


async def owners(lab: ApiLab) -> list[tuple[str, str, str]]:
    """Who owns the number of replicas."""
    found = (await lab.send("GET", f"{REPLICA_SETS}/web")).json["metadata"]["managedFields"]
    return [
        (each["operation"], each["apiVersion"], each.get("subresource", ""))
        for each in found
        if "f:replicas" in each["fieldsV1"].get("f:spec", {})
    ]


async def test_another_owners_replicas_are_a_conflict(lab: ApiLab) -> None:
    body = {**SCALE, "spec": {"replicas": 5}}
    path = f"{REPLICA_SETS}/web/scale?fieldManager=me"
    refused = await lab.send("PATCH", path, body, headers=APPLY)
    assert (refused.status, "conflict" in refused.message) == (409, True)
    forced = await lab.send("PATCH", f"{path}&force=true", body, headers=APPLY)
    assert (forced.status, forced.json["spec"]) == (200, {"replicas": 5})
    assert await owners(lab) == [("Apply", "apps/v1", "scale")]


async def test_what_is_no_scale_is_refused(lab: ApiLab) -> None:
    path = f"{REPLICA_SETS}/web/scale?fieldManager=me&force=true"
    for spec, told in (
        ({"replicas": "5"}, "expected numeric"),
        ({"bogus": 1}, "field not declared in schema"),
    ):
        answer = await lab.send("PATCH", path, {**SCALE, "spec": spec}, headers=APPLY)
        assert (answer.status, told in answer.message) == (500, True)
    named = {**SCALE, "metadata": {"name": "other"}, "spec": {"replicas": 5}}
    assert (await lab.send("PATCH", path, named, headers=APPLY)).status == 400

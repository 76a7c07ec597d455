"""Subresources that have a body or an answer of their own: binding, eviction, scale."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_lab import ApiLab, api_lab

PODS = "/api/v1/namespaces/default/pods"
MERGE = {"content-type": "application/merge-patch+json"}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as found:
        yield found


def binding(node: str) -> dict[str, object]:
    return {"metadata": {"name": "web"}, "target": {"kind": "Node", "name": node}}


async def test_a_pod_is_bound_once(lab: ApiLab) -> None:
    await lab.pod("web")
    first = await lab.send("POST", f"{PODS}/web/binding", binding("n1"))
    assert (first.status, first.json["status"]) == (201, "Success")
    pod = (await lab.send("GET", f"{PODS}/web")).json
    assert pod["spec"]["nodeName"] == "n1"
    assert [(c["type"], c["status"]) for c in pod["status"]["conditions"]] == [("PodScheduled", "True")]
    second = await lab.send("POST", f"{PODS}/web/binding", binding("n2"))
    assert second.status == 409
    assert second.message.endswith('pod web is already assigned to node "n1"')


async def test_bindings_are_also_a_collection(lab: ApiLab) -> None:
    await lab.pod("web")
    assert (await lab.send("POST", "/api/v1/namespaces/default/bindings", binding("n1"))).status == 201
    assert (await lab.send("GET", f"{PODS}/web")).json["spec"]["nodeName"] == "n1"


async def test_a_binding_must_name_a_node(lab: ApiLab) -> None:
    await lab.pod("web")
    assert (await lab.send("POST", f"{PODS}/web/binding", binding(""))).status == 422
    assert (await lab.send("POST", f"{PODS}/none/binding", {**binding("n"), "metadata": {}})).status == 404


async def budget(lab: ApiLab, allowed: int) -> None:
    path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    made = await lab.make(path, {"metadata": {"name": "pdb"}, "spec": spec})
    status = {
        "disruptionsAllowed": allowed,
        "observedGeneration": 1,
        "currentHealthy": 1,
        "desiredHealthy": 1,
    }
    answer = await lab.send("PUT", f"{path}/pdb/status", {**made, "status": {**made["status"], **status}})
    assert answer.status == 200, answer.body


async def running_pod(lab: ApiLab) -> None:
    pod = await lab.pod("web", metadata={"labels": {"app": "web"}}, spec={"nodeName": "n"})
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-31T12:00:00Z"}
    status = {**pod["status"], "phase": "Running", "conditions": [ready]}
    assert (await lab.send("PUT", f"{PODS}/web/status", {**pod, "status": status})).status == 200


EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web"}}


async def test_an_eviction_that_a_budget_forbids_is_put_off(lab: ApiLab) -> None:
    await running_pod(lab)
    await budget(lab, 0)
    answer = await lab.send("POST", f"{PODS}/web/eviction", EVICTION)
    assert answer.status == 429
    assert answer.json["details"]["causes"][0]["reason"] == "DisruptionBudget"
    assert "deletionTimestamp" not in (await lab.send("GET", f"{PODS}/web")).json["metadata"]


async def test_an_eviction_is_charged_to_the_budget(lab: ApiLab) -> None:
    await running_pod(lab)
    await budget(lab, 1)
    assert (await lab.send("POST", f"{PODS}/web/eviction", EVICTION)).status == 201
    path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/pdb"
    status = (await lab.send("GET", path)).json["status"]
    assert (status["disruptionsAllowed"], list(status["disruptedPods"])) == (0, ["web"])
    assert "deletionTimestamp" in (await lab.send("GET", f"{PODS}/web")).json["metadata"]


async def test_an_evicted_pod_says_why_it_goes(lab: ApiLab) -> None:
    await running_pod(lab)
    before = (await lab.send("GET", f"{PODS}/web")).json["metadata"]["resourceVersion"]
    stale = {**EVICTION, "deleteOptions": {"preconditions": {"resourceVersion": "1"}}}
    assert (await lab.send("POST", f"{PODS}/web/eviction", stale)).status == 409
    current = {**EVICTION, "deleteOptions": {"preconditions": {"resourceVersion": before}}}
    assert (await lab.send("POST", f"{PODS}/web/eviction", current)).status == 201
    pod = (await lab.send("GET", f"{PODS}/web")).json
    assert "deletionTimestamp" in pod["metadata"]
    found = {each["type"]: each for each in pod["status"]["conditions"]}
    assert found["DisruptionTarget"]["reason"] == "EvictionByEvictionAPI"
    assert found["Ready"]["status"] == "True"


async def test_scale_shows_and_sets_replicas(lab: ApiLab) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    path = "/apis/apps/v1/namespaces/default/deployments"
    await lab.make(path, {"metadata": {"name": "web"}, "spec": spec})
    scale = (await lab.send("GET", f"{path}/web/scale")).json
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {"replicas": 2}, "a=b")
    answer = await lab.send("PATCH", f"{path}/web/scale", {"spec": {"replicas": 5}}, headers=MERGE)
    assert answer.json["spec"] == {"replicas": 5}
    assert (await lab.send("GET", f"{path}/web")).json["metadata"]["generation"] == 2
    stale = await lab.send("PUT", f"{path}/web/scale", {**scale, "spec": {"replicas": 9}})
    assert stale.status == 409
    below = await lab.send("PATCH", f"{path}/web/scale", {"spec": {"replicas": -1}}, headers=MERGE)
    assert below.status == 422

"""Silent nodes, taints, evictions, ranges of addresses, stranded pods and disruption budgets."""

from datetime import UTC, datetime
from typing import Any

import pytest
from controller_lab import ControllerLab

from kubeade.api.parts import part, parts, text
from kubeade.api.pod_state import condition
from kubeade.api.resource import Object
from kubeade.api.resources import NODES, POD_DISRUPTION_BUDGETS, PODS, SERVICE_ACCOUNTS
from kubeade.controllers.disruption.plan import status_of
from kubeade.controllers.nodeipam.plan import SubnetPool
from kubeade.controllers.nodelifecycle import plan
from kubeade.controllers.podgc.plan import orphaned, out_of_service, surplus, unscheduled_terminating

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def node(name: str = "a", ready: str = "True", **spec: Any) -> Object:
    conditions = [{"type": "Ready", "status": ready}] if ready else []
    return {"metadata": {"name": name}, "spec": spec, "status": {"conditions": conditions}}


def pod(
    name: str, node_name: str = "a", *, phase: str = "Running", ready: bool = True, **more: Any
) -> Object:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "metadata": {
            "name": name,
            "uid": name,
            "creationTimestamp": f"2026-01-31T11:00:0{len(name)}Z",
            **more,
        },
        "spec": {"nodeName": node_name} if node_name else {},
        "status": {"phase": phase, "conditions": conditions},
    }


def taints(found: list[Object]) -> set[tuple[str, str]]:
    return {(one["key"].partition("/")[2], one["effect"]) for one in found}


@pytest.mark.parametrize(
    ("ready", "expected"),
    [
        ("True", set()),
        ("False", {("not-ready", "NoSchedule"), ("not-ready", "NoExecute")}),
        ("Unknown", {("unreachable", "NoSchedule"), ("unreachable", "NoExecute")}),
        ("", {("not-ready", "NoSchedule")}),
    ],
)
def test_taints_follow_readiness(ready: str, expected: set[tuple[str, str]]) -> None:
    assert taints(plan.wanted_taints(node(ready=ready), NOW, evicting=True)) == expected


def test_nobody_is_evicted_while_no_node_is_ready() -> None:
    found = plan.wanted_taints(node(ready="Unknown"), NOW, evicting=False)
    assert taints(found) == {("unreachable", "NoSchedule")}


def test_taints_of_others_stay() -> None:
    own = {"key": "example.com/own", "effect": "NoSchedule"}
    assert plan.wanted_taints(node(taints=[own], unschedulable=True), NOW, evicting=True) == [
        own,
        {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
    ]


@pytest.mark.parametrize(
    ("tolerations", "delay"),
    [
        ([], 0.0),
        ([{"operator": "Exists"}], None),
        ([{"key": "t", "operator": "Exists", "tolerationSeconds": 300}], 240.0),
    ],
)
def test_pods_stay_as_long_as_they_tolerate(tolerations: list[Object], delay: float | None) -> None:
    tainted = node(taints=[{"key": "t", "effect": "NoExecute", "timeAdded": "2026-01-31T11:59:00Z"}])
    one = {**pod("x"), "spec": {"tolerations": tolerations}}
    assert plan.eviction_delay_seconds(one, tainted, NOW) == delay


def test_subnets_are_given_once_and_again_after_release() -> None:
    pool = SubnetPool("10.0.0.0/22")
    pool.mark("10.0.1.0/24")
    pool.mark("192.168.0.0/24")
    assert [pool.take() for _ in range(4)] == ["10.0.0.0/24", "10.0.2.0/24", "10.0.3.0/24", None]
    pool.release("10.0.1.0/24")
    assert pool.take() == "10.0.1.0/24"


def test_pods_that_nobody_will_end() -> None:
    leaving = {"deletionTimestamp": "2026-01-31T11:00:00Z"}
    stranded, lost, fine = pod("s", "", **leaving), pod("l", "gone"), pod("f")
    assert unscheduled_terminating([stranded, lost, fine]) == [stranded]
    assert orphaned([stranded, lost, fine], {"gone"}) == [lost]
    assert (
        surplus([pod("a", phase="Failed"), pod("bb", phase="Failed"), fine], 1)[0]["metadata"]["name"] == "a"
    )
    dead = node("a", "False", taints=[{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}])
    going = pod("g", "a", **leaving)
    assert out_of_service([going, fine], [dead]) == [going]
    assert out_of_service([going, fine], [node("a")]) == []


def budget(**spec: Any) -> Object:
    return {"metadata": {"name": "b", "generation": 2}, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "expected", "desired", "allowed"),
    [
        ({"minAvailable": 2}, 3, 2, 1),
        ({"maxUnavailable": 1}, 3, 2, 1),
        ({"maxUnavailable": "50%"}, 3, 1, 2),
        ({"minAvailable": "50%"}, 3, 2, 1),
        ({"minAvailable": "100%"}, 3, 3, 0),
        ({"maxUnavailable": 0}, 0, 0, 0),
    ],
)
def test_a_budget_counts_what_it_can_spare(spec: Object, expected: int, desired: int, allowed: int) -> None:
    pods = [pod("a"), pod("bb"), pod("ccc")]
    found = status_of(budget(**spec), pods, expected, NOW)
    assert (found["desiredHealthy"], found["disruptionsAllowed"]) == (desired, allowed)


def test_an_eviction_under_way_counts_as_gone() -> None:
    asked = budget(minAvailable=1)
    asked["status"] = {"disruptedPods": {"a": "2026-01-31T11:59:30Z", "bb": "2026-01-31T11:50:00Z"}}
    found = status_of(asked, [pod("a"), pod("bb")], 2, NOW)
    assert found["disruptedPods"] == {"a": "2026-01-31T11:59:30Z"}
    assert (found["currentHealthy"], found["disruptionsAllowed"]) == (1, 0)


async def test_a_budget_follows_its_pods(lab: ControllerLab) -> None:
    selector = {"matchLabels": {"app": "web"}}
    body = {"metadata": {"name": "web"}, "spec": {"selector": selector, "maxUnavailable": 1}}
    await lab.client.create(POD_DISRUPTION_BUDGETS, body, "default")
    await lab.deployment(replicas=3)
    await lab.make_ready(await lab.count_pods(3))

    async def counted() -> Object | None:
        found = await lab.client.get(POD_DISRUPTION_BUDGETS, "web", "default")
        return part(found, "status") if part(found, "status").get("currentHealthy") == 3 else None

    status = await lab.until(counted)
    assert (status["expectedPods"], status["desiredHealthy"], status["disruptionsAllowed"]) == (3, 2, 1)


async def test_a_silent_node_is_marked_and_its_pods_leave(lab: ControllerLab) -> None:
    ready = {
        "type": "Ready",
        "status": "True",
        "lastHeartbeatTime": "2026-01-31T12:00:00Z",
        "lastTransitionTime": "2026-01-31T12:00:00Z",
    }
    late = {**ready, "lastHeartbeatTime": "2026-01-31T13:00:00Z"}
    for name, heard in (("quiet", ready), ("loud", late)):
        await lab.client.create(NODES, {"metadata": {"name": name}})
        await lab.client.patch(NODES, name, {"status": {"conditions": [heard]}}, subresource="status")

    async def has_range() -> str:
        return text(await lab.client.get(NODES, "quiet"), "spec", "podCIDR")

    assert (await lab.until(has_range)).endswith("/24")

    async def account() -> Object | None:
        return await lab.get(SERVICE_ACCOUNTS, "default")

    await lab.until(account)
    spec = {
        "nodeName": "quiet",
        "containers": [{"name": "m", "image": "x"}],
        "tolerations": [
            {
                "key": "node.kubernetes.io/unreachable",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 0,
            }
        ],
    }
    await lab.client.create(PODS, {"metadata": {"name": "guest"}, "spec": spec}, "default")
    lab.clock.advance(3600)
    await lab.client.patch(NODES, "quiet", {"metadata": {"labels": {"look": "again"}}})

    async def marked() -> bool:
        found = await lab.client.get(NODES, "quiet")
        unknown = (condition(found, "Ready") or {}).get("status") == "Unknown"
        return unknown and ("unreachable", "NoExecute") in taints(parts(found, "spec", "taints"))

    await lab.until(marked)

    async def leaves() -> bool:
        found = await lab.get(PODS, "guest")
        return found is None or (
            "deletionTimestamp" in found["metadata"] and condition(found, "DisruptionTarget") is not None
        )

    await lab.until(leaves)

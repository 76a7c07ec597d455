"""Who is let in, who waits and who is turned away, by the objects that every cluster has and by one's own."""

import asyncio
from typing import Any

import pytest

from kubeade.api.resource import Object
from kubeade.apiserver.bootstrap.flow_control import (
    FLOW_SCHEMAS,
    PRIORITY_LEVELS,
    flow_schemas,
    priority_levels,
)
from kubeade.apiserver.fairness.fairness import Fairness, Ticket, TooManyRequests
from kubeade.apiserver.fairness.level import dealt
from kubeade.apiserver.request_info import RequestInfo
from kubeade.apiserver.seams import User
from kubeade.lib.http.message import Request

NODE = User("system:node:n1", groups=("system:nodes", "system:authenticated"))
GREEDY = User("greedy", groups=("system:authenticated",))
MODEST = User("modest", groups=("system:authenticated",))
ADMIN = User("admin", groups=("system:masters", "system:authenticated"))
LEASE = RequestInfo(True, "", "update", "coordination.k8s.io", "v1", "kube-node-lease", "leases", "n1")
CREATE = RequestInfo(True, "", "create", "", "v1", "default", "configmaps")
LIST = RequestInfo(True, "", "list", "", "v1", "default", "pods")


class Door:
    """Fairness with a request's ends in the test's hand."""

    def __init__(self, cluster: Any, seats: int = 100) -> None:
        self.objects = 0
        self.fairness = Fairness(cluster, lambda _: self.objects, seats)

    def enter(self, user: User, info: RequestInfo = CREATE, query: str = "") -> "asyncio.Task[int]":
        request = Request("GET", "/", query)
        return asyncio.create_task(self.fairness.enter(self.ticket(user, info), info, request))

    def ticket(self, user: User, info: RequestInfo = CREATE) -> Ticket:
        return self.fairness.ticket(user, info)

    def leave(self, user: User, info: RequestInfo = CREATE, seats: int = 1) -> None:
        self.fairness.leave(self.ticket(user, info), seats)

    async def crowd(self, user: User, count: int, info: RequestInfo = CREATE) -> "list[asyncio.Task[int]]":
        tasks = [self.enter(user, info) for _ in range(count)]
        await settle()
        return tasks


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def inside(tasks: "list[asyncio.Task[int]]") -> int:
    return sum(task.done() and task.exception() is None for task in tasks)


def turned_away(tasks: "list[asyncio.Task[int]]") -> int:
    return sum(task.done() and isinstance(task.exception(), TooManyRequests) for task in tasks)


@pytest.fixture
def door(cluster: Any) -> Door:
    for found in priority_levels():
        cluster.put(PRIORITY_LEVELS, found)
    for found in flow_schemas():
        cluster.put(FLOW_SCHEMAS, found)
    return Door(cluster)


@pytest.mark.parametrize(
    ("user", "info", "level"),
    [
        (ADMIN, CREATE, "exempt"),
        (NODE, LEASE, "node-high"),
        (NODE, CREATE, "system"),
        (GREEDY, CREATE, "global-default"),
        (User("system:kube-scheduler"), LEASE, "leader-election"),
        (User("system:kube-scheduler"), CREATE, "workload-high"),
        (User("system:serviceaccount:kube-system:x"), CREATE, "workload-high"),
        (User("system:serviceaccount:shop:x", groups=("system:serviceaccounts",)), CREATE, "workload-low"),
        (User("?", groups=("system:unauthenticated",)), RequestInfo(False, "/readyz", "get"), "exempt"),
        (User("?", groups=("system:unauthenticated",)), RequestInfo(False, "/api", "get"), "global-default"),
        (User("?"), CREATE, "catch-all"),
    ],
)
async def test_requests_find_the_level_that_upstream_has_for_them(
    door: Door, user: User, info: RequestInfo, level: str
) -> None:
    assert door.ticket(user, info).level.name == level


async def test_without_objects_there_is_still_what_is_mandatory(cluster: Any) -> None:
    door = Door(cluster)
    assert door.ticket(ADMIN).level.name == "exempt"
    assert door.ticket(GREEDY).level.name == "catch-all"


async def test_a_greedy_client_does_not_keep_a_kubelet_from_its_lease(door: Door) -> None:
    crowd = await door.crowd(GREEDY, 2000)
    assert turned_away(crowd) > 1000
    leases = await door.crowd(NODE, 5, LEASE)
    assert inside(leases) == 5
    for task in crowd:
        task.cancel()


async def test_a_greedy_client_leaves_others_of_its_level_a_queue(door: Door) -> None:
    crowd = await door.crowd(GREEDY, 2000)
    modest = door.enter(MODEST)
    await settle()
    assert not modest.done()
    for _ in range(10):  # the six queues of the greedy one have their turns, too
        door.leave(GREEDY)
    await settle()
    assert inside([modest]) == 1  # it has its turn, though hundreds came before it
    for task in crowd:
        task.cancel()


async def test_who_waits_is_let_in_when_somebody_leaves(door: Door) -> None:
    crowd = await door.crowd(GREEDY, 200)
    before = inside(crowd)
    assert before < 200
    door.leave(GREEDY)
    await settle()
    assert inside(crowd) == before + 1
    for task in crowd:
        task.cancel()


async def test_free_seats_are_lent_and_taken_back(door: Door) -> None:
    level = door.ticket(GREEDY).level
    crowd = await door.crowd(GREEDY, 300)
    assert inside(crowd) > level.nominal_seats
    assert inside(await door.crowd(NODE, 10, LEASE)) == 10
    for task in crowd:
        task.cancel()


async def test_who_goes_away_does_not_wait_any_longer(door: Door) -> None:
    crowd = await door.crowd(GREEDY, 300)
    level = door.ticket(GREEDY).level
    for task in crowd:
        task.cancel()
    await settle()
    assert level.waiting == 0
    for _ in range(inside([task for task in crowd if not task.cancelled()])):
        door.leave(GREEDY)
    assert level.in_use == 0


async def test_who_is_let_in_while_he_goes_away_gives_his_seat_back(door: Door) -> None:
    crowd = await door.crowd(GREEDY, 300)
    level = door.ticket(GREEDY).level
    waiting = next(task for task in crowd if not task.done())
    in_use = level.in_use
    door.leave(GREEDY)  # grants it to the first one in turn, who does not know yet
    for task in crowd:
        task.cancel()
    await settle()
    assert waiting.cancelled()
    assert level.in_use == in_use - 1


async def test_nobody_waits_for_ever(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubeade.apiserver.fairness.fairness.WAIT_SECONDS", 0.0)
    crowd = await door.crowd(GREEDY, 100)
    assert inside(crowd) + turned_away(crowd) == 100
    assert door.ticket(GREEDY).level.waiting == 0


@pytest.mark.parametrize(
    ("objects", "query", "seats"),
    [(0, "", 1), (250, "", 3), (100_000, "", 10), (100_000, "limit=150", 2), (9999, "fieldSelector=metadata.name%3Da", 1)],
)  # fmt: skip
async def test_lists_are_as_wide_as_what_they_list(
    cluster: Any, objects: int, query: str, seats: int
) -> None:
    door = Door(cluster, 600)
    door.objects = objects
    assert await door.enter(GREEDY, LIST, query) == seats


async def test_watches_are_wide_only_while_they_list(cluster: Any) -> None:
    door = Door(cluster, 600)
    door.objects = 1000
    watch = RequestInfo(True, "", "watch", "", "v1", "default", "pods")
    assert await door.enter(GREEDY, watch) == 10
    assert await door.enter(GREEDY, watch, "resourceVersion=5") == 1
    assert await door.enter(GREEDY, watch, "resourceVersion=5&sendInitialEvents=true") == 10


async def test_requests_that_stay_take_no_seat(door: Door) -> None:
    info = RequestInfo(True, "", "create", "", "v1", "default", "pods", "a", "exec")
    assert await door.enter(GREEDY, info) == 0
    assert await door.enter(ADMIN) == 0


def own_level(cluster: Any, response: Object, match: int = 10) -> None:
    limited = {"nominalConcurrencyShares": 1, "limitResponse": response}
    spec = {"type": "Limited", "limited": limited}
    cluster.put(PRIORITY_LEVELS, {"metadata": {"name": "tight"}, "spec": spec})
    rule = {
        "subjects": [{"kind": "User", "user": {"name": "greedy"}}],
        "resourceRules": [
            {
                "verbs": ["*"],
                "apiGroups": ["*"],
                "resources": ["*"],
                "namespaces": ["*"],
                "clusterScope": True,
            }
        ],
    }
    spec = {"priorityLevelConfiguration": {"name": "tight"}, "matchingPrecedence": match, "rules": [rule]}
    cluster.put(FLOW_SCHEMAS, {"metadata": {"name": "greedy"}, "spec": spec})


async def test_ones_own_schema_counts_as_soon_as_it_is_there(cluster: Any, door: Door) -> None:
    assert door.ticket(GREEDY).level.name == "global-default"
    own_level(cluster, {"type": "Reject"})
    ticket = door.ticket(GREEDY)
    assert ticket.level.name == "tight"
    uids = [cluster.read(FLOW_SCHEMAS, "greedy"), cluster.read(PRIORITY_LEVELS, "tight")]
    assert [value for _, value in ticket.headers] == [found["metadata"]["uid"] for found in uids]
    cluster.delete(FLOW_SCHEMAS, "greedy")
    assert door.ticket(GREEDY).level.name == "global-default"


async def test_a_level_without_queues_turns_away(
    cluster: Any, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_level(cluster, {"type": "Reject"})
    monkeypatch.setattr(door.fairness, "_may_borrow", lambda *_: False)
    door.ticket(GREEDY).level._may_borrow = lambda *_: False
    crowd = await door.crowd(GREEDY, 10)
    assert (inside(crowd), turned_away(crowd)) == (1, 9)
    assert (
        door.fairness.gauges()["apiserver_flowcontrol_rejected_requests_total"]['priority_level="tight"'] == 9
    )


async def test_who_waits_is_not_forgotten_when_its_level_changes(cluster: Any, door: Door) -> None:
    queuing = {"queues": 4, "handSize": 1, "queueLengthLimit": 50}
    own_level(cluster, {"type": "Queue", "queuing": queuing})
    level = door.ticket(GREEDY).level
    level._may_borrow = lambda *_: False
    crowd = await door.crowd(GREEDY, 3)
    assert (level.in_use, level.waiting) == (1, 2)
    own_level(cluster, {"type": "Reject"})
    door.ticket(GREEDY)
    for _ in range(2):
        door.leave(GREEDY)
        await settle()
    assert inside(crowd) == 3


def test_a_flow_is_dealt_the_same_different_queues() -> None:
    hand = dealt("schema/user", 64, 6)
    assert hand == dealt("schema/user", 64, 6)
    assert len(set(hand)) == 6
    assert set(hand) != set(dealt("schema/other", 64, 6))

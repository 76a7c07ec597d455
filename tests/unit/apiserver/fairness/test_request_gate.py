"""The whole server behind its gate: headers, 429, and what does not pass it."""

import asyncio
from pathlib import Path

from api_lab import ADMIN, api_lab

from kubeade.apiserver.bootstrap.flow_control import (
    FLOW_SCHEMAS,
    PRIORITY_LEVELS,
    flow_schemas,
    priority_levels,
)
from kubeade.apiserver.fairness.gate import PlainGate
from kubeade.apiserver.fairness.limits import RequestLimits
from kubeade.apiserver.request_info import RequestInfo
from kubeade.apiserver.seams import User
from kubeade.apiserver.server import ApiServerConfig
from kubeade.lib.http.message import Request, Response

MAPS = "/api/v1/namespaces/default/configmaps"
ALICE = User("alice", groups=("system:authenticated",))


async def test_every_answer_says_its_schema_and_level(tmp_path: Path) -> None:
    async with api_lab(tmp_path, config=ApiServerConfig(limits=RequestLimits())) as lab:
        levels = [await lab.make(PRIORITY_LEVELS.path(), each) for each in priority_levels()]
        schemas = [await lab.make(FLOW_SCHEMAS.path(), each) for each in flow_schemas()]
        uids = {each["metadata"]["name"]: each["metadata"]["uid"] for each in schemas}
        level_uids = {each["metadata"]["name"]: each["metadata"]["uid"] for each in levels}
        for path in (MAPS, f"{MAPS}/missing"):
            answer = await lab.send("GET", path, user=ALICE)
            assert answer.header("x-kubernetes-pf-flowschema-uid") == [uids["global-default"]]
            assert answer.header("x-kubernetes-pf-prioritylevel-uid") == [level_uids["global-default"]]
        answer = await lab.send("GET", MAPS, user=ADMIN)
        assert answer.header("x-kubernetes-pf-flowschema-uid") == [uids["exempt"]]
        assert b"apiserver_flowcontrol_current_executing_seats" in (await lab.send("GET", "/metrics")).body


async def test_a_flood_is_shed_with_429_and_all_seats_are_free_after_it(tmp_path: Path) -> None:
    async with api_lab(tmp_path, config=ApiServerConfig(limits=RequestLimits(2, 2))) as lab:
        for level in priority_levels():
            await lab.make(PRIORITY_LEVELS.path(), level)
        for schema in flow_schemas():
            await lab.make(FLOW_SCHEMAS.path(), schema)
        flood = [lab.send("POST", MAPS, {"metadata": {"name": f"m{n}"}}, user=ALICE) for n in range(600)]
        statuses = [answer.status for answer in await asyncio.gather(*flood)]
        assert set(statuses) == {201, 429}
        assert len((await lab.send("GET", MAPS)).json["items"]) == statuses.count(201) >= 300
        answers = await asyncio.gather(*(lab.send("GET", MAPS, user=ALICE) for _ in range(5)))
        assert [answer.status for answer in answers] == [200] * 5
        metrics = (await lab.send("GET", "/metrics")).body.decode()
        assert 'executing_seats{priority_level="global-default"} 0' in metrics


async def test_plain_limits_count_reads_and_writes_apart() -> None:
    gate, hold = PlainGate(RequestLimits(1, 1, fair=False)), asyncio.Event()
    get, create = RequestInfo(True, "", "get"), RequestInfo(True, "", "create")

    async def work() -> Response:
        await hold.wait()
        return Response(200)

    def ask(user: User, info: RequestInfo) -> "asyncio.Task[Response]":
        return asyncio.create_task(gate.admit(user, info, Request("GET", "/"), work))

    tasks = [ask(ALICE, get), ask(ALICE, create), ask(ALICE, get), ask(ADMIN, get)]
    watch = ask(ALICE, RequestInfo(True, "", "watch"))
    await asyncio.sleep(0)
    assert [task.done() for task in tasks] == [False, False, True, False]
    assert tasks[2].result().status == 429
    assert ("retry-after", "1") in tasks[2].result().headers
    hold.set()
    assert [task.status for task in await asyncio.gather(*tasks, watch)] == [200, 200, 429, 200, 200]
    assert set(gate.gauges()["apiserver_current_inflight_requests"].values()) == {0.0}

"""Jobs against a real API server: pods are made, counted once, and the Job is closed."""

from typing import Any

import pytest
from controller_lab import ControllerLab

from kubeade.api.pod_state import condition
from kubeade.api.resource import Object
from kubeade.api.resources import JOBS, PODS

FINALIZER = "batch.kubernetes.io/job-tracking"


async def make_job(lab: ControllerLab, **spec: Any) -> Object:
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "one"}]}
    body = {"metadata": {"name": "sum"}, "spec": {"template": {"spec": pod}, **spec}}
    return await lab.client.create(JOBS, body, "default")


async def running(lab: ControllerLab, count: int) -> list[Object]:
    async def found() -> list[Object] | None:
        pods = [p for p in await lab.pods() if p["status"].get("phase", "Pending") in ("Pending", "Running")]
        return pods if len(pods) == count else None

    return await lab.until(found)


async def end(lab: ControllerLab, pods: list[Object], phase: str, exit_code: int = 0) -> None:
    state = {"terminated": {"exitCode": exit_code, "finishedAt": "2026-01-31T12:00:00Z"}}
    container = {"name": "main", "image": "one", "imageID": "", "ready": False, "restartCount": 0}
    status = {"phase": phase, "containerStatuses": [{**container, "state": state}]}
    for pod in pods:
        await lab.patch(PODS, pod["metadata"]["name"], {"status": status}, subresource="status")


async def closed(lab: ControllerLab, kind: str) -> Object:
    async def found() -> Object | None:
        job = await lab.get(JOBS, "sum")
        return job if job and condition(job, kind) else None

    return await lab.until(found)


async def test_a_job_is_complete_when_as_many_pods_succeeded_as_ordered(lab: ControllerLab) -> None:
    await make_job(lab, completions=3, parallelism=2)
    first = await running(lab, 2)
    assert all(FINALIZER in pod["metadata"]["finalizers"] for pod in first)
    await end(lab, first, "Succeeded")
    await end(lab, await running(lab, 1), "Succeeded")
    status = (await closed(lab, "Complete"))["status"]
    assert (status["succeeded"], status.get("failed", 0), status.get("active", 0)) == (3, 0, 0)
    assert status["completionTime"]
    assert [c["type"] for c in status["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert not any(pod["metadata"].get("finalizers") for pod in await lab.pods())


async def test_a_job_fails_at_its_backoff_limit_and_ends_what_still_runs(lab: ControllerLab) -> None:
    await make_job(lab, completions=2, parallelism=2, backoffLimit=0)
    one, _ = await running(lab, 2)
    await end(lab, [one], "Failed", 1)

    async def done() -> Object | None:
        await lab.make_all_ready()
        job = await lab.get(JOBS, "sum")
        return job if job and condition(job, "Failed") else None

    job = await lab.until(done)
    assert condition(job, "Failed")["reason"] == "BackoffLimitExceeded"  # type: ignore[index]
    assert job["status"]["failed"] == 2


async def test_an_indexed_job_runs_each_index_once(lab: ControllerLab) -> None:
    await make_job(lab, completions=3, parallelism=3, completionMode="Indexed")
    pods = await running(lab, 3)
    index = "batch.kubernetes.io/job-completion-index"
    assert sorted(pod["metadata"]["annotations"][index] for pod in pods) == ["0", "1", "2"]
    assert sorted(pod["spec"]["hostname"] for pod in pods) == ["sum-0", "sum-1", "sum-2"]
    await end(lab, pods, "Succeeded")
    assert (await closed(lab, "Complete"))["status"]["completedIndexes"] == "0-2"


async def test_a_suspended_job_has_no_pods_until_it_is_resumed(lab: ControllerLab) -> None:
    await make_job(lab, suspend=True)
    job = await closed(lab, "Suspended")
    assert "startTime" not in job["status"]
    assert await lab.pods() == []
    await lab.patch(JOBS, "sum", {"spec": {"suspend": False}})
    await end(lab, await running(lab, 1), "Succeeded")
    await closed(lab, "Complete")


async def test_pods_are_let_go_when_their_job_is_deleted(lab: ControllerLab) -> None:
    await make_job(lab)
    (pod,) = await running(lab, 1)
    await lab.client.delete(JOBS, "sum", "default", propagation_policy="Background")

    async def gone() -> bool:
        await lab.make_all_ready()
        return await lab.get(PODS, pod["metadata"]["name"]) is None

    await lab.until(gone)


@pytest.mark.parametrize(("code", "reason"), [(42, "PodFailurePolicy"), (1, "BackoffLimitExceeded")])
async def test_the_failure_policy_decides_by_exit_code(lab: ControllerLab, code: int, reason: str) -> None:
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
    await make_job(lab, backoffLimit=0, podFailurePolicy={"rules": [rule]})
    await end(lab, await running(lab, 1), "Failed", code)
    failed = condition(await closed(lab, "Failed"), "Failed") or {}
    assert failed["reason"] == reason

"""A kubelet that died at an awkward moment: its successor completes what was begun, once, and clears up."""

import asyncio

import pytest
from kubelet_lab import Lab, pod_manifest
from scripted_runtime import ScriptedRuntime

from kubeade.cri.types import ContainerState


@pytest.fixture
async def lab(tmp_path):
    lab = Lab(tmp_path)
    await lab.start()
    yield lab
    await lab.stop()


async def test_container_that_was_created_but_not_started_is_started_as_the_same_attempt(lab, monkeypatch):
    begun = asyncio.Event()

    async def never(container_id):
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(lab.runtime, "start_container", never)
        lab.order(pod_manifest("web"))
        await begun.wait()
        await lab.stop()
    await lab.start()
    pod = await lab.until_phase("web", "Running")
    (status,) = pod["status"]["containerStatuses"]
    assert (status["restartCount"], status["lastState"]) == (0, {})
    (container,) = await lab.runtime.list_containers()
    assert (container.state, container.metadata.attempt) == (ContainerState.RUNNING, 0)


async def test_restart_that_was_created_but_not_started_keeps_how_the_last_one_ended(lab, monkeypatch):
    manifest = pod_manifest("web")
    lab.order(manifest)
    await lab.until_phase("web", "Running")
    begun = asyncio.Event()

    async def never(container_id):
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(lab.runtime, "start_container", never)
        (running,) = await lab.runtime.list_containers()
        await lab.runtime.stop_container(running.id, 0)
        await begun.wait()
        await lab.stop()
    await lab.start()
    pod = await lab.api.until(lambda: _restarted(lab.pod("web")))
    (status,) = pod["status"]["containerStatuses"]
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["containerID"] == f"simulated://{running.id}"
    assert len(await lab.runtime.list_containers()) == 2


def _restarted(pod):
    (status,) = pod["status"]["containerStatuses"]
    return pod if "running" in status["state"] and status["restartCount"] else None


async def test_kubelet_that_is_run_again_after_a_failure_starts_nothing_twice(lab, monkeypatch):
    """As `supervise` does it: the same object, whose first run has ended with an error."""
    lab.order(pod_manifest("web"))
    await lab.until_phase("web", "Running")
    before = await lab.runtime.list_containers()
    await lab.stop()
    run_pod_sandbox = lab.runtime.run_pod_sandbox

    async def slowly(config):
        await asyncio.sleep(0.05)
        return await run_pod_sandbox(config)

    monkeypatch.setattr(lab.runtime, "run_pod_sandbox", slowly)
    monkeypatch.setattr(lab, "_task", asyncio.create_task(lab.kubelet.run()))
    lab.order(pod_manifest("other"))
    await lab.until_phase("other", "Running")
    await lab.settle()
    containers = await lab.runtime.list_containers()
    assert [each.metadata.attempt for each in containers] == [0, 0]
    assert before[0].id in [each.id for each in containers]
    assert len(await lab.runtime.list_pod_sandboxes()) == 2


async def test_kubelet_that_was_stopped_acts_no_more(lab, monkeypatch):
    """Its workers have ended when `run` has, so that the next one's are the only ones."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def slowly(container_id):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            ended.set()

    monkeypatch.setattr(lab.runtime, "start_container", slowly)
    lab.order(pod_manifest("web"))
    await begun.wait()
    await lab.stop()
    assert ended.is_set()


async def test_attempt_of_a_probe_that_meets_a_bug_is_not_the_last(tmp_path, monkeypatch):
    lab = Lab(tmp_path, simulated=False)
    lab.runtime = ScriptedRuntime()
    attempts = []

    async def fail_once(container_id, command, timeout_seconds):
        attempts.append(command)
        if len(attempts) == 1:
            raise KeyError("a bug")
        return b"", b"", 0

    monkeypatch.setattr(lab.runtime, "exec_sync", fail_once)
    monkeypatch.setattr("kubeade.kubelet.probes.manager.RETRY_SECONDS", 0.01)
    await lab.start()
    manifest = pod_manifest("web")
    manifest["spec"]["containers"][0]["readinessProbe"] = {"exec": {"command": ["ready"]}, "periodSeconds": 1}
    lab.order(manifest)
    await lab.until_phase("web", "Running")
    await lab.api.until(lambda: lab.pod("web")["status"]["containerStatuses"][0]["ready"])
    await lab.stop()


async def test_files_of_pods_that_vanished_meanwhile_are_removed(lab):
    lab.order(pod_manifest("web"))
    await lab.until_phase("web", "Running")
    await lab.stop()
    kept = [lab.config.pod_directory("uid-web"), lab.config.log_directory("shop", "web", "uid-web")]
    lost = [lab.config.pod_directory("uid-old"), lab.config.log_directory("shop", "old", "uid-old")]
    for directory in kept + lost:
        (directory / "volumes").mkdir(parents=True)
    await lab.start()
    async with asyncio.timeout(5):
        while any(directory.exists() for directory in lost):
            await asyncio.sleep(0.01)
    assert all(directory.exists() for directory in kept)

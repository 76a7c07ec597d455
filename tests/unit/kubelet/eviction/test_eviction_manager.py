"""Rounds of the eviction manager on a kubelet with pods."""

from dataclasses import replace

import pytest
from kubelet_lab import Lab, pod_manifest

from kubeade.kubelet.eviction import manager as manager_module
from kubeade.kubelet.stats.machine import MachineUsage

ROOMY = MachineUsage(memory_total_bytes=1 << 30, working_set_bytes=1 << 20, pid_limit=1000, processes=1)
FULL = replace(ROOMY, working_set_bytes=(1 << 30) - (50 << 20))


@pytest.fixture
async def lab(tmp_path, monkeypatch):
    made = Lab(tmp_path)
    made.config = replace(made.config, simulated=False, eviction_hard={"memory.available": "100Mi"})
    made.machine = ROOMY
    monkeypatch.setattr(manager_module, "measure_machine", lambda: made.machine)
    await made.start()
    made.manager = made.kubelet._evictions(made.kubelet.workers)
    yield made
    await made.stop()


async def test_nobody_goes_while_there_is_enough(lab):
    lab.order(pod_manifest("web"))
    await lab.until_phase("web", "Running")
    await lab.manager.look()
    assert not lab.kubelet.workers.find("shop", "web").context.should_stop


async def test_one_pod_a_round_goes_when_memory_is_short(lab):
    important = pod_manifest("important", priority=10)
    lab.order(pod_manifest("web"))
    lab.order(important)
    await lab.until_phase("web", "Running")
    await lab.until_phase("important", "Running")
    lab.machine = FULL
    await lab.manager.look()
    gone = await lab.until_phase("web", "Failed")
    assert gone["status"]["reason"] == "Evicted"
    assert gone["status"]["message"].startswith("The node was low on resource: memory. ")
    (target,) = [each for each in gone["status"]["conditions"] if each["type"] == "DisruptionTarget"]
    assert (target["status"], target["reason"]) == ("True", "TerminationByKubelet")
    assert not lab.kubelet.workers.find("shop", "important").context.should_stop
    assert lab.api.events("EvictionThresholdMet") or await lab.api.until(
        lambda: lab.api.events("EvictionThresholdMet")
    )


async def test_node_says_so_and_takes_no_more(lab):
    lab.machine = FULL
    await lab.manager.look()
    await lab.kubelet._agent._report_if_due()
    conditions = {each["type"]: each for each in lab.api.objects["/api/v1/nodes/n1"]["status"]["conditions"]}
    assert conditions["MemoryPressure"]["status"] == "True"
    assert conditions["MemoryPressure"]["reason"] == "KubeletHasInsufficientMemory"
    assert conditions["DiskPressure"]["status"] == "False"
    lab.order(pod_manifest("late"))
    refused = await lab.until_phase("late", "Failed")
    assert refused["status"]["reason"] == "Evicted"
    assert "The node had condition: [MemoryPressure]" in refused["status"]["message"]


async def test_volume_that_grows_above_its_limit_ends_its_pod(lab, tmp_path):
    volume = {"name": "cache", "emptyDir": {"sizeLimit": "16Ki"}}
    lab.order(pod_manifest("web", volumes=[volume]))
    await lab.until_phase("web", "Running")
    place = tmp_path / "pods" / "uid-web" / "volumes" / "kubernetes.io~empty-dir" / "cache"
    (place / "big").write_bytes(b"x" * 100_000)
    await lab.manager.look()
    gone = await lab.until_phase("web", "Failed")
    assert gone["status"]["message"] == 'Usage of EmptyDir volume "cache" exceeds the limit "16Ki". '
    assert not [each for each in gone["status"]["conditions"] if each["type"] == "DisruptionTarget"]

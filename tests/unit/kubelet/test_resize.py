"""CPU and memory of a running pod change in place, by a restart, or not at all."""

import pytest
from kubelet_lab import Lab, pod_manifest


@pytest.fixture
async def lab(tmp_path):
    lab = Lab(tmp_path)
    await lab.start()
    yield lab
    await lab.stop()


def resources(cpu):
    return {"requests": {"cpu": cpu}, "limits": {"cpu": cpu}}


async def running(lab, cpu="100m", **container):
    manifest = pod_manifest("web", resources=resources(cpu))
    manifest["spec"]["containers"][0].update(container)
    lab.order(manifest)
    return await lab.until_phase("web", "Running")


def ask_for(lab, cpu):
    pod = lab.pod("web")
    container = {**pod["spec"]["containers"][0], "resources": resources(cpu)}
    lab.order({**pod, "metadata": dict(pod["metadata"]), "spec": {**pod["spec"], "containers": [container]}})


def app(lab):
    return lab.pod("web")["status"]["containerStatuses"][0]


def conditions(lab):
    return {each["type"]: each for each in lab.pod("web")["status"]["conditions"]}


async def test_resize_in_place(lab):
    before = (await running(lab))["status"]["containerStatuses"][0]
    ask_for(lab, "200m")
    await lab.api.until(lambda: app(lab)["allocatedResources"] == {"cpu": "200m"})
    await lab.api.until(lambda: lab.api.events("ResizeCompleted"))
    (container,) = await lab.runtime.list_containers()
    status = await lab.runtime.container_status(container.id)
    assert status.resources.cpu_quota == 20000
    assert app(lab)["containerID"] == before["containerID"]
    assert "PodResizeInProgress" not in conditions(lab)


async def test_resize_by_restart_where_the_policy_says_so(lab):
    policy = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]
    before = (await running(lab, resizePolicy=policy))["status"]["containerStatuses"][0]
    ask_for(lab, "200m")
    await lab.api.until(lambda: app(lab)["restartCount"] == 1 and "running" in app(lab)["state"])
    assert app(lab)["containerID"] != before["containerID"]


async def test_resize_beyond_the_node_is_infeasible(lab):
    await running(lab)
    ask_for(lab, "1000")
    await lab.api.until(lambda: "PodResizePending" in conditions(lab))
    assert conditions(lab)["PodResizePending"]["reason"] == "Infeasible"
    assert app(lab)["allocatedResources"] == {"cpu": "100m"}


async def test_deferred_resize_happens_when_there_is_room(lab):
    total = float(lab.kubelet_cpus())
    other = pod_manifest("other", resources=resources(str(total - 0.5)))
    lab.order(other)
    await lab.until_phase("other", "Running")
    await running(lab)
    ask_for(lab, "1")
    await lab.api.until(lambda: "PodResizePending" in conditions(lab))
    assert conditions(lab)["PodResizePending"]["reason"] == "Deferred"
    lab.delete("other")
    await lab.api.until(lambda: app(lab)["allocatedResources"] == {"cpu": "1"})
    await lab.api.until(lambda: "PodResizePending" not in conditions(lab))

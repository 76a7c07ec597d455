"""A whole kubelet on the simulated runtime: pods start, end, are deleted, are found again."""

import asyncio
import contextlib

import pytest
from kubelet_lab import Lab, pod_manifest


@pytest.fixture
async def lab(tmp_path):
    lab = Lab(tmp_path)
    await lab.start()
    yield lab
    await lab.stop()


def state_of(pod):
    return pod["status"]["containerStatuses"][0]["state"]


async def test_node_is_registered_ready(lab):
    node = lab.api.objects["/api/v1/nodes/n1"]
    ready = next(each for each in node["status"]["conditions"] if each["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("True", "KubeletReady")
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "n1"
    assert node["status"]["allocatable"]["pods"] == "110"


async def test_lease_is_made(lab):
    lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1"
    await lab.api.until(lambda: lease in lab.api.objects)
    assert lab.api.objects[lease]["spec"]["holderIdentity"] == "n1"


async def test_pod_becomes_running_and_ready(lab):
    lab.order(pod_manifest("web"))
    pod = await lab.until_phase("web", "Running")
    status = pod["status"]
    conditions = {each["type"]: each["status"] for each in status["conditions"]}
    assert conditions == dict.fromkeys(
        ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"), "True"
    )
    assert status["podIP"] == "10.0.0.1"
    assert status["hostIP"] == "192.0.2.1"
    assert status["qosClass"] == "BestEffort"
    container = status["containerStatuses"][0]
    assert container["containerID"].startswith("simulated://")
    assert container["ready"] and container["started"] and container["restartCount"] == 0


async def test_pod_tells_its_story_in_events(lab):
    lab.order(pod_manifest("web"))
    await lab.until_phase("web", "Running")
    await lab.api.until(lambda: lab.api.events("Started"))
    assert [each["reason"] for each in lab.api.events() if each["involvedObject"]["kind"] == "Pod"] == [
        "Pulled", "Created", "Started",
    ]  # fmt: skip


async def test_job_like_pod_succeeds(lab):
    manifest = pod_manifest("once", restartPolicy="Never")
    manifest["metadata"]["annotations"] = {"kubeade.dev/simulated-run-seconds": "0"}
    lab.order(manifest)
    pod = await lab.until_phase("once", "Succeeded")
    assert state_of(pod)["terminated"]["exitCode"] == 0
    assert state_of(pod)["terminated"]["reason"] == "Completed"


async def test_init_containers_run_before_the_others(lab):
    init = [{"name": "one", "image": "a"}, {"name": "side", "image": "b", "restartPolicy": "Always"}]
    lab.order(pod_manifest("web", initContainers=init))
    pod = await lab.until_phase("web", "Running")
    one, side = pod["status"]["initContainerStatuses"]
    assert one["state"]["terminated"]["exitCode"] == 0
    assert "running" in side["state"]


async def test_deleted_pod_leaves_nothing(lab):
    lab.order(pod_manifest("web"))
    await lab.until_phase("web", "Running")
    lab.delete("web")
    await lab.api.until(lambda: lab.pod("web") is None)
    await lab.until_idle("web")
    assert await lab.runtime.list_pod_sandboxes() == []
    assert await lab.runtime.list_containers() == []


async def test_final_status_is_written_before_the_pod_goes(lab):
    lab.order(pod_manifest("web"))
    await lab.until_phase("web", "Running")
    lab.delete("web")
    await lab.api.until(lambda: lab.pod("web") is None)
    statuses = [body["status"] for path, body in lab.api.patches if path.endswith("/pods/web/status")]
    assert "terminated" in statuses[-1]["containerStatuses"][0]["state"]


async def test_pod_that_vanishes_is_stopped(lab):
    lab.order(pod_manifest("web"))
    await lab.until_phase("web", "Running")
    lab.api.remove(lab.path("web"))
    await lab.until_idle("web")
    assert await lab.runtime.list_pod_sandboxes() == []


async def test_restarted_kubelet_adopts_running_containers(lab):
    lab.order(pod_manifest("web"))
    before = await lab.until_phase("web", "Running")
    await lab.restart()
    lab.order(pod_manifest("other"))
    await lab.until_phase("other", "Running")
    containers = await lab.runtime.list_containers(labels={"io.kubernetes.pod.name": "web"})
    ids = [f"simulated://{each.id}" for each in containers]
    assert ids == [before["status"]["containerStatuses"][0]["containerID"]]


async def test_restarted_kubelet_removes_orphans(lab):
    lab.order(pod_manifest("web"))
    await lab.until_phase("web", "Running")
    await lab.stop()
    del lab.api.objects[lab.path("web")]
    await lab.start()
    lab.order(pod_manifest("other"))
    await lab.until_phase("other", "Running")
    names = [each.metadata.name for each in await lab.runtime.list_pod_sandboxes()]
    assert names == ["other"]


async def test_missing_config_map_is_named_and_waited_for(lab):
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "menu", "key": "a"}}}]
    lab.order(pod_manifest("web", env=env))
    waiting = await lab.api.until(
        lambda: (pod := lab.pod("web")) and pod.get("status") and state_of(pod).get("waiting")
    )
    await lab.api.until(
        lambda: state_of(lab.pod("web"))["waiting"].get("reason") == "CreateContainerConfigError"
    )
    assert state_of(lab.pod("web"))["waiting"]["message"] == 'configmap "menu" not found'
    assert waiting
    lab.api.put(
        "/api/v1/namespaces/shop/configmaps/menu",
        {"kind": "ConfigMap", "metadata": {"name": "menu", "namespace": "shop"}, "data": {"a": "1"}},
    )
    await lab.until_phase("web", "Running")


async def test_pod_that_asks_for_too_much_is_rejected(lab):
    resources = {"requests": {"cpu": "1000"}}
    lab.order(pod_manifest("big", resources=resources))
    pod = await lab.until_phase("big", "Failed")
    assert pod["status"]["reason"] == "OutOfcpu"
    assert pod["status"]["message"].startswith("Pod was rejected: Node didn't have enough resource: cpu")


async def test_pod_past_its_deadline_fails(lab):
    manifest = pod_manifest("late", activeDeadlineSeconds=1)
    manifest["status"] = {"startTime": "2020-01-01T00:00:00Z"}
    lab.order(manifest)
    pod = await lab.until_phase("late", "Failed")
    assert pod["status"]["reason"] == "DeadlineExceeded"


async def test_crashing_container_backs_off(lab):
    manifest = pod_manifest("crash")
    manifest["metadata"]["annotations"] = {"kubeade.dev/simulated-run-seconds": "0"}
    lab.order(manifest)
    pod = await lab.api.until(
        lambda: (
            (pod := lab.pod("crash"))
            and (pod.get("status") or {}).get("containerStatuses")
            and state_of(pod).get("waiting", {}).get("reason") == "CrashLoopBackOff"
            and pod
        )
    )
    status = pod["status"]["containerStatuses"][0]
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 0
    assert status["state"]["waiting"]["message"].startswith(
        "back-off 10s restarting failed container=app pod=crash"
    )


async def test_two_kubelets_do_not_touch_each_others_pods(lab):
    manifest = pod_manifest("elsewhere")
    manifest["spec"]["nodeName"] = "n2"
    lab.order(manifest)
    lab.order(pod_manifest("here"))
    await lab.until_phase("here", "Running")
    assert "status" not in lab.pod("elsewhere")


async def test_idle_kubelet_writes_nothing(lab):
    lab.order(pod_manifest("web"))
    await lab.until_phase("web", "Running")
    await lab.settle()
    count = len(lab.api.patches)
    lab.kubelet.workers.poke("uid-web")
    await lab.settle()
    assert len(lab.api.patches) == count
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await lab.api.until(lambda: len(lab.api.patches) > count)
    assert len(lab.api.patches) == count

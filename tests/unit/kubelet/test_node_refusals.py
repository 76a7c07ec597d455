"""What a node cannot do is said by name: before the pod starts, or in a warning."""

from dataclasses import replace

import pytest
from kubelet_lab import Lab, pod_manifest


@pytest.fixture
async def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.config = replace(lab.config, simulated=False)
    await lab.start()
    yield lab
    await lab.stop()


def one(lab, reason):
    return lambda: next(iter(lab.api.events(reason)), None)


async def test_claims_for_devices_that_no_driver_prepares_keep_the_pod_waiting(lab):
    lab.order(pod_manifest("web", resourceClaims=[{"name": "gpu"}]))
    event = await lab.api.until(one(lab, "FailedPrepareDynamicResources"))
    assert "gpu" in event["message"]
    assert await lab.runtime.list_pod_sandboxes() == []


async def test_runtime_class_is_looked_up(lab):
    lab.api.put(
        "/apis/node.k8s.io/v1/runtimeclasses/fast", {"metadata": {"name": "fast"}, "handler": "kubeade"}
    )
    lab.order(pod_manifest("web", runtimeClassName="fast"))
    await lab.until_phase("web", "Running")
    (sandbox,) = await lab.runtime.list_pod_sandboxes()
    assert sandbox.runtime_handler == "kubeade"


async def test_runtime_class_that_is_not_there_is_named(lab):
    lab.order(pod_manifest("web", runtimeClassName="none"))
    event = await lab.api.until(one(lab, "FailedCreatePodSandBox"))
    assert 'RuntimeClass "none" not found' in event["message"]


async def test_fields_without_effect_are_named_once(lab):
    manifest = pod_manifest("web", securityContext={"seLinuxOptions": {"level": "s0"}})
    lab.order(manifest)
    await lab.until_phase("web", "Running")
    event = await lab.api.until(one(lab, "FieldsIgnored"))
    assert event["message"] == "namespaces: no effect on this node: spec.securityContext.seLinuxOptions"

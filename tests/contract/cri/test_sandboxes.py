"""What a kubelet relies on about sandboxes, whichever runtime keeps them."""

import pytest

from kubeade.cri.service import NotFound
from kubeade.cri.types import SandboxState


async def test_sandbox_is_ready_with_an_address(subject):
    sandbox_id = await subject.runtime.run_pod_sandbox(subject.sandbox_config())
    status = await subject.runtime.pod_sandbox_status(sandbox_id)
    assert status.state is SandboxState.READY
    assert status.ips == ["10.9.0.1"]
    assert status.metadata.name == "web"
    assert status.created_at > 0


async def test_labels_and_annotations_are_kept(subject):
    sandbox_id = await subject.runtime.run_pod_sandbox(subject.sandbox_config())
    status = await subject.runtime.pod_sandbox_status(sandbox_id)
    assert status.labels["app"] == "web"
    assert status.annotations["note"] == "kept"


async def test_host_network_asks_for_no_address(subject):
    sandbox_id = await subject.runtime.run_pod_sandbox(subject.sandbox_config(host_network=True))
    assert (await subject.runtime.pod_sandbox_status(sandbox_id)).ips == []
    assert subject.network.attached == {}


async def test_list_finds_by_label(subject):
    await subject.runtime.run_pod_sandbox(subject.sandbox_config("one"))
    two = await subject.runtime.run_pod_sandbox(subject.sandbox_config("two"))
    found = await subject.runtime.list_pod_sandboxes({"app": "two"})
    assert [each.id for each in found] == [two]
    assert len(await subject.runtime.list_pod_sandboxes()) == 2
    assert await subject.runtime.list_pod_sandboxes({"app": "three"}) == []


async def test_stopped_sandbox_gives_its_address_back_and_stays_known(subject):
    sandbox_id = await subject.runtime.run_pod_sandbox(subject.sandbox_config())
    await subject.runtime.stop_pod_sandbox(sandbox_id)
    assert subject.network.attached == {}
    status = await subject.runtime.pod_sandbox_status(sandbox_id)
    assert status.state is SandboxState.NOT_READY


async def test_stopping_and_removing_again_is_no_error(subject):
    sandbox_id = await subject.runtime.run_pod_sandbox(subject.sandbox_config())
    for _ in range(2):
        await subject.runtime.stop_pod_sandbox(sandbox_id)
    for _ in range(2):
        await subject.runtime.remove_pod_sandbox(sandbox_id)
    assert await subject.runtime.list_pod_sandboxes() == []


async def test_removed_sandbox_is_not_found(subject):
    sandbox_id = await subject.runtime.run_pod_sandbox(subject.sandbox_config())
    await subject.runtime.remove_pod_sandbox(sandbox_id)
    with pytest.raises(NotFound):
        await subject.runtime.pod_sandbox_status(sandbox_id)


async def test_removing_a_sandbox_removes_its_containers(subject):
    config = subject.sandbox_config()
    sandbox_id = await subject.runtime.run_pod_sandbox(config)
    container_id = await subject.runtime.create_container(sandbox_id, subject.container_config(), config)
    await subject.runtime.start_container(container_id)
    await subject.runtime.remove_pod_sandbox(sandbox_id)
    assert await subject.runtime.list_containers() == []


async def test_runtime_says_it_is_ready(subject):
    conditions = {each.type: each.status for each in (await subject.runtime.status()).conditions}
    assert conditions == {"RuntimeReady": True, "NetworkReady": True}
    assert (await subject.runtime.version()).runtime_name

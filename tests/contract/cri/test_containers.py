"""What a kubelet relies on about containers, whichever runtime runs them."""

import asyncio

import pytest

from kubeade.cri.service import CriError, NotFound, NotSupported
from kubeade.cri.types import ContainerEventType, ContainerState


@pytest.fixture
async def placed(subject):
    """A sandbox and a created container in it."""
    config = subject.sandbox_config()
    sandbox_id = await subject.runtime.run_pod_sandbox(config)
    container_id = await subject.runtime.create_container(sandbox_id, subject.container_config(), config)
    return sandbox_id, container_id


async def test_created_container_waits(subject, placed):
    status = await subject.runtime.container_status(placed[1])
    assert status.state is ContainerState.CREATED
    assert status.created_at > 0
    assert status.started_at == status.finished_at == 0


async def test_started_container_runs(subject, placed):
    await subject.runtime.start_container(placed[1])
    status = await subject.runtime.container_status(placed[1])
    assert status.state is ContainerState.RUNNING
    assert status.started_at >= status.created_at
    assert status.image_ref
    assert status.annotations["hash"] == "1234"


async def test_stopped_container_has_ended(subject, placed):
    await subject.runtime.start_container(placed[1])
    await subject.runtime.stop_container(placed[1], 5)
    status = await subject.runtime.container_status(placed[1])
    assert status.state is ContainerState.EXITED
    assert status.finished_at >= status.started_at
    assert status.reason


async def test_stopping_what_has_ended_or_is_gone_is_no_error(subject, placed):
    await subject.runtime.start_container(placed[1])
    for _ in range(2):
        await subject.runtime.stop_container(placed[1], 1)
    await subject.runtime.remove_container(placed[1])
    await subject.runtime.remove_container(placed[1])
    await subject.runtime.stop_container(placed[1], 1)


async def test_container_starts_only_once(subject, placed):
    await subject.runtime.start_container(placed[1])
    with pytest.raises(CriError):
        await subject.runtime.start_container(placed[1])


async def test_removed_container_is_not_found(subject, placed):
    await subject.runtime.remove_container(placed[1])
    with pytest.raises(NotFound):
        await subject.runtime.container_status(placed[1])


async def test_list_finds_by_sandbox_and_label(subject, placed):
    other_config = subject.sandbox_config("other")
    other = await subject.runtime.run_pod_sandbox(other_config)
    await subject.runtime.create_container(other, subject.container_config("helper"), other_config)
    assert [each.id for each in await subject.runtime.list_containers(placed[0])] == [placed[1]]
    found = await subject.runtime.list_containers(labels={"io.kubernetes.container.name": "helper"})
    assert [each.metadata.name for each in found] == ["helper"]


async def test_stopping_the_sandbox_ends_its_containers(subject, placed):
    await subject.runtime.start_container(placed[1])
    await subject.runtime.stop_pod_sandbox(placed[0])
    assert (await subject.runtime.container_status(placed[1])).state is ContainerState.EXITED


async def test_no_container_in_a_stopped_sandbox(subject, placed):
    await subject.runtime.stop_pod_sandbox(placed[0])
    config = subject.sandbox_config()
    with pytest.raises(CriError):
        await subject.runtime.create_container(placed[0], subject.container_config("late"), config)


async def test_events_tell_every_change_in_order(subject):
    seen: list[tuple[str, ContainerEventType]] = []
    following = asyncio.create_task(_collect(subject.runtime, seen))
    await asyncio.sleep(0)
    config = subject.sandbox_config()
    sandbox_id = await subject.runtime.run_pod_sandbox(config)
    container_id = await subject.runtime.create_container(sandbox_id, subject.container_config(), config)
    await subject.runtime.start_container(container_id)
    await subject.runtime.stop_container(container_id, 5)
    await subject.runtime.remove_container(container_id)
    wanted = [
        ContainerEventType.CREATED,
        ContainerEventType.STARTED,
        ContainerEventType.STOPPED,
        ContainerEventType.DELETED,
    ]
    async with asyncio.timeout(5):
        while [kind for owner, kind in seen if owner == container_id] != wanted:
            await asyncio.sleep(0.01)
    following.cancel()


async def _collect(runtime, seen):
    async for event in runtime.container_events():
        assert event.sandbox_metadata.uid == "uid-web"
        seen.append((event.container_id, event.type))


async def test_exec_gives_output_and_exit_code_or_is_refused_by_name(subject, placed):
    await subject.runtime.start_container(placed[1])
    command = ["sh", "-c", "echo out; echo err >&2; exit 3"]
    if subject.has_processes:
        assert await subject.runtime.exec_sync(placed[1], command, 5) == (b"out\n", b"err\n", 3)
    else:
        with pytest.raises(NotSupported, match="cannot exec"):
            await subject.runtime.exec_sync(placed[1], command, 5)


async def test_exec_that_takes_too_long_is_killed_or_was_refused(subject, placed):
    await subject.runtime.start_container(placed[1])
    with pytest.raises(TimeoutError if subject.has_processes else NotSupported):
        await subject.runtime.exec_sync(placed[1], ["sleep", "100"], 0.2)


async def test_image_is_known_after_a_pull(subject):
    image_id = await subject.images.pull_image(subject.image)
    image = await subject.images.image_status(subject.image)
    assert image is not None
    assert image.id == image_id

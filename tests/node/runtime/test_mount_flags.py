"""Mounts travel between node and container as ordered, and read-only means all the way down if asked."""

import asyncio
from pathlib import Path

import pytest

from kubeade.cri.types import Mount, MountPropagation, SecurityContext
from kubeade.runtime.launcher import syscalls


@pytest.fixture
def volume(lab):
    """A directory that is a mount of its own and shares what is mounted below it."""
    path = lab.directory / "shared"
    (path / "sub").mkdir(parents=True)
    syscalls.mount(str(path), str(path), None, syscalls.MS_BIND)
    syscalls.mount(None, str(path), None, syscalls.MS_SHARED)
    yield path
    while str(path) in Path("/proc/self/mountinfo").read_text():
        syscalls.umount(str(path), syscalls.MNT_DETACH)


async def run(lab, container_id, *command):
    return (await lab.runtime.exec_sync(container_id, list(command), 5))[0].decode()


async def test_what_the_node_mounts_later_arrives_if_asked(lab, volume):
    mounts = [
        Mount("/in", str(volume), propagation=MountPropagation.HOST_TO_CONTAINER),
        Mount("/alone", str(volume)),
    ]
    container_id = await lab.start(mounts=mounts)
    syscalls.mount("tmpfs", str(volume / "sub"), "tmpfs", 0)
    (volume / "sub" / "late").write_text("x")
    try:
        assert await run(lab, container_id, "ls", "/in/sub") == "late\n"
        assert await run(lab, container_id, "ls", "/alone/sub") == ""
    finally:
        syscalls.umount(str(volume / "sub"), syscalls.MNT_DETACH)


async def test_what_a_container_mounts_reaches_the_node_only_if_asked(lab, volume):
    privileged = SecurityContext(privileged=True)
    place = f"{volume}/sub"
    for propagation, expected in (
        (MountPropagation.HOST_TO_CONTAINER, False),
        (MountPropagation.BIDIRECTIONAL, True),
    ):
        mounts = [Mount("/v", str(volume), propagation=propagation)]
        container_id = await lab.start(mounts=mounts, security=privileged)
        await run(lab, container_id, "mount", "-t", "tmpfs", "none", "/v/sub")
        seen = f" {place} " in Path("/proc/self/mountinfo").read_text()
        assert seen is expected
        await run(lab, container_id, "umount", "/v/sub")
        await lab.runtime.stop_container(container_id, 0)
    async with asyncio.timeout(5):
        while f" {place} " in Path("/proc/self/mountinfo").read_text():
            await asyncio.sleep(0.01)


async def test_read_only_goes_all_the_way_down_if_asked(lab, volume):
    syscalls.mount("tmpfs", str(volume / "sub"), "tmpfs", 0)
    mounts = [
        Mount("/top", str(volume), readonly=True),
        Mount("/all", str(volume), readonly=True, recursive_read_only=True),
    ]
    script = "for f in /top/x /top/sub/x /all/sub/y; do touch $f 2>/dev/null && echo wrote $f; done; true"
    try:
        assert await lab.output(script, mounts=mounts) == ["wrote /top/sub/x"]
    finally:
        syscalls.umount(str(volume / "sub"), syscalls.MNT_DETACH)

"""`kubeade.local/host` where the data directory's own filesystem is an overlay, as in another container engine."""

import subprocess

import pytest
from runtime_lab import Lab, make_runtime

from kubeade.runtime.mode import Mode


@pytest.fixture
def overlay(tmp_path):
    """A directory on an overlay."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    for name in ("lower", "upper", "work", "merged"):
        (place / name).mkdir()
    options = f"lowerdir={place}/lower,upperdir={place}/upper,workdir={place}/work"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, place / "merged"], check=True)
    yield place / "merged"
    subprocess.run(["umount", "-l", place / "merged"], check=True)
    subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
async def lab(namespaces, overlay):
    made = Lab(overlay, make_runtime(overlay, Mode.NAMESPACES), Mode.NAMESPACES)
    await made.runtime.open()
    made.sandbox_id = await made.runtime.run_pod_sandbox(made.sandbox)
    yield made
    await made.runtime.purge()


async def test_scratch_layer_is_in_memory(lab, overlay):
    container_id = await lab.start(
        "echo written > /etc/probe && grep -q ' / overlay ' /proc/mounts && cat /etc/probe"
    )
    status = await lab.end(container_id)
    assert status.exit_code == 0, (overlay / "logs" / "c.log").read_text()
    assert "written" in (overlay / "logs" / "c.log").read_text()

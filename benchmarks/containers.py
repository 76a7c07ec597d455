"""The life of one container - create, start, end, delete - in the embedded runtime, and in runc where it is given.

    python benchmarks/containers.py [--runc /usr/sbin/runc]        (as root)

Both run `true` from this machine's own root file system, read-only, in namespaces of its own; both are asked one
container at a time and have to see it end before it is deleted.
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from kubeade.cni import Attachment, NetworkRequest
from kubeade.cri.types import (
    ContainerConfig,
    ContainerEventType,
    ContainerMetadata,
    SandboxConfig,
    SandboxMetadata,
)
from kubeade.lib.clock import SystemClock
from kubeade.lib.ids import Ids
from kubeade.runtime.embedded import EmbeddedRuntime
from kubeade.runtime.images.host import HOST_IMAGE
from kubeade.runtime.images.service import Images
from kubeade.runtime.mode import Mode

CONTAINERS = 100


class _NoNetwork:
    async def add(self, request: NetworkRequest) -> Attachment:
        return Attachment(())

    async def remove(self, sandbox_id: str) -> None:
        return None


async def embedded(directory: Path) -> list[float]:
    """Seconds of each life, in one sandbox."""
    images = Images(directory / "images", allow_host_image=True, data_directory=directory)
    runtime = EmbeddedRuntime(
        directory / "runtime", Mode.NAMESPACES, images, _NoNetwork(), clock=SystemClock(), ids=Ids()
    )
    await runtime.open()
    config = SandboxConfig(SandboxMetadata("b", "uid", "default"), log_directory=str(directory / "logs"))
    sandbox = await runtime.run_pod_sandbox(config)
    seconds = []
    ends = Ends()
    following = asyncio.create_task(ends.follow(runtime))
    try:
        for _ in range(CONTAINERS):
            one = ContainerConfig(ContainerMetadata("c"), HOST_IMAGE, command=["/bin/true"], log_path="c.log")
            began = time.perf_counter()
            container = await runtime.create_container(sandbox, one, config)
            await runtime.start_container(container)
            await ends.of(container)
            await runtime.remove_container(container)
            seconds.append(time.perf_counter() - began)
    finally:
        following.cancel()
        await runtime.stop_pod_sandbox(sandbox)
        await runtime.remove_pod_sandbox(sandbox)
        await runtime.purge()
    return seconds


class Ends:
    """Tells when a container has ended, as the kubelet hears of it: from the runtime's events."""

    def __init__(self) -> None:
        self._ended: dict[str, asyncio.Event] = {}

    async def follow(self, runtime: EmbeddedRuntime) -> None:
        async for event in runtime.container_events():
            if event.type is ContainerEventType.STOPPED:
                self._of(event.container_id).set()

    def _of(self, container: str) -> asyncio.Event:
        return self._ended.setdefault(container, asyncio.Event())

    async def of(self, container: str) -> None:
        await self._of(container).wait()


def runc(program: str, directory: Path) -> list[float]:
    """Seconds of each `runc run`, which creates, starts, waits and deletes."""
    bundle, rootfs = directory / "bundle", directory / "bundle" / "rootfs"
    rootfs.mkdir(parents=True)
    subprocess.run([program, "spec"], cwd=bundle, check=True)
    spec = json.loads((bundle / "config.json").read_text())
    spec["process"] |= {"args": ["/bin/true"], "terminal": False}
    spec["root"] = {"path": "rootfs", "readonly": True}
    spec["mounts"] = [mount for mount in spec["mounts"] if mount["type"] != "cgroup"]
    (bundle / "config.json").write_text(json.dumps(spec))
    subprocess.run(["mount", "--bind", "/", str(rootfs)], check=True)
    seconds = []
    try:
        for number in range(CONTAINERS):
            command = [
                program,
                "--root",
                str(directory / "state"),
                "run",
                "--bundle",
                str(bundle),
                f"kb{number}",
            ]
            began = time.perf_counter()
            subprocess.run(command, check=True)
            seconds.append(time.perf_counter() - began)
    finally:
        subprocess.run(["umount", str(rootfs)], check=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runc", default="")
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="kubeade-benchmark-"))
    try:
        own = sorted(asyncio.run(embedded(scratch / "embedded")))
        print(f"kubeade: p50 {own[len(own) // 2] * 1000:.1f} ms, p90 {own[len(own) * 9 // 10] * 1000:.1f} ms")
        if options.runc:
            other = sorted(runc(options.runc, scratch / "runc"))
            p50, p90 = other[len(other) // 2], other[len(other) * 9 // 10]
            print(f"runc:    p50 {p50 * 1000:.1f} ms, p90 {p90 * 1000:.1f} ms")
            print(f"kubeade / runc: {own[len(own) // 2] / p50:.2f}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()

"""Stopping a cluster, and removing it: by whoever asks, also after its process was killed.

Everything is found by the data directory, so nothing has to be remembered: containers and their launcher,
the bridge and its rules, routes, then the files.
"""

import asyncio
import shutil
from collections.abc import Iterator
from time import monotonic

from kubeade.cluster import daemon, settings
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.progress import Step
from kubeade.cluster.shop import NodeNetwork
from kubeade.runtime.purge import purge

STOP_TIMEOUT_SECONDS = 60.0


def take_down(data: DataDirectory, *, delete: bool) -> Iterator[Step]:
    """Stop the cluster's process and pods; with `delete` remove the directory too. Yields what is done."""
    began = monotonic()
    process = daemon.recorded(data.process)
    if process is not None:
        if not daemon.stop(process, STOP_TIMEOUT_SECONDS):
            yield Step("failed", f"process {process.pid} does not stop; its log: {data.log}")
            return
        yield Step("step", "the cluster's process has ended", monotonic() - began)
    asyncio.run(stop_pods(data))
    yield Step("step", "pods, their network and mounts are gone", monotonic() - began)
    if delete:
        shutil.rmtree(data.root)
        yield Step("step", f"{data.root} is removed", monotonic() - began)


async def stop_pods(data: DataDirectory) -> None:
    """End every container and take back what the kernel holds for the cluster."""
    await asyncio.to_thread(purge, data.runtime)
    kept = settings.load(data.settings)
    if kept is not None:
        await NodeNetwork(data, kept).purge()

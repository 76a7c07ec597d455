"""How long a pod takes from its creation to Running, as a watcher sees it: one at a time, and many at once.

python benchmarks/pods.py [--runtime namespaces]
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from pathlib import Path

from servers import start_kubeade

from kubeade.api.resources import PODS
from kubeade.client import kubeconfig
from kubeade.client.client import Client
from kubeade.client.socket import SocketTransport

ONE_AT_A_TIME = 20
AT_ONCE = 50


def pod(name: str) -> dict[str, object]:
    container = {"name": "c", "image": "kubeade.local/host", "command": ["sleep", "1000"]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


class Running:
    """When each pod was first seen Running."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen: dict[str, asyncio.Future[float]] = {}

    async def follow(self) -> None:
        version = (await self._client.list(PODS, "default")).resource_version
        async for event in self._client.watch(PODS, "default", resource_version=version):
            if event.object.get("status", {}).get("phase") == "Running":
                seen = self._of(event.object["metadata"]["name"])
                if not seen.done():
                    seen.set_result(time.perf_counter())

    def _of(self, name: str) -> "asyncio.Future[float]":
        return self._seen.setdefault(name, asyncio.get_running_loop().create_future())

    async def seconds(self, name: str) -> float:
        began = time.perf_counter()
        await self._client.create(PODS, pod(name), "default")
        return await self._of(name) - began


async def measure(directory: Path) -> None:
    async with SocketTransport(kubeconfig.load(directory / "kubeconfig")) as transport:
        running = Running(Client(transport, user_agent="benchmark"))
        watch = asyncio.create_task(running.follow())
        await asyncio.sleep(1)
        single = sorted([await running.seconds(f"one-{n}") for n in range(ONE_AT_A_TIME)])
        together = sorted(await asyncio.gather(*(running.seconds(f"many-{n}") for n in range(AT_ONCE))))
        watch.cancel()
    print(f"pod created to running, one at a time, p50: {single[len(single) // 2] * 1000:.0f} ms")
    print(f"{AT_ONCE} pods at once, p50: {together[len(together) // 2]:.2f} s, last: {together[-1]:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runtime", default="auto")
    scratch = Path(tempfile.mkdtemp(prefix="kubeade-benchmark-"))
    server = start_kubeade(scratch / "c", "--runtime", parser.parse_args().runtime)
    try:
        asyncio.run(measure(scratch / "c"))
        print(f"resident memory with these pods: {server.resident_mib():.0f} MiB")
    finally:
        server.stop()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()

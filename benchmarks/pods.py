"""How long a pod takes from its creation to Running, as a watcher sees it: one at a time, and many at once.

    python benchmarks/pods.py [--runtime namespaces]
    python benchmarks/pods.py --runtime namespaces --etcd /usr/bin/etcd --kubernetes DIRECTORY \\
        --containerd /usr/bin/containerd --cni /usr/lib/cni                                       (as root)

The second one beside a real node: kubelet, containerd and runc with the bridge plugin, under kube-apiserver, etcd,
kube-scheduler and kube-controller-manager, all with default limits of their own. DIRECTORY has the Kubernetes binaries.
Both then run one after the other, in namespaces of their own, with one stand-in image that lies on the node.
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import stand_in_image
from real_node import Binaries, enclose, enclosed, start_real_node
from servers import Server, start_kubeade

from kubeade.api.resources import PODS
from kubeade.client import kubeconfig
from kubeade.client.client import Client
from kubeade.client.socket import SocketTransport

ONE_AT_A_TIME = 20
AT_ONCE = 50
TIMEOUT_SECONDS = 300.0
HOST = ("kubeade.local/host", ["sleep", "100000"])
STAND_IN = (stand_in_image.NAME, stand_in_image.COMMAND)


class Running:
    """When each pod was first seen Running."""

    def __init__(self, client: Client, image: tuple[str, list[str]]) -> None:
        self._client = client
        self._image, self._command = image
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

    def _pod(self, name: str) -> dict[str, object]:
        container = {"name": "c", "image": self._image, "command": self._command}
        spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}

    async def seconds(self, name: str) -> float:
        began = time.perf_counter()
        await self._client.create(PODS, self._pod(name), "default")
        return await self._of(name) - began


async def measure(server: Server, image: tuple[str, list[str]]) -> dict[str, float]:
    """Seconds by row."""
    assert server.kubeconfig is not None
    async with (
        SocketTransport(kubeconfig.load(server.kubeconfig)) as transport,
        asyncio.timeout(TIMEOUT_SECONDS),
    ):
        running = Running(Client(transport, user_agent="benchmark"), image)
        watch = asyncio.create_task(running.follow())
        await asyncio.sleep(1)
        single = sorted([await running.seconds(f"one-{n}") for n in range(ONE_AT_A_TIME)])
        together = sorted(await asyncio.gather(*(running.seconds(f"many-{n}") for n in range(AT_ONCE))))
        watch.cancel()
    return {
        "pod created to running, one at a time, p50, s": single[len(single) // 2],
        f"{AT_ONCE} pods at once, p50, s": together[len(together) // 2],
        f"{AT_ONCE} pods at once, last, s": together[-1],
    }


def kubeade(directory: Path, runtime: str, image: tuple[str, list[str]]) -> Server:
    server = start_kubeade(directory, "--runtime", runtime)
    if image is STAND_IN:
        archive = directory / "image.tar"
        stand_in_image.write(archive)
        command = [sys.executable, "-m", "kubeade.cli.main", "image", "load", str(archive)]
        subprocess.run([*command, "--data-dir", str(directory)], check=True, capture_output=True)
    return server


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--etcd", default="")
    parser.add_argument("--kubernetes", default="", help="the directory of the Kubernetes binaries")
    parser.add_argument("--containerd", default="containerd")
    parser.add_argument("--cni", default="/usr/lib/cni", help="the directory of the CNI plugins")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    beside_real = bool(chosen.etcd and chosen.kubernetes)
    if beside_real and not enclosed():
        return enclose()
    scratch = Path(tempfile.mkdtemp(prefix="kubeade-benchmark-"))
    image = STAND_IN if beside_real else HOST
    starts = {"kubeade": lambda: kubeade(scratch / "kubeade", chosen.runtime, image)}
    if beside_real:
        binaries = Binaries(chosen.etcd, Path(chosen.kubernetes), chosen.containerd, Path(chosen.cni))
        starts["real"] = lambda: start_real_node(scratch / "real", binaries)
    columns: dict[str, dict[str, float]] = {}
    try:
        for name, start in starts.items():
            server = start()
            try:
                columns[name] = asyncio.run(measure(server, image))
                columns[name]["resident memory with these pods, MiB (without shims)"] = server.resident_mib()
            finally:
                server.stop()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    show(columns)
    return 0


def show(columns: dict[str, dict[str, float]]) -> None:
    for row, seconds in columns["kubeade"].items():
        line = f"{row}: " + ", ".join(f"{name} {column[row]:.4g}" for name, column in columns.items())
        ratio = f" (kubeade / real: {seconds / columns['real'][row]:.2f})" if "real" in columns else ""
        print(line + ratio)


if __name__ == "__main__":
    sys.exit(main())

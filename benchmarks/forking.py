"""How soon a fork of a cluster with many pods answers, and the cluster itself after a restart.

    python benchmarks/forking.py [--pods 10000]

The pods wait for a scheduler that is not there, so that what is measured is the API and its state: a cluster
whose simulated pods run starts each of them anew in a fork and after a restart, and is busy with that.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kubeade.api.resources import PODS
from kubeade.client import kubeconfig
from kubeade.client.client import Client, read_body
from kubeade.client.socket import SocketTransport
from kubeade.testing import Cluster

CREATORS = 64
FORKS = 3


async def create_pods(config: Path, count: int) -> None:
    async with SocketTransport(kubeconfig.load(config)) as transport:
        client = Client(transport, user_agent="benchmark")

        async def create(first: int) -> None:
            for number in range(first, count, CREATORS):
                await client.create(PODS, pod(number), "default")

        await asyncio.gather(*(create(first) for first in range(CREATORS)))


def pod(number: int) -> dict[str, object]:
    containers = [{"name": "main", "image": "example.com/app:1", "env": [{"name": "A", "value": "x" * 500}]}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"pod-{number:05}", "namespace": "default", "labels": {"app": "many"}},
        "spec": {"schedulerName": "nobody", "containers": containers},
    }


async def ask(config: Path, path: str) -> bytes:
    """Tried again while the server is too busy to take a connection: that counts."""
    async with SocketTransport(kubeconfig.load(config)) as transport:
        client = Client(transport, user_agent="benchmark")
        while True:
            try:
                return await read_body(await client.raw("GET", path))
            except ConnectionError:
                await asyncio.sleep(0.01)


def timed(title: str, began: float, config: Path, path: str) -> None:
    body = asyncio.run(ask(config, path))
    print(f"  {title}: {(time.perf_counter() - began) * 1e3:,.0f} ms, {len(body) / 1e6:,.1f} MB", flush=True)


def forks(count: int) -> None:
    with Cluster() as cluster:
        asyncio.run(create_pods(cluster.kubeconfig, count))
        for number in range(FORKS):
            began = time.perf_counter()
            with cluster.fork() as fork:
                print(
                    f"fork {number + 1}: its API serves after {(time.perf_counter() - began) * 1e3:,.0f} ms"
                )
                timed("answered a GET", began, fork.kubeconfig, "/api/v1/namespaces/default")
                timed("answered a LIST of all pods", began, fork.kubeconfig, "/api/v1/pods")


def restart(count: int, folder: Path) -> None:
    command = [sys.executable, "-m", "kubeade.cli.main"]
    data = ["--data-dir", str(folder / "data")]
    up = [*command, "up", "--detach", "--runtime", "simulated", *data]
    quiet = subprocess.DEVNULL
    subprocess.run(up, check=True, stdout=quiet, stderr=quiet)
    asyncio.run(create_pods(folder / "data" / "kubeconfig", count))
    subprocess.run([*command, "down", *data], check=True, stdout=quiet, stderr=quiet)
    began = time.perf_counter()
    print("restart:")
    with subprocess.Popen(up, stdout=quiet, stderr=quiet) as starting:
        # Asked from the first moment on: whoever waits for the command waits for the node, too.
        timed("answered a consistent LIST of all pods", began, folder / "data" / "kubeconfig", "/api/v1/pods")
        assert starting.wait() == 0
        print(f"  the command ended, the node Ready: {(time.perf_counter() - began) * 1e3:,.0f} ms")
    subprocess.run([*command, "down", "--delete", *data], check=True, stdout=quiet, stderr=quiet)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pods", type=int, default=10_000)
    options = parser.parse_args()
    forks(options.pods)
    with tempfile.TemporaryDirectory() as name:
        restart(options.pods, Path(name))


if __name__ == "__main__":
    main()

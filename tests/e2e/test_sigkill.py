"""A cluster whose process is killed at any moment: what it acknowledged is there after the next `up`."""

import asyncio
import json
import os
import random
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

CREATES = 1000
WRITERS = 16


class Cluster:
    """A cluster of one test, driven by the command line alone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "kubeade.cli.main", *arguments, "--data-dir", str(self.root)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def up(self) -> None:
        done = self.run("up", "--detach")
        assert done.returncode == 0, done.stderr

    def kill(self) -> None:
        os.kill(json.loads((self.root / "process.json").read_text())["pid"], signal.SIGKILL)

    def session(self) -> aiohttp.ClientSession:
        context = ssl.create_default_context(cafile=str(self.root / "pki/ca.crt"))
        context.load_cert_chain(self.root / "pki/admin.crt", self.root / "pki/admin.key")
        return aiohttp.ClientSession(self._address(), connector=aiohttp.TCPConnector(ssl=context))

    def _address(self) -> str:
        lines = (self.root / "kubeconfig").read_text().replace('"', " ").replace(",", " ").split()
        return next(word for word in lines if word.startswith("https://"))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "cluster")
    yield cluster
    cluster.run("down", "--delete")


@pytest.mark.parametrize("seed", range(3))
async def test_every_acknowledged_object_survives_a_sigkill(cluster: Cluster, seed: int) -> None:
    cluster.up()
    kill_after = random.Random(seed).randrange(50, CREATES - 50)
    acknowledged: set[str] = set()
    names = iter([f"order-{number}" for number in range(CREATES)])
    path = "/api/v1/namespaces/default/configmaps"

    async def write(session: aiohttp.ClientSession) -> None:
        for name in names:
            try:
                async with session.post(path, json={"metadata": {"name": name}}) as answer:
                    assert answer.status == 201
                    acknowledged.add(name)
            except (aiohttp.ClientError, OSError):
                return
            if len(acknowledged) == kill_after:
                cluster.kill()

    async with cluster.session() as session:
        await asyncio.gather(*(write(session) for _ in range(WRITERS)))
    assert kill_after <= len(acknowledged) < CREATES
    await asyncio.to_thread(cluster.up)
    async with cluster.session() as session, session.get(path) as answer:
        found = {item["metadata"]["name"] for item in (await answer.json())["items"]}
    assert acknowledged <= found


def test_a_second_up_says_that_it_runs_already(cluster: Cluster) -> None:
    cluster.up()
    done = cluster.run("up", "--detach")
    assert done.returncode == 1
    assert "runs already" in done.stderr
    assert len(done.stderr.splitlines()) == 1

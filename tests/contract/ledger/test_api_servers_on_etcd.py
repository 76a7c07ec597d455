"""Two API servers on one etcd: what one has acknowledged, the other answers with; on through etcd's death."""

import asyncio
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from etcd_processes import ETCD, MISSING, EtcdCluster

from kubeade.api.errors import ApiError, NotFound
from kubeade.api.resources import CONFIG_MAPS
from kubeade.client import kubeconfig
from kubeade.client.client import Client
from kubeade.client.socket import SocketTransport

pytestmark = pytest.mark.skipif(ETCD is None, reason=MISSING)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def api_server(stack: AsyncExitStack, folder: Path, servers: str) -> Client:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kubeade.cli.main", "apiserver", "--data-dir", str(folder)),
        *("--secure-port", str(free_port()), "--etcd-servers", servers),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    stack.push_async_callback(process.wait)
    stack.callback(process.terminate)
    assert process.stdout is not None
    while not (await process.stdout.readline()).startswith(b"export KUBECONFIG"):
        assert process.returncode is None
    credentials = kubeconfig.load(folder / "kubeconfig")
    return Client(await stack.enter_async_context(SocketTransport(credentials)), user_agent="test")


async def test_two_api_servers_on_one_etcd_are_one_api(tmp_path: Path) -> None:
    etcd = EtcdCluster(tmp_path)
    async with AsyncExitStack() as stack:
        stack.callback(etcd.stop)
        first = await api_server(stack, tmp_path / "first", etcd.servers[0])
        second = await api_server(stack, tmp_path / "second", etcd.servers[0])
        for number in range(20):
            writer, reader = (first, second) if number % 2 else (second, first)
            name = f"menu-{number}"
            made = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": "default"},
                "data": {"tea": "1"},
            }
            await writer.create(CONFIG_MAPS, made, "default")
            found = await reader.get(CONFIG_MAPS, name, namespace="default")
            found["data"]["tea"] = "2"
            await reader.update(CONFIG_MAPS, found)
            assert (await writer.get(CONFIG_MAPS, name, namespace="default"))["data"]["tea"] == "2"
            assert name in {
                item["metadata"]["name"]
                for item in (await writer.list(CONFIG_MAPS, namespace="default")).items
            }
            await writer.delete(CONFIG_MAPS, name, namespace="default")
            with pytest.raises(NotFound):
                await reader.get(CONFIG_MAPS, name, namespace="default")

        etcd.members[0].kill()
        waiting = asyncio.ensure_future(first.list(CONFIG_MAPS, namespace="default"))
        await asyncio.wait([waiting], timeout=0.3)
        assert not waiting.done(), "nobody can know now what is the newest"
        etcd.members[0].start(etcd.members)
        try:
            await waiting
        except ApiError as error:
            raise AssertionError(error.message) from error

"""pytest fixtures. In the top conftest.py: `pytest_plugins = ["kubeade.testing.fixtures"]`.

- `kubeade_cluster`: one cluster for all tests of a worker, with simulated pods, shared by them.
- `kubeade_namespace`: the name of a namespace in it that only this test uses.
- `kubeade_fork`: a cluster for this test alone, from the state that `kubeade_cluster` has now.
- `kubeade_options`: what the cluster is made with; override it to change that.
"""

import asyncio
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from kubeade.testing.cluster import Cluster

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def kubeade_options() -> dict[str, Any]:
    """Keyword arguments of `Cluster`."""
    return {}


@pytest.fixture(scope="session")
def kubeade_cluster(kubeade_options: dict[str, Any]) -> Iterator[Cluster]:
    with Cluster(**kubeade_options) as cluster:
        yield cluster


@pytest.fixture
def kubeade_fork(kubeade_cluster: Cluster) -> Iterator[Cluster]:
    with kubeade_cluster.fork() as fork:
        yield fork


@pytest.fixture
def kubeade_namespace(kubeade_cluster: Cluster) -> Iterator[str]:
    name = f"test-{next(_NUMBERS)}"
    asyncio.run(_change(kubeade_cluster.kubeconfig, "create", name))
    yield name
    asyncio.run(_change(kubeade_cluster.kubeconfig, "delete", name))


async def _change(kubeconfig: Path, verb: str, name: str) -> None:
    from kubeade.api.resources import NAMESPACES
    from kubeade.client import kubeconfig as files
    from kubeade.client.client import Client
    from kubeade.client.socket import SocketTransport

    async with SocketTransport(files.load(kubeconfig)) as transport:
        client = Client(transport, user_agent="kubeade-testing")
        if verb == "create":
            await client.create(
                NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            )
        else:
            await client.delete(NAMESPACES, name)

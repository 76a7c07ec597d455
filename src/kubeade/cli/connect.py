"""How a command reaches the cluster: over the wire, with the administrator's kubeconfig."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kubeade.cli.errors import CommandError
from kubeade.client.client import Client
from kubeade.cluster.layout import DataDirectory


@asynccontextmanager
async def connect(data: DataDirectory) -> AsyncIterator[Client]:
    """A client for as long as the block lasts. Raises CommandError where there is no cluster."""
    from kubeade.client import kubeconfig
    from kubeade.client.socket import SocketTransport

    if not data.kubeconfig.exists():
        raise CommandError(f"no cluster in {data.root}: start one with 'kubeade up'")
    async with SocketTransport(kubeconfig.load(data.kubeconfig)) as transport:
        yield Client(transport, user_agent="kubeade")

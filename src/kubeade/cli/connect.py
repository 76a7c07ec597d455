"""How a command reaches the cluster: over the wire, with the administrator's kubeconfig."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from kubeade.api.errors import ApiError
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
    try:
        credentials = kubeconfig.load(data.kubeconfig)
    except kubeconfig.KubeconfigError as error:
        raise CommandError(str(error)) from error
    async with SocketTransport(credentials) as transport:
        yield Client(transport, user_agent="kubeade")


def run_with_client(data: DataDirectory, work: Callable[[Client], Awaitable[int]]) -> int:
    """Run a command that talks to the API; what the API refuses becomes the command's error."""

    async def connected() -> int:
        async with connect(data) as client:
            return await work(client)

    try:
        return asyncio.run(_alone(connected()))
    except ApiError as error:
        raise CommandError(error.message) from error
    except BrokenPipeError:
        raise  # it is our own output that nobody reads any more
    except (ConnectionError, TimeoutError) as error:
        raise CommandError(f"the API does not answer: {error or 'it took too long'}") from error


async def _alone(work: Awaitable[int]) -> int:
    """What went wrong in one of several tasks went wrong with the command."""
    try:
        return await work
    except ExceptionGroup as group:
        found: Exception = group
        while isinstance(found, ExceptionGroup):
            found = found.exceptions[0]
        raise found from None

"""One component on its own, against any API server: what the commands named after components share."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from kubeade.cli.errors import CommandError
from kubeade.client.client import Client

Start = Callable[[Client], Awaitable[None]]


def add_kubeconfig(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kubeconfig",
        metavar="FILE",
        default="",
        help="the API server to work for (default: this cluster's)",
    )


def kubeconfig_path(options: argparse.Namespace) -> Path:
    return Path(options.kubeconfig) if options.kubeconfig else Path(options.data.kubeconfig)


def run_component(options: argparse.Namespace, name: str, start: Start) -> int:
    """Run `start` with a client of the kubeconfig until SIGTERM or SIGINT. Raises CommandError."""
    from kubeade.client import kubeconfig

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname).1s %(name)s: %(message)s", stream=sys.stderr
    )
    try:
        credentials = kubeconfig.load(kubeconfig_path(options))
    except kubeconfig.KubeconfigError as error:
        raise CommandError(str(error)) from error
    asyncio.run(_until_told(credentials, name, start))
    return 0


async def _until_told(credentials: object, name: str, start: Start) -> None:
    from kubeade.client.kubeconfig import Credentials
    from kubeade.client.socket import SocketTransport
    from kubeade.cluster.supervise import supervise

    assert isinstance(credentials, Credentials)
    async with SocketTransport(credentials) as transport:
        client = Client(transport, user_agent=f"kubeade-{name}")
        task = asyncio.ensure_future(supervise(name, lambda: start(client)))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        print(f"{name} works for {credentials.server}", file=sys.stderr, flush=True)
        with suppress(asyncio.CancelledError):
            await task

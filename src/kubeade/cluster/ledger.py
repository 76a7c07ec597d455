"""The ledger by itself: looking after a stopped cluster's, and serving one without a cluster around it."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from kubeade.cluster.etcd_face import LedgerDoor
from kubeade.cluster.event_loop import runner
from kubeade.cluster.layout import DataDirectory
from kubeade.lib.clock import SystemClock
from kubeade.store.check import check_file
from kubeade.store.ledger import LedgerUnusable
from kubeade.store.sqlite import SqliteLedger


def check(path: Path) -> list[str]:
    """What is wrong with the ledger file; empty when nothing is. Raises OSError, LedgerUnusable."""
    return check_file(path)


def serve(data: DataDirectory, port: int, ready: Callable[[str], None]) -> None:
    """Serve the directory's ledger as etcd would, until SIGTERM or SIGINT. Raises OSError.

    `ready` is called with the URL.
    """
    data.prepare()
    try:
        runner()(_serve(data, port, ready))
    except LedgerUnusable as error:
        raise OSError(str(error)) from error


async def _serve(data: DataDirectory, port: int, ready: Callable[[str], None]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    ledger = await SqliteLedger.open(data.ledger)
    door = LedgerDoor(data, ledger, SystemClock())
    try:
        ready(await door.start(port))
        await stopping.wait()
        await door.stop()
    finally:
        await ledger.close()

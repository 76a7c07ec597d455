"""A node as a process: logging, signals, and failures as steps."""

import asyncio
import logging
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable

from kubeade.api.errors import ApiError
from kubeade.client.kubeconfig import Credentials, KubeconfigError
from kubeade.cluster.certificate_request import CertificateRefused
from kubeade.cluster.event_loop import runner
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.progress import Report, Step
from kubeade.cluster.worker import NodeOrder, NodeRefused, Worker
from kubeade.cni import NetworkError
from kubeade.cri.service import CriError
from kubeade.runtime.mode import ModeRefused

log = logging.getLogger(__name__)

FAILURES = (
    ApiError,
    CertificateRefused,
    CriError,
    KubeconfigError,
    ModeRefused,
    NetworkError,
    NodeRefused,
    OSError,
    TimeoutError,
    ssl.SSLError,
)


def run(
    data: DataDirectory, order: NodeOrder, report: Report, admit: Callable[[], Awaitable[Credentials]]
) -> None:
    """Get in by `admit`, then be a node until told to stop; failures are reported, not raised."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname).1s %(name)s: %(message)s", stream=sys.stderr
    )
    try:
        runner()(_run(data, order, report, admit))
    except FAILURES as error:
        log.debug("the node did not start", exc_info=True)
        report(Step("failed", str(error) or type(error).__name__))
    except BaseExceptionGroup as group:
        failure = _first(group)
        if not isinstance(failure, FAILURES):
            raise
        report(Step("failed", str(failure) or type(failure).__name__))


async def _run(
    data: DataDirectory, order: NodeOrder, report: Report, admit: Callable[[], Awaitable[Credentials]]
) -> None:
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    starting = asyncio.ensure_future(_start(data, order, report, admit, stopping))

    def stop() -> None:
        stopping.set()
        if not data.process.exists():
            starting.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await starting
    except asyncio.CancelledError:
        report(Step("failed", "it was told to stop before it was ready"))


async def _start(
    data: DataDirectory,
    order: NodeOrder,
    report: Report,
    admit: Callable[[], Awaitable[Credentials]],
    stopping: asyncio.Event,
) -> None:
    await Worker(data, order, await admit(), report).run(stopping)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found

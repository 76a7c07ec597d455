"""The API server and its ledger as a process of their own: what is around it runs elsewhere.

It keeps its ledger and, unless others are brought along, its keys in the data directory. SIGTERM and SIGINT
stop it.
"""

import asyncio
import logging
import signal
import ssl
import sys
from dataclasses import dataclass, field
from ipaddress import ip_address

from kubeade.api.errors import ApiError
from kubeade.cluster import daemon
from kubeade.cluster.access import Access
from kubeade.cluster.addresses import node_name
from kubeade.cluster.control_plane import ControlPlane
from kubeade.cluster.event_loop import runner
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.progress import Report, Step
from kubeade.cluster.settings import KUBERNETES_VERSION, EtcdSettings, Settings
from kubeade.cluster.store import Store
from kubeade.cluster.supervise import supervise
from kubeade.cluster.trust import KeyFiles, Trust
from kubeade.lib.clock import SystemClock
from kubeade.lib.ids import Ids
from kubeade.store.ledger import LedgerError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ApiOrder:
    """Where it listens, what others call it, and whose keys it uses."""

    bind_address: str
    advertise_address: str
    secure_port: int
    service_cidr: str
    files: KeyFiles = field(default_factory=KeyFiles)
    etcd: EtcdSettings | None = None
    access: Access = field(default_factory=Access)
    kubernetes_version: str = KUBERNETES_VERSION

    def settings(self) -> Settings:
        """As the rest of the wiring wants them; of pods it knows nothing, but Endpoints on loopback are in
        order where the server itself can be found nowhere else."""
        return Settings(
            network="loopback" if ip_address(self.advertise_address).is_loopback else "bridge",
            api_port=self.secure_port,
            pod_cidr="",
            service_cidr=self.service_cidr,
            node_name=node_name(),
            simulated_nodes=0,
            kubernetes_version=self.kubernetes_version,
        )


def run(data: DataDirectory, order: ApiOrder, report: Report) -> None:
    """Answer until told to stop; failures are reported, not raised."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname).1s %(name)s: %(message)s", stream=sys.stderr
    )
    try:
        runner()(_run(data, order, report))
    except (ApiError, LedgerError, ssl.SSLError, OSError, ValueError) as error:
        log.debug("the API server did not start", exc_info=True)
        report(Step("failed", str(error)))


async def _run(data: DataDirectory, order: ApiOrder, report: Report) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    began, clock = loop.time(), SystemClock()
    trust = Trust.of(data, clock, order.files)
    store = await Store.open(data, order.etcd, clock)
    try:
        daemon.record(data.process, daemon.this_process())
        plane = ControlPlane(data, order.settings(), trust, store.ledger, clock, Ids(), order.access)
        try:
            await plane.start([order.advertise_address], order.bind_address)
            await store.open_door()
            address = f"https://{order.advertise_address}:{order.secure_port}"
            report(Step("ready", f"API server answers on {address}", loop.time() - began))
            keeping = asyncio.create_task(supervise("kept objects", plane.keep))
            await stopping.wait()
            keeping.cancel()
        finally:
            await plane.stop()
    finally:
        await store.close()
        data.process.unlink(missing_ok=True)

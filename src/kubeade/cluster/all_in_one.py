"""The whole cluster in one process: every room built, handed what it needs, and started in order.

Order: keys and ledger, API server, then everything else at once. Ready means: the API answers and the node
is Ready. SIGTERM and SIGINT stop it and its pods; after a SIGKILL the pods run on and the next start finds
them.
"""

import asyncio
import gc
import logging
import signal
import sys
from dataclasses import replace

from kubeade.apiserver.config_file import ConfigError
from kubeade.cluster import addresses, daemon, process_limits, settings, teardown
from kubeade.cluster.components import Components
from kubeade.cluster.control_plane import ControlPlane
from kubeade.cluster.event_loop import runner
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.progress import Report, Step
from kubeade.cluster.settings import Order, Settings
from kubeade.cluster.shop import NETWORK_OF_MODE
from kubeade.cluster.store import Store
from kubeade.cluster.supervise import supervise
from kubeade.cluster.trust import Trust
from kubeade.cni import NetworkError
from kubeade.cri.service import CriError
from kubeade.lib.clock import SystemClock
from kubeade.lib.ids import Ids
from kubeade.runtime.mode import Detected, ModeRefused, detect_mode
from kubeade.store.clone import sync
from kubeade.store.ledger import LedgerError

log = logging.getLogger(__name__)

READY_TIMEOUT_SECONDS = 60.0
OBJECTS_PER_SECOND = 10_000.0
"""About as many are read by all components when they start; in a fork, whoever made it is answered first."""


def run(data: DataDirectory, order: Order, report: Report) -> None:
    """Run a cluster in this process until it is told to stop; failures are reported, not raised."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname).1s %(name)s: %(message)s", stream=sys.stderr
    )
    process_limits.widen()
    process_limits.give_back_memory()
    gc.disable()  # what is loaded and listed at the start stays (`_settle`)
    try:
        runner()(Cluster(data, order, report).run())
    except (
        ModeRefused,
        settings.SettingsError,
        ConfigError,
        LedgerError,
        CriError,
        NetworkError,
        OSError,
    ) as error:
        log.exception("the cluster did not start")
        report(Step("failed", str(error)))


class Cluster:
    """One start of one cluster."""

    def __init__(self, data: DataDirectory, order: Order, report: Report) -> None:
        self._data = data
        self._order = order
        self._report = report
        self._clock = SystemClock()
        self._ids = Ids()
        self._stopping = asyncio.Event()
        self._reserved: addresses.ReservedPort | None = None

    async def run(self) -> None:
        """From an empty or kept data directory to ready, until told to stop. Raises what `run` reports."""
        began = asyncio.get_running_loop().time()
        self._listen_for_signals()
        kept = settings.load(self._data.settings)
        runtime = "simulated" if kept and kept.fork_of else self._order.runtime
        detected = detect_mode(runtime, self._data.runtime)
        chosen = self._settings(kept, detected)
        store = await self._open_store(kept, chosen)
        try:
            # The ledger's lock is ours: from here on this is the cluster's process, ready or not.
            daemon.record(self._data.process, daemon.this_process())
            trust = Trust.of(self._data, self._clock)
            plane = ControlPlane(
                self._data, chosen, trust, store.ledger, self._clock, self._ids, self._order.access
            )
            components = Components(
                self._data, chosen, detected.mode, plane.handle, trust, self._clock, self._ids
            )
            await components.network.open()
            await plane.start(components.api_addresses)
            await store.open_door()
            self._tell(began, f"API server answers on https://127.0.0.1:{chosen.api_port}", kind="serving")
            if chosen.fork_of:
                await asyncio.to_thread(sync, self._data.ledger)
                await asyncio.sleep(plane.objects / OBJECTS_PER_SECOND)
            await self._run_components(
                store, plane, components, f"node {chosen.node_name} is Ready ({detected.reason})", began
            )
        finally:
            await store.close()
            self._data.process.unlink(missing_ok=True)

    async def _run_components(
        self, store: Store, plane: ControlPlane, components: Components, node_ready: str, began: float
    ) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(supervise("kept objects", plane.keep))]
                running.append(tasks.create_task(supervise("ledger check", store.keep_checked)))
                for name, start in await components.all():
                    running.append(tasks.create_task(supervise(name, start), name=name))
                if await self._wait_ready(components):
                    self._tell(began, node_ready)
                    self._tell(began, "ready", kind="ready")
                    self._settle()
                    await self._stopping.wait()
                else:
                    self._tell(began, "it was told to stop before it was ready", kind="failed")
                for task in running:
                    task.cancel()
        finally:
            await plane.stop()
            await components.close()
            if self._stopping.is_set():
                await teardown.stop_pods(self._data)

    async def _wait_ready(self, components: Components) -> bool:
        """False when it was told to stop meanwhile."""
        ready = asyncio.ensure_future(components.wait_node_ready())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait(
                [ready, stopping], timeout=READY_TIMEOUT_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if not ready.done() and not stopping.done():
                raise OSError(
                    f"the node was not Ready after {READY_TIMEOUT_SECONDS:.0f} s; the log says more"
                )
            return ready.done()
        finally:
            ready.cancel()
            stopping.cancel()

    async def _open_store(self, kept: Settings | None, chosen: Settings) -> Store:
        """What was chosen for a new cluster does not stay where it cannot have its ledger there."""
        try:
            return await Store.open(self._data, chosen.etcd, self._clock, self._order.room)
        except (LedgerError, OSError):
            if kept is None:
                self._data.settings.unlink(missing_ok=True)
            raise

    def _settings(self, kept: Settings | None, detected: Detected) -> Settings:
        network = NETWORK_OF_MODE[detected.mode]
        chosen = settings.keep_to(kept, self._order, network) if kept else self._choose(network)
        settings.save(self._data.settings, chosen)
        return chosen

    def _choose(self, network: str) -> Settings:
        pods, services = addresses.choose_ranges(network, self._data.tag, addresses.machine_ranges())
        if not self._order.port:
            self._reserved = addresses.reserve_port()
        return Settings(
            network=network,
            api_port=self._reserved.number if self._reserved else self._order.port,
            pod_cidr=pods,
            service_cidr=services,
            node_name=addresses.node_name(),
            simulated_nodes=self._order.simulated_nodes,
            kubernetes_version=self._order.kubernetes_version,
            etcd=replace(self._order.etcd, owner=self._ids.uid()) if self._order.etcd else None,
            advertise_address=self._order.advertise_address,
        )

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)

    def _tell(self, began: float, text: str, kind: str = "step") -> None:
        seconds = asyncio.get_running_loop().time() - began
        log.info("%s", text)
        self._report(Step(kind, text, seconds))

    @staticmethod
    def _settle() -> None:
        """What is loaded now stays: the garbage collector need never look at it."""
        gc.freeze()
        gc.enable()
        gc.set_threshold(10_000, 20, 50)

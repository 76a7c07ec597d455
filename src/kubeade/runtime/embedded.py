"""The embedded runtime: the CRI's runtime service over the launcher, in modes `namespaces` and `process`.

It survives its own restart: sandboxes and containers live in the launcher and in its records, and are found
there again. What it leaves to others: images (`images`), the pod network (a `PodNetwork`).
"""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from kubeade.cni import NetworkError, NetworkRequest, PodNetwork, PortMapping
from kubeade.cri.service import (
    CriError,
    ExecSession,
    InvalidArgument,
    NotFound,
    NotSupported,
    PodConnection,
)
from kubeade.cri.types import (
    ContainerConfig,
    ContainerEvent,
    ContainerEventType,
    ContainerStats,
    ContainerStatus,
    ContainerSummary,
    LinuxResources,
    NamespaceMode,
    NetworkInterfaceUsage,
    RuntimeCondition,
    RuntimeStatus,
    RuntimeVersion,
    SandboxConfig,
    SandboxStatus,
)
from kubeade.lib.backoff import Backoff
from kubeade.lib.clock import Clock
from kubeade.lib.ids import Ids
from kubeade.runtime import commands, files, spec, stats
from kubeade.runtime.connection import Disconnected, LauncherConnection, Refusal
from kubeade.runtime.group import group_name
from kubeade.runtime.images.service import Images, Unpacked
from kubeade.runtime.inventory import Inventory, Record, matches
from kubeade.runtime.mode import Mode
from kubeade.runtime.signals import signal_number

_log = logging.getLogger(__name__)
_KILL = 9
HANDLERS = ("", "kubeade")
"""What a RuntimeClass may name: this runtime by no name, or by its own."""
_HELLO_ATTEMPTS = 3
_RECONNECT_BACKOFF = Backoff(initial_seconds=0.1, limit_seconds=10.0)


class EmbeddedRuntime:
    """Containers of one data directory. `open` must have returned before anything else is called."""

    def __init__(
        self, directory: Path, mode: Mode, images: Images, network: PodNetwork, *, clock: Clock, ids: Ids
    ) -> None:
        assert mode in (Mode.NAMESPACES, Mode.PROCESS), "the simulated runtime is another class"
        self._directory = directory.resolve()
        self._mode = mode
        self._images = images
        self._network = network
        self._clock = clock
        self._ids = ids
        self._inventory = Inventory()
        self._opening = asyncio.Lock()
        self._connection = LauncherConnection(
            self._directory, mode, group_name(self._directory), self._handle_event
        )
        self._connection.on_lost = self._connection_lost
        self._reconnecting: asyncio.Task[None] | None = None
        self._is_first_look = True
        self._commands = commands.Commands()
        self._meter = stats.Meter()
        self._warned: set[str] = set()

    # Life

    async def open(self) -> None:
        """Connect to the launcher, starting one if need be, and learn what there is. Raises CriError."""
        async with self._opening:
            if self._connection.connected:
                return
            hello = await self._hello()
            if hello["mode"] != self._mode.value:
                raise CriError(f"containers of mode {hello['mode']} are still there: stop them first")
            self._inventory.replace(hello["sandboxes"], hello["containers"])
            if self._is_first_look:
                await asyncio.to_thread(self._remove_unknown, hello)
                self._is_first_look = False
        await self._clear_up()

    def _remove_unknown(self, hello: dict[str, Any]) -> None:
        """Directories that no record names: whoever made or removed them died in the middle of it."""
        for kind in ("sandboxes", "containers"):
            known = {record["id"] for record in hello[kind]}
            for path in (self._directory / kind).glob("*"):
                if path.name not in known:
                    shutil.rmtree(path, ignore_errors=True)

    async def _hello(self) -> dict[str, Any]:
        """What the launcher has. One that ends for want of work just now is asked for once more."""
        for attempt in range(_HELLO_ATTEMPTS):
            try:
                await self._connection.open()
                return await self._connection.ask("hello")
            except (OSError, Disconnected) as error:
                if attempt + 1 == _HELLO_ATTEMPTS:
                    raise CriError(f"the container launcher is not there: {error}") from error
        raise AssertionError("unreachable")

    async def _clear_up(self) -> None:
        """A sandbox whose making was interrupted never existed; one that was lost needs no network."""
        for record in self._inventory.sandboxes():
            if record["state"] == "pending":
                await self.remove_pod_sandbox(record["id"])
            elif record["state"] == "notready":
                await self._network.remove(record["id"])

    async def close(self) -> None:
        """Let go; containers run on."""
        self._connection.on_lost = lambda: None
        if self._reconnecting is not None:
            self._reconnecting.cancel()
        self._connection.close()
        self._inventory.close()

    async def purge(self) -> None:
        """End and remove every container, sandbox, mount, resource group and file, and the launcher. Works
        without `open`, also after everything was killed. Network and images are purged by themselves, after
        this. Raises PurgeFailed."""
        from kubeade.runtime.purge import purge

        await self.close()
        await asyncio.to_thread(purge, self._directory)

    def _connection_lost(self) -> None:
        self._commands.fail_all()
        if self._reconnecting is not None:
            self._reconnecting.cancel()
        self._reconnecting = asyncio.get_running_loop().create_task(self._reconnect())

    async def _reconnect(self) -> None:
        failures = 0
        while True:
            try:
                await self.open()
                return
            except (CriError, NetworkError) as error:
                _log.error("%s", error)
            failures += 1
            await asyncio.sleep(_RECONNECT_BACKOFF.delay_seconds(failures))

    async def _ask(self, op: str, fds: list[int] | None = None, **fields: Any) -> dict[str, Any]:
        answer, _ = await self._ask_for_fds(op, fds, **fields)
        return answer

    async def _ask_for_fds(
        self, op: str, fds: list[int] | None = None, **fields: Any
    ) -> tuple[dict[str, Any], list[int]]:
        if not self._connection.connected:
            await self.open()
        try:
            return await self._connection.ask_for_fds(op, fds, **fields)
        except Refusal as refusal:
            kinds = {"NotFound": NotFound, "Invalid": InvalidArgument}
            raise kinds.get(refusal.kind, CriError)(str(refusal)) from refusal
        except Disconnected as error:
            raise CriError(f"the container launcher went away: {error}") from error

    def _handle_event(self, event: dict[str, Any]) -> None:
        if event["event"] == "container":
            self._inventory.update_container(event["record"])
        else:
            self._commands.ended(event["token"], event["exit_code"])

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1_000_000) * 1000

    def _new_id(self) -> str:
        return (self._ids.uid() + self._ids.uid()).replace("-", "")

    async def version(self) -> RuntimeVersion:
        return RuntimeVersion("kubeade", cri_version())

    async def status(self) -> RuntimeStatus:
        connected = self._connection.connected
        reason, message = ("", "") if connected else ("LauncherLost", "the container launcher is not there")
        limits = "process mode: no isolation, resource limits are not enforced"
        note = limits if self._mode is Mode.PROCESS else ""
        return RuntimeStatus(
            [
                RuntimeCondition("RuntimeReady", connected, reason, message or note),
                RuntimeCondition("NetworkReady", True),
            ],
            list(HANDLERS),
        )

    # Sandboxes

    async def run_pod_sandbox(self, config: SandboxConfig) -> str:
        if config.runtime_handler not in HANDLERS:
            raise NotSupported(f"runtime handler {config.runtime_handler!r} is not configured")
        sandbox_id = self._new_id()
        directory = self._directory / "sandboxes" / sandbox_id
        record = {
            "id": sandbox_id,
            "created_at": self._now(),
            "config": msgspec.to_builtins(config),
            "spec": self._sandbox_spec(config, directory),
        }
        record = await self._ask("run_sandbox", record=record)
        try:
            record["addresses"] = await self._attach_network(record, config)
            files.write_sandbox_files(directory, config, record["addresses"])
            await self._ask("sandbox_ready", target=sandbox_id, addresses=record["addresses"])
        except BaseException as error:
            await asyncio.shield(self._undo_sandbox(sandbox_id))
            if isinstance(error, NetworkError):
                raise CriError(f"failed to set up network for sandbox {sandbox_id}: {error}") from error
            raise
        record["state"] = "ready"
        self._inventory.put_sandbox(record)
        self._inventory.announce(record, ContainerEventType.STARTED, record["created_at"])
        return sandbox_id

    def _sandbox_spec(self, config: SandboxConfig, directory: Path) -> dict[str, Any]:
        if self._mode is Mode.NAMESPACES:
            return spec.sandbox_spec(config, str(directory))
        if not config.namespaces.host_users:
            raise NotSupported("hostUsers: false needs namespaces: this node runs containers in process mode")
        if config.sysctls:
            raise NotSupported("sysctls need namespaces: this node runs containers in process mode")
        return {"namespaces": [], "hostname": "", "sysctls": {}, "shared_pid": False, "shm": ""}

    async def _attach_network(self, record: Record, config: SandboxConfig) -> list[str]:
        if config.namespaces.network is NamespaceMode.NODE:
            return []
        ports = tuple(
            PortMapping(port.protocol, port.container_port, port.host_port, port.host_ip)
            for port in config.port_mappings
            if port.host_port
        )
        request = NetworkRequest(record["id"], record["network_path"], config.labels, ports)
        return list((await self._network.add(request)).addresses)

    async def _undo_sandbox(self, sandbox_id: str) -> None:
        try:
            await self._network.remove(sandbox_id)
            await self._ask("remove_sandbox", target=sandbox_id)
        except (CriError, NetworkError) as error:
            _log.warning("sandbox %s was not undone: %s", sandbox_id, error)

    async def stop_pod_sandbox(self, sandbox_id: str) -> None:
        try:
            record = self._inventory.sandbox(sandbox_id)
        except NotFound:
            return
        running = [
            item["id"] for item in self._inventory.containers_of(sandbox_id) if item["state"] != "exited"
        ]
        await asyncio.gather(*(self.stop_container(identifier, 0) for identifier in running))
        if record["state"] == "notready":
            return
        await self._network.remove(sandbox_id)
        await self._ask("stop_sandbox", target=sandbox_id)
        record["state"] = "notready"
        self._inventory.announce(record, ContainerEventType.STOPPED, self._now())

    async def remove_pod_sandbox(self, sandbox_id: str) -> None:
        try:
            record = self._inventory.sandbox(sandbox_id)
        except NotFound:
            return
        await self.stop_pod_sandbox(sandbox_id)
        await asyncio.gather(
            *(self.remove_container(item["id"]) for item in self._inventory.containers_of(sandbox_id))
        )
        await self._ask("remove_sandbox", target=sandbox_id)
        self._inventory.announce(record, ContainerEventType.DELETED, self._now())
        self._inventory.drop_sandbox(sandbox_id)

    async def pod_sandbox_status(self, sandbox_id: str) -> SandboxStatus:
        return self._inventory.sandbox_status(sandbox_id)

    async def list_pod_sandboxes(self, labels: dict[str, str] | None = None) -> list[SandboxStatus]:
        found = [self._inventory.sandbox_status(record["id"]) for record in self._inventory.sandboxes()]
        return [status for status in found if matches(status.labels, labels)]

    # Containers

    async def create_container(
        self, sandbox_id: str, config: ContainerConfig, sandbox_config: SandboxConfig
    ) -> str:
        sandbox = self._inventory.sandbox(sandbox_id)
        if sandbox["state"] != "ready":
            raise InvalidArgument(f"sandbox {sandbox_id} is not ready")
        image = self._unpacked(config)
        container_id = self._new_id()
        directory = self._directory / "containers" / container_id
        log_path = str(Path(sandbox_config.log_directory) / config.log_path) if config.log_path else ""
        volumes = self._image_volumes(config)
        places = files.container_places(directory, self._directory, sandbox, image, log_path, volumes)
        record = {
            "id": container_id,
            "sandbox_id": sandbox_id,
            "created_at": self._now(),
            "config": msgspec.to_builtins(config),
            "image_ref": image.reference,
            "spec": self._container_spec(config, image, sandbox_config, places, container_id),
        }
        files.make_container(directory, record["spec"], places, isolated=self._mode is Mode.NAMESPACES)
        try:
            record = await self._ask("create", record=record)
        except CriError:
            if not (directory / "record.json").exists():
                shutil.rmtree(directory, ignore_errors=True)
            raise
        self._inventory.update_container(record)
        self._inventory.announce(record, ContainerEventType.CREATED, record["created_at"])
        return container_id

    def _unpacked(self, config: ContainerConfig) -> Unpacked:
        image = self._images.unpacked(config.image)
        if image is None:
            raise NotFound(f"image {config.image!r} is not on this node")
        if self._mode is Mode.PROCESS and not image.is_host:
            raise NotSupported(
                f"image {config.image!r} needs a root filesystem of its own: this node runs containers in "
                "process mode, which has only kubeade.local/host"
            )
        return image

    def _image_volumes(self, config: ContainerConfig) -> dict[str, dict[str, Any]]:
        volumes = {}
        for name in {mount.image for mount in config.mounts if mount.image}:
            image = self._images.unpacked(name)
            if image is None:
                raise NotFound(f"image {name!r} is not on this node")
            if image.is_host:
                raise NotSupported(f"image volume {name!r}: this machine itself cannot be a volume")
            volumes[name] = image.rootfs
        return volumes

    def _container_spec(
        self,
        config: ContainerConfig,
        image: Unpacked,
        sandbox_config: SandboxConfig,
        places: spec.Places,
        container_id: str,
    ) -> dict[str, Any]:
        if self._mode is Mode.NAMESPACES:
            return spec.isolated_spec(config, image.config, sandbox_config, places)
        files.refuse_other_user(config.security)
        if any(files.limits(config.resources)):
            self._warn_once("process mode: resource limits are not enforced")
        return spec.plain_spec(config, image.config, sandbox_config, places, container_id)

    async def start_container(self, container_id: str) -> None:
        self._inventory.container(container_id)
        record = await self._ask("start", target=container_id)
        self._inventory.update_silently(record)
        for missing in record.get("unlimited", ()):
            self._warn_once(f"a resource limit could not be set: {missing}")

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            _log.warning("%s", text)

    async def stop_container(self, container_id: str, timeout_seconds: int) -> None:
        try:
            record = self._inventory.container(container_id)
        except NotFound:
            return
        if record["state"] in ("exited", "created"):
            return
        if timeout_seconds > 0:
            number = signal_number(record["spec"]["stop_signal"])
            await self._ask("signal", target=container_id, signal=number)
            try:
                await asyncio.wait_for(self._inventory.ended(container_id), timeout_seconds)
                return
            except TimeoutError:
                _log.debug("container %s did not stop within %d s", container_id, timeout_seconds)
        await self._ask("signal", target=container_id, signal=_KILL)
        await self._inventory.ended(container_id)

    async def remove_container(self, container_id: str) -> None:
        try:
            self._inventory.container(container_id)
        except NotFound:
            return
        await self.stop_container(container_id, 0)
        await self._ask("remove", target=container_id)
        self._inventory.drop_container(container_id, self._now())

    async def list_containers(
        self, sandbox_id: str = "", labels: dict[str, str] | None = None
    ) -> list[ContainerSummary]:
        records = self._inventory.containers_of(sandbox_id)
        found = [self._inventory.container_summary(record["id"]) for record in records]
        return [summary for summary in found if matches(summary.labels, labels)]

    async def container_status(self, container_id: str) -> ContainerStatus:
        return self._inventory.container_status(container_id)

    async def update_container_resources(self, container_id: str, resources: LinuxResources) -> None:
        self._inventory.container(container_id)
        if self._mode is Mode.PROCESS:
            self._warn_once("process mode: resource limits are not enforced")
            return
        changed = {name: value for name, value in msgspec.to_builtins(resources).items() if value}
        answer = await self._ask("limit", target=container_id, resources=changed)
        if answer["failed"]:
            raise CriError("resource limits could not be set: " + ", ".join(answer["failed"]))

    async def reopen_container_log(self, container_id: str) -> None:
        await self._ask("reopen_log", target=container_id)

    async def container_stats(self, container_id: str) -> ContainerStats:
        record = self._inventory.container(container_id)
        scratch = self._directory / "containers" / container_id / "scratch"
        config = self._inventory.container_config(container_id)
        return await self._meter.measure(record, config, self._now(), scratch)

    async def network_usage(self, sandbox_id: str) -> list[NetworkInterfaceUsage]:
        if self._inventory.sandbox(sandbox_id).get("network_path") is None:
            return []
        running = (each for each in self._inventory.containers_of(sandbox_id) if each["state"] == "running")
        return stats.network_usage(next((each["pid"] for each in running), 0))

    def container_events(self) -> AsyncIterator[ContainerEvent]:
        return self._inventory.events()

    # Streams

    async def exec_sync(
        self, container_id: str, command: list[str], timeout_seconds: float
    ) -> tuple[bytes, bytes, int]:
        session = await self.exec(container_id, command, stdin=False, tty=False)
        return await commands.run_to_end(session, timeout_seconds)

    async def exec(self, container_id: str, command: list[str], *, stdin: bool, tty: bool) -> ExecSession:
        record = self._inventory.container(container_id)
        if record["state"] != "running":
            raise InvalidArgument(f"container {container_id} is not running")
        return await self._commands.start(self._ask_for_fds, container_id, command, stdin=stdin, tty=tty)

    async def attach(self, container_id: str, *, stdin: bool, tty: bool) -> ExecSession:
        record = self._inventory.container(container_id)

        async def ended() -> int:
            return int((await self._inventory.ended(container_id))["exit_code"])

        return await commands.attach(self._ask_for_fds, record, ended, stdin=stdin)

    async def port_forward(self, sandbox_id: str, port: int) -> PodConnection:
        record = self._inventory.sandbox(sandbox_id)
        if record["state"] != "ready":
            raise InvalidArgument(f"sandbox {sandbox_id} is not ready")
        from kubeade.runtime.forward import connect

        return await connect(record.get("network_path"), list(record.get("addresses") or []), port)


def cri_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("kubeade")
    except PackageNotFoundError:
        return "unknown"

"""Keeps this machine's Node and Lease: registers, renews, reports.

Registration happens once, as soon as the runtime answers; the Node is Ready in the same request. A Node of
that name that exists already is taken over: its labels and status are brought up to date, its taints and
`unschedulable` are left to whoever set them.
"""

import asyncio
import logging
import platform
import socket
from pathlib import Path

from kubeade.api.errors import AlreadyExists, ApiError, NotFound
from kubeade.api.resource import Object
from kubeade.api.resources import LEASES, NODES
from kubeade.client.client import Client, PatchType
from kubeade.cri.service import CriError, ImageService, RuntimeService
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.eviction.pressure import Pressure
from kubeade.kubelet.node_status import MachineFacts, NodeObservation, new_node, node_labels, node_status
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import format_micro_time

log = logging.getLogger(__name__)

LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40
RETRY_SECONDS = 0.2
RUNTIME_CHECK_SECONDS = 10.0
HEARTBEAT_KEYS = ("lastHeartbeatTime",)


class NodeAgent:
    def __init__(
        self,
        config: KubeletConfig,
        client: Client,
        runtime: RuntimeService,
        images: ImageService,
        clock: Clock,
        pressure: Pressure,
    ) -> None:
        self._pressure = pressure
        self._config = config
        self._client = client
        self._runtime = runtime
        self._images = images
        self._clock = clock
        self._facts: MachineFacts | None = None
        self._reported: Object = {}
        self._reported_at = 0.0
        self.node: Object = {}

    async def register(self) -> None:
        """Returns when the server has the Node. Keeps trying while it does not answer."""
        while True:
            try:
                await self._register()
                return
            except (ApiError, OSError, TimeoutError, CriError) as error:
                log.info("registering node %s: %s", self._config.node_name, error)
                await asyncio.sleep(RETRY_SECONDS)

    async def run(self) -> None:
        """Renew the lease and report the status until cancelled; `register` has been done."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._renew_lease(), name="node lease")
            tasks.create_task(self._report_status(), name="node status")

    async def _register(self) -> None:
        self._facts = self._facts or await self._machine_facts()
        status = await self._status({})
        try:
            self.node = await self._client.create(NODES, new_node(self._config, status))
            if "conditions" not in (self.node.get("status") or {}):
                self.node = await self._patch_status(status)
        except AlreadyExists:
            existing = await self._client.get(NODES, self._config.node_name)
            await self._take_over(existing)
        self._remember(status)

    async def _take_over(self, existing: Object) -> None:
        labels = existing["metadata"].get("labels") or {}
        wanted = node_labels(self._config)
        if any(labels.get(key) != value for key, value in wanted.items()):
            change = {"metadata": {"labels": wanted}}
            await self._client.patch(NODES, self._config.node_name, change)
        old = {each["type"]: each for each in (existing.get("status") or {}).get("conditions") or []}
        self.node = await self._patch_status(await self._status(old))

    async def _renew_lease(self) -> None:
        while True:
            try:
                await self._touch_lease()
            except (ApiError, OSError, TimeoutError) as error:
                log.warning("renewing the lease of node %s: %s", self._config.node_name, error)
            await asyncio.sleep(self._config.lease_renew_seconds)

    async def _touch_lease(self) -> None:
        name = self._config.node_name
        spec = {
            "holderIdentity": name,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": format_micro_time(self._clock.now()),
        }
        try:
            await self._client.patch(LEASES, name, {"spec": spec}, LEASE_NAMESPACE)
        except NotFound:
            owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": self.node["metadata"]["uid"]}
            metadata = {"name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]}
            lease = {"apiVersion": LEASES.api_version, "kind": "Lease", "metadata": metadata, "spec": spec}
            await self._client.create(LEASES, lease, LEASE_NAMESPACE)

    async def _report_status(self) -> None:
        """On change at once (looked at every ten seconds), else every few minutes."""
        while True:
            await asyncio.sleep(RUNTIME_CHECK_SECONDS)
            try:
                await self._report_if_due()
            except NotFound:
                log.warning("node %s has been deleted: registering it again", self._config.node_name)
                await self.register()
            except (ApiError, OSError, TimeoutError, CriError) as error:
                log.warning("reporting node %s: %s", self._config.node_name, error)

    async def _report_if_due(self) -> None:
        old = {each["type"]: each for each in self._reported.get("conditions") or []}
        status = await self._status(old)
        age_seconds = asyncio.get_running_loop().time() - self._reported_at
        changed = _without_heartbeats(status) != _without_heartbeats(self._reported)
        if changed or age_seconds >= self._config.status_report_seconds:
            self.node = await self._patch_status(status)
            self._remember(status)

    def _remember(self, status: Object) -> None:
        self._reported = status
        self._reported_at = asyncio.get_running_loop().time()

    async def _patch_status(self, status: Object) -> Object:
        name = self._config.node_name
        addresses = [{"$patch": "replace"}, *status["addresses"]]
        change = {"status": {**status, "addresses": addresses}}
        return await self._client.patch(NODES, name, change, type=PatchType.STRATEGIC, subresource="status")

    async def _status(self, old: dict[str, Object]) -> Object:
        assert self._facts is not None
        found = await self._runtime.status()
        images = await self._images.list_images()
        pressures = self._pressure.conditions
        seen = NodeObservation(self._clock.now(), found.conditions, images, pressures, found.handlers)
        return node_status(self._config, self._facts, seen, old)

    async def _machine_facts(self) -> MachineFacts:
        version = await self._runtime.version()
        return MachineFacts(
            runtime_version=f"{version.runtime_name}://{version.runtime_version}",
            hostname=self._config.node_name or socket.gethostname(),
            machine_id=_read("/etc/machine-id"),
            system_uuid=_read("/sys/class/dmi/id/product_uuid") or _read("/etc/machine-id"),
            boot_id=_read("/proc/sys/kernel/random/boot_id"),
            os_image=_os_image(),
            kernel_version=platform.release(),
        )


def _without_heartbeats(status: Object) -> Object:
    conditions = [
        {key: value for key, value in each.items() if key not in HEARTBEAT_KEYS}
        for each in status.get("conditions") or []
    ]
    return {**status, "conditions": conditions}


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _os_image() -> str:
    for line in _read("/etc/os-release").splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip('"')
    return platform.system()

"""What the launcher has told, as the CRI shows it. Lists and states are answered from here."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from kubeade.cri.service import NotFound
from kubeade.cri.types import (
    ContainerConfig,
    ContainerEvent,
    ContainerEventType,
    ContainerState,
    ContainerStatus,
    ContainerSummary,
    Labels,
    LinuxResources,
    SandboxConfig,
    SandboxState,
    SandboxStatus,
)

Record = dict[str, Any]

_STATES = {"created": ContainerState.CREATED, "exited": ContainerState.EXITED}
_EVENT_LIMIT = 10_000
_CLOSED = None


class Inventory:
    """Sandboxes and containers by id, and whoever waits for changes of them."""

    def __init__(self) -> None:
        self._sandboxes: dict[str, Record] = {}
        self._containers: dict[str, Record] = {}
        self._configs: dict[str, SandboxConfig | ContainerConfig] = {}
        self._ends: dict[str, asyncio.Event] = {}
        self._subscribers: list[asyncio.Queue[ContainerEvent | None]] = []

    def replace(self, sandboxes: list[Record], containers: list[Record]) -> None:
        """Everything anew, after a connection: what has changed meanwhile is announced."""
        self._sandboxes = {record["id"]: record for record in sandboxes}
        known, self._containers = self._containers, {}
        for record in containers:
            before = known.get(record["id"])
            self._containers[record["id"]] = record
            if before is not None and before["state"] != record["state"]:
                self.update_container(record)

    def put_sandbox(self, record: Record) -> None:
        self._sandboxes[record["id"]] = record

    def drop_sandbox(self, sandbox_id: str) -> None:
        self._sandboxes.pop(sandbox_id, None)
        self._configs.pop(sandbox_id, None)

    def update_container(self, record: Record) -> None:
        """The launcher tells a new state of a container."""
        identifier = record["id"]
        self._containers[identifier] = record
        if record["state"] == "running":
            self.announce(record, ContainerEventType.STARTED, record["started_at"])
        elif record["state"] == "exited":
            if event := self._ends.pop(identifier, None):
                event.set()
            self.announce(record, ContainerEventType.STOPPED, record["finished_at"])

    def update_silently(self, record: Record) -> None:
        """The answer to a request, whose event has been announced already."""
        if self._containers.get(record["id"], record)["state"] != "exited":
            self._containers[record["id"]] = record

    def drop_container(self, container_id: str, now: int) -> None:
        record = self._containers.pop(container_id, None)
        self._configs.pop(container_id, None)
        if record:
            self.announce(record, ContainerEventType.DELETED, now)

    async def ended(self, container_id: str) -> Record:
        """The record once the container has exited. Raises NotFound."""
        record = self.container(container_id)
        while record["state"] not in ("exited", "created"):
            await self._ends.setdefault(container_id, asyncio.Event()).wait()
            record = self.container(container_id)
        return record

    def sandbox(self, sandbox_id: str) -> Record:
        try:
            return self._sandboxes[sandbox_id]
        except KeyError:
            raise NotFound(f"an error occurred when try to find sandbox: {sandbox_id}: not found") from None

    def container(self, container_id: str) -> Record:
        try:
            return self._containers[container_id]
        except KeyError:
            message = f'an error occurred when try to find container "{container_id}": not found'
            raise NotFound(message) from None

    def sandboxes(self) -> list[Record]:
        return list(self._sandboxes.values())

    def containers_of(self, sandbox_id: str) -> list[Record]:
        """The sandbox's containers; all for ""."""
        return [item for item in self._containers.values() if sandbox_id in ("", item["sandbox_id"])]

    def sandbox_config(self, sandbox_id: str) -> SandboxConfig:
        if sandbox_id not in self._configs:
            self._configs[sandbox_id] = msgspec.convert(self.sandbox(sandbox_id)["config"], SandboxConfig)
        config = self._configs[sandbox_id]
        assert isinstance(config, SandboxConfig)
        return config

    def container_config(self, container_id: str) -> ContainerConfig:
        if container_id not in self._configs:
            record = self.container(container_id)
            self._configs[container_id] = msgspec.convert(record["config"], ContainerConfig)
        config = self._configs[container_id]
        assert isinstance(config, ContainerConfig)
        return config

    def sandbox_status(self, sandbox_id: str) -> SandboxStatus:
        record, config = self.sandbox(sandbox_id), self.sandbox_config(sandbox_id)
        return SandboxStatus(
            id=sandbox_id,
            metadata=config.metadata,
            state=SandboxState.READY if record["state"] == "ready" else SandboxState.NOT_READY,
            created_at=record["created_at"],
            ips=list(record.get("addresses") or []),
            labels=config.labels,
            annotations=config.annotations,
            runtime_handler=config.runtime_handler,
        )

    def container_summary(self, container_id: str) -> ContainerSummary:
        record, config = self.container(container_id), self.container_config(container_id)
        return ContainerSummary(
            id=container_id,
            sandbox_id=record["sandbox_id"],
            metadata=config.metadata,
            image=config.image,
            image_ref=record["image_ref"],
            state=_STATES.get(record["state"], ContainerState.RUNNING),
            created_at=record["created_at"],
            labels=config.labels,
            annotations=config.annotations,
        )

    def container_status(self, container_id: str) -> ContainerStatus:
        record, config = self.container(container_id), self.container_config(container_id)
        user = record.get("user")
        exited = record["state"] == "exited"
        return ContainerStatus(
            id=container_id,
            metadata=config.metadata,
            state=_STATES.get(record["state"], ContainerState.RUNNING),
            created_at=record["created_at"],
            started_at=record.get("started_at", 0),
            finished_at=record["finished_at"] if exited else 0,
            exit_code=record["exit_code"] if exited else 0,
            image=config.image,
            image_ref=record["image_ref"],
            reason=record.get("reason", ""),
            message=record.get("message", ""),
            signal=record.get("signal", 0) if exited else 0,
            labels=config.labels,
            annotations=config.annotations,
            log_path=record["spec"]["log_path"],
            resources=msgspec.convert(record["spec"]["resources"], LinuxResources),
            user=(user[0], user[1], list(user[2])) if user else None,
        )

    def announce(self, record: Record, kind: ContainerEventType, now: int) -> None:
        """Tell every subscriber of a container's (or a sandbox's own) change."""
        sandbox_id = record.get("sandbox_id", record["id"])
        if not self._subscribers or sandbox_id not in self._sandboxes:
            return
        metadata = self.sandbox_config(sandbox_id).metadata
        event = ContainerEvent(record["id"], kind, now, sandbox_id, metadata)
        for queue in list(self._subscribers):
            if queue.qsize() < _EVENT_LIMIT:
                queue.put_nowait(event)
            else:  # too slow: it lists again
                self._subscribers.remove(queue)
                queue.put_nowait(_CLOSED)

    async def events(self) -> AsyncIterator[ContainerEvent]:
        """Every change from now on."""
        queue: asyncio.Queue[ContainerEvent | None] = asyncio.Queue()
        self._subscribers.append(queue)
        try:
            while event := await queue.get():
                yield event
        finally:
            if queue in self._subscribers:
                self._subscribers.remove(queue)

    def close(self) -> None:
        """End every subscription."""
        for queue in self._subscribers:
            queue.put_nowait(_CLOSED)
        self._subscribers.clear()


def matches(labels: Labels, wanted: Labels | None) -> bool:
    return all(labels.get(name) == value for name, value in (wanted or {}).items())

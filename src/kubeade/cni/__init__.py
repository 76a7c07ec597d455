"""The treaty between container runtime and pod network (Container Network Interface).

`PodNetwork` is asked once when a sandbox is made and once when it is removed. Both calls are
idempotent: after a crash they are simply repeated.
"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a sandbox got: addresses without prefix length, the preferred one first."""

    addresses: tuple[str, ...]
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class PortMapping:
    """A port of the host (`host_address` empty: all) that leads to a port of the sandbox."""

    protocol: str
    container_port: int
    host_port: int
    host_address: str = ""


@dataclass(frozen=True, slots=True)
class NetworkRequest:
    """`namespace_path` is the network namespace's file (`/proc/N/ns/net`, or a bind mount), None where
    sandboxes share the host's network namespace."""

    sandbox_id: str
    namespace_path: str | None
    labels: dict[str, str] = field(default_factory=dict)
    port_mappings: tuple[PortMapping, ...] = ()


class NetworkError(Exception):
    """A sandbox could not be attached; the message says why."""


class PodNetwork(Protocol):
    async def add(self, request: NetworkRequest) -> Attachment:
        """Attach the sandbox, or return the attachment it already has. Raises NetworkError."""
        ...

    async def remove(self, sandbox_id: str) -> None:
        """Detach and free its addresses; an unknown sandbox is no error."""
        ...

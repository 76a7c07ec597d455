"""What a cloud must offer to be one: load balancers, and facts about its machines and routes.

A provider says None for what it does not have, and the controllers that need it then have nothing to do
(upstream: cloud-provider, cloud.go). Every call is idempotent and may be repeated after a crash.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kubeade.api.resource import Object


class CloudError(Exception):
    """The cloud refused or failed; the message reaches the Service's or Node's events. It is tried again."""


@dataclass(frozen=True, slots=True)
class Instance:
    """What the cloud knows of one node's machine."""

    provider_id: str
    instance_type: str = ""
    zone: str = ""
    region: str = ""
    addresses: tuple[tuple[str, str], ...] = ()
    additional_labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """The pods of `node_name` are at `destination_cidr`."""

    name: str
    node_name: str
    destination_cidr: str


class LoadBalancers(Protocol):
    async def ensure(self, service: Object, nodes: Sequence[Object]) -> Object:
        """Make the Service's balancer as ordered; the `LoadBalancerStatus`. Raises CloudError."""
        ...

    async def delete(self, service: Object) -> None:
        """Give it back; one that is not there is no error. Raises CloudError."""
        ...


class Instances(Protocol):
    async def describe(self, node: Object) -> Instance | None:
        """The node's machine; None when the cloud has no such machine (any more)."""
        ...

    async def is_shut_down(self, node: Object) -> bool: ...


class Routes(Protocol):
    async def list(self) -> Sequence[Route]: ...

    async def create(self, route: Route) -> None: ...

    async def delete(self, route: Route) -> None: ...


@dataclass(frozen=True, slots=True)
class Provider:
    """One cloud. None: it has no such thing, or leaves it to others."""

    name: str
    load_balancers: LoadBalancers | None = None
    instances: Instances | None = None
    routes: Routes | None = None

"""Gives Services their addresses and ports (upstream: registry/core/service/storage/alloc.go).

`prepare` is called with the new Service before it is validated, and completes its spec in place.
Nothing has to be given back: see `holdings`. A dry run chooses and checks too, and reserves nothing.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from kubeade.api.errors import InternalError, Invalid
from kubeade.api.parts import parts, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import invalid
from kubeade.apiserver.allocation.holdings import Holdings, Owner, held_by
from kubeade.apiserver.allocation.pools import AddressPool, AllocationError, Full, PortPool
from kubeade.apiserver.allocation.service_fields import (
    has_node_ports,
    is_headless,
    needs_address,
    needs_health_check,
    settle,
    settle_families,
    wants_node_ports,
)
from kubeade.apiserver.seams import Reader


@dataclass(slots=True)
class _Work:
    """One Service on its way in: what it holds already, and what it has been given now."""

    name: str
    owner: Owner
    spec: Object
    holdings: Holdings
    own: set[Hashable]
    given: list[Hashable] = field(default_factory=list)

    def give(self, thing: Hashable) -> None:
        self.holdings.reserve(thing, self.owner)
        self.own.add(thing)
        self.given.append(thing)


@dataclass(frozen=True, slots=True)
class _TakenByOthers:
    """What may not be asked for; a port may be used twice within one Service."""

    work: _Work

    def __contains__(self, thing: object) -> bool:
        work = self.work
        return thing not in work.own and work.holdings.taken_by_others(thing, work.owner)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What may not be chosen: also not what the Service itself holds."""

    work: _Work

    def __contains__(self, thing: object) -> bool:
        return thing in self.work.own or self.work.holdings.taken(thing)


class ServiceAllocator:
    """`now` is a clock that only moves forward, in seconds (the event loop's)."""

    def __init__(
        self, reader: Reader, addresses: AddressPool, ports: PortPool, now: Callable[[], float]
    ) -> None:
        self.holdings = Holdings(reader, now)
        self._addresses = addresses
        self._ports = ports

    def prepare(self, new: Object, old: Object | None, *, dry_run: bool) -> bool:
        """Complete `new["spec"]`; whether anything was reserved. Raises Invalid for what cannot be had,
        InternalError for a full range."""
        self.holdings.catch_up()
        spec, old_spec = new["spec"], old["spec"] if old is not None else None
        metadata = new["metadata"]
        name = metadata.get("name") or metadata.get("generateName") or ""
        owner = (metadata.get("namespace", ""), metadata.get("name") or "")
        settle(spec, old_spec)
        settle_families(spec, old_spec, self._addresses.family, name)
        work = _Work(name, owner, spec, self.holdings, held_by(old_spec) if old_spec else set())
        done = False
        try:
            self._give_address(work)
            self._give_ports(work)
            done = True
        finally:
            if dry_run or not done:
                for thing in work.given:
                    self.holdings.release(thing)
        return bool(work.given) and not dry_run

    def _give_address(self, work: _Work) -> None:
        spec = work.spec
        if not needs_address(spec) or is_headless(spec):
            return
        asked = values(spec, "clusterIPs")
        if asked and asked[0] in work.own:
            return
        try:
            if asked:
                address = self._addresses.check(asked[0], _TakenByOthers(work))
            else:
                address = self._addresses.choose(_Taken(work))
        except Full as error:
            why = f'failed to allocate a serviceIP for Service "{work.name}": {error}'
            raise InternalError(f"Internal error occurred: {why}") from error
        except AllocationError as error:
            why = f"failed to allocate IP {asked[0]}: {error}"
            raise Invalid.of("Service", work.name, [invalid("spec.clusterIPs", asked, why)]) from error
        except ValueError:
            return  # not an address: validation says so
        work.give(address)
        spec["clusterIP"], spec["clusterIPs"] = address, [address]

    def _give_ports(self, work: _Work) -> None:
        if has_node_ports(work.spec):
            self._give_node_ports(work)
        if needs_health_check(work.spec):
            self._give_health_check_port(work)

    def _give_node_ports(self, work: _Work) -> None:
        """Ports of one number share a node port: TCP and UDP 53, say."""
        ports = parts(work.spec, "ports")
        by_port = {port.get("port"): port["nodePort"] for port in ports if port.get("nodePort")}
        for index, port in enumerate(ports):
            if not port.get("nodePort"):
                if not wants_node_ports(work.spec):
                    continue
                shared = by_port.get(port.get("port"))
                if shared is not None and _other_protocol(port, shared, ports):
                    port["nodePort"] = shared
                    continue
                port["nodePort"] = by_port[port.get("port")] = self._chosen_port(work)
            elif port["nodePort"] not in work.own:
                self._take_port(work, port["nodePort"], f"spec.ports[{index}].nodePort")

    def _take_port(self, work: _Work, port: int, path: str) -> None:
        try:
            self._ports.check(port, _TakenByOthers(work))
        except AllocationError as error:
            raise Invalid.of("Service", work.name, [invalid(path, port, str(error))]) from error
        work.give(port)

    def _chosen_port(self, work: _Work) -> int:
        try:
            port = self._ports.choose(_Taken(work))
        except Full as error:
            why = f"failed to allocate a nodePort: {error}"
            raise InternalError(f"Internal error occurred: {why}") from error
        work.give(port)
        return port

    def _give_health_check_port(self, work: _Work) -> None:
        asked = work.spec.get("healthCheckNodePort")
        if not asked:
            work.spec["healthCheckNodePort"] = self._chosen_port(work)
            return
        if asked in work.own:
            return
        try:
            self._ports.check(asked, _TakenByOthers(work))
        except AllocationError as error:
            why = f"failed to allocate requested HealthCheck NodePort {asked}: {error}"
            raise InternalError(f"Internal error occurred: {why}") from error
        work.give(asked)


def _other_protocol(port: Object, node_port: int, ports: list[Object]) -> bool:
    """Whether no other port has this node port for the same protocol."""
    protocol = port.get("protocol", "TCP")
    return all(
        found.get("nodePort") != node_port or found.get("protocol", "TCP") != protocol for found in ports
    )

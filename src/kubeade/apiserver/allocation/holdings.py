"""Who holds which address and port: the Services as they are, and what was just promised.

What a Service holds is read off the Service, so nothing can leak: when it is gone, so is its hold.
Between the promise and the Service's appearance in the cache stands a reservation, which ends by itself,
and does not stand in the way of the same Service when it is tried again. Where several API servers share the
cluster, reservations lie in a note that they share (`shared_notes`).
"""

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from kubeade.api.parts import parts, values
from kubeade.api.resource import Object
from kubeade.api.resources import SERVICES
from kubeade.apiserver.allocation.service_fields import HEADLESS
from kubeade.apiserver.derived import Follower
from kubeade.apiserver.seams import Reader

RESERVATION_SECONDS = 15.0
"""Longer than any write takes that will still succeed."""


Owner = tuple[str, str]
"""Namespace and name of a Service."""


@dataclass(frozen=True, slots=True)
class _Reservation:
    owner: Owner
    until: float


def held_by(spec: Object) -> set[Hashable]:
    """The addresses (texts) and ports (numbers) of a Service."""
    held: set[Hashable] = {address for address in values(spec, "clusterIPs") if address not in ("", HEADLESS)}
    held.update(port["nodePort"] for port in parts(spec, "ports") if port.get("nodePort"))
    if spec.get("healthCheckNodePort"):
        held.add(spec["healthCheckNodePort"])
    return held


class Holdings:
    """Kept current by key; `catch_up` before asking."""

    def __init__(self, reader: Reader, now: Callable[[], float]) -> None:
        self._now = now
        self._of_service: dict[tuple[str, str], set[Hashable]] = {}
        self._counts: Counter[Hashable] = Counter()
        self._reserved: dict[Hashable, _Reservation] = {}
        self._follower = Follower(reader, SERVICES, self._service, self._forget)

    def catch_up(self) -> None:
        self._follower.catch_up()
        now = self._now()
        for thing in [thing for thing, found in self._reserved.items() if found.until <= now]:
            del self._reserved[thing]

    def reserve(self, thing: Hashable, owner: Owner) -> None:
        self._reserved[thing] = _Reservation(owner, self._now() + RESERVATION_SECONDS)

    def release(self, thing: Hashable) -> None:
        self._reserved.pop(thing, None)

    def note(self) -> list[Any]:
        """The reservations that are still needed, as others can read them; `now` must mean the same to
        them."""
        return [
            (thing, *found.owner, found.until)
            for thing, found in self._reserved.items()
            if thing not in self._counts
        ]

    def adopt(self, note: list[Any]) -> None:
        """Believe a note instead of what was reserved here."""
        self._reserved = {
            thing: _Reservation((namespace, name), until) for thing, namespace, name, until in note
        }

    def taken(self, thing: object) -> bool:
        """By a Service or a promise."""
        return thing in self._counts or thing in self._reserved

    def taken_by_others(self, thing: object, owner: Owner) -> bool:
        """A promise to a Service without a name yet is never one's own."""
        found = self._reserved.get(thing)
        reserved = found is not None and (found.owner != owner or not owner[1])
        return thing in self._counts or reserved

    def _service(self, namespace: str, name: str, service: Object | None) -> None:
        before = self._of_service.pop((namespace, name), set())
        after = held_by(service["spec"]) if service is not None else set()
        if after:
            self._of_service[namespace, name] = after
        self._counts.subtract(before - after)
        self._counts.update(after - before)
        for thing in before - after:
            if self._counts[thing] <= 0:
                del self._counts[thing]
        for thing in after:
            self._reserved.pop(thing, None)

    def _forget(self) -> None:
        self._of_service.clear()
        self._counts.clear()

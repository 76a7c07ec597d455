"""A priority level: so many seats, and queues for who must wait for one.

A flow's requests wait in the shortest of a few queues that its hash deals it (shuffle sharding), so that a
flow that fills its own leaves others room. Queues take turns by the work that each has been given already.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

from kubeade.api.parts import part, text
from kubeade.api.resource import Object


@dataclass(frozen=True, slots=True)
class Shape:
    """What a PriorityLevelConfiguration says. Without queues what finds no seat is turned away."""

    exempt: bool = False
    shares: int = 0
    lendable_percent: int = 0
    borrowing_percent: int | None = None
    queues: int = 0
    hand_size: int = 0
    queue_length: int = 0

    @classmethod
    def of(cls, spec: Object) -> "Shape":
        if spec.get("type") == "Exempt":
            exempt = part(spec, "exempt")
            return cls(True, _number(exempt, "nominalConcurrencyShares"), _number(exempt, "lendablePercent"))
        limited = part(spec, "limited")
        response = part(limited, "limitResponse")
        queuing = part(response, "queuing")
        queues = text(response, "type") == "Queue"
        return cls(
            False,
            _number(limited, "nominalConcurrencyShares", 30),
            _number(limited, "lendablePercent"),
            limited.get("borrowingLimitPercent"),
            _number(queuing, "queues", 64) if queues else 0,
            _number(queuing, "handSize", 8) if queues else 0,
            _number(queuing, "queueLengthLimit", 50) if queues else 0,
        )


@dataclass(slots=True, eq=False)
class Waiting:
    """One request in a queue."""

    seats: int
    granted: asyncio.Future[None]


@dataclass(slots=True)
class _Queue:
    waiting: deque[Waiting] = field(default_factory=deque)
    served: float = 0.0
    """Seats given to it so far, in turns with the others."""


class Level:
    """`may_borrow(level, seats)` is asked when its own seats are all taken."""

    def __init__(self, name: str, may_borrow: "Callable[[Level, int], bool]") -> None:
        self.name = name
        self.uid = ""
        self.shape = Shape()
        self.nominal_seats = 1
        self.in_use = 0
        self.waiting = 0
        self.rejected = 0
        self._may_borrow = may_borrow
        self._queues: list[_Queue] = []
        self._turn = 0.0

    def reshape(self, uid: str, shape: Shape, nominal_seats: int) -> None:
        """Who waits already goes on waiting, in a queue of the new ones."""
        kept = [waiting for queue in self._queues for waiting in queue.waiting]
        self.uid, self.nominal_seats = uid, nominal_seats
        if shape.queues != self.shape.queues:
            self._queues = [_Queue() for _ in range(max(shape.queues, 1 if kept else 0))]
            for number, waiting in enumerate(kept):
                self._queues[number % len(self._queues)].waiting.append(waiting)
        self.shape = shape

    @property
    def lendable_seats(self) -> int:
        """Seats that others may have as long as they are free here."""
        lent = self.nominal_seats * self.shape.lendable_percent // 100
        return max(min(lent, self.nominal_seats - self.in_use), 0)

    @property
    def borrowed_seats(self) -> int:
        return 0 if self.shape.exempt else max(self.in_use - self.nominal_seats, 0)

    @property
    def widest(self) -> int:
        """The most seats that one request counts for."""
        return max(min(10, -(-self.nominal_seats * 15 // 100)), 1)

    def take(self, seats: int) -> bool:
        """Seats at once, unless others wait for them."""
        if self.waiting or not self._fits(seats):
            return False
        self.in_use += seats
        return True

    def leave(self, seats: int) -> None:
        self.in_use -= seats

    def queue_up(self, flow: str, seats: int) -> Waiting | None:
        """A place in the shortest queue of the flow's hand; None where there is none left."""
        if not self.shape.queues:
            return None
        hand = dealt(flow, self.shape.queues, self.shape.hand_size)
        queue = min((self._queues[number] for number in hand), key=lambda each: len(each.waiting))
        if len(queue.waiting) >= self.shape.queue_length:
            return None
        if not queue.waiting:  # it has missed its turns: it does not get them all at once
            queue.served = max(queue.served, self._turn)
        waiting = Waiting(seats, asyncio.get_running_loop().create_future())
        queue.waiting.append(waiting)
        self.waiting += 1
        return waiting

    def forget(self, waiting: Waiting) -> None:
        """It does not wait any longer."""
        for queue in self._queues:
            if waiting in queue.waiting:
                queue.waiting.remove(waiting)
                self.waiting -= 1

    def dispatch(self) -> None:
        """Give free seats to who waits, in turn."""
        while self.waiting:
            queue = min((each for each in self._queues if each.waiting), key=lambda each: each.served)
            first = queue.waiting[0]
            if not self._fits(first.seats):
                return
            queue.waiting.popleft()
            self.waiting -= 1
            self._turn = queue.served
            queue.served += first.seats
            if not first.granted.done():
                self.in_use += first.seats
                first.granted.set_result(None)

    def _fits(self, seats: int) -> bool:
        """What is wider than all seats together gets in when it is alone."""
        if self.in_use + seats <= self.nominal_seats or not self.in_use:
            return True
        return self._may_borrow(self, seats)


def dealt(flow: str, queues: int, hand_size: int) -> list[int]:
    """So many different queues, always the same ones for a flow."""
    value = int.from_bytes(blake2b(flow.encode(errors="replace"), digest_size=16).digest(), "big")
    deck, hand = list(range(queues)), []
    for _ in range(min(hand_size, queues)):
        value, card = divmod(value, len(deck))
        hand.append(deck.pop(card))
    return hand


def _number(found: Object, field_name: str, default: int = 0) -> int:
    value = found.get(field_name)
    return default if value is None else int(value)

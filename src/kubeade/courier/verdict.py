"""What the courier says of an order: delivered, on its way, or blocked - by what, on what evidence, and
what to do."""

from dataclasses import dataclass, field
from enum import Enum


class State(Enum):
    """`BLOCKED` orders do not arrive without somebody acting (or without luck); `UNDER_WAY` ones just take
    time."""

    DELIVERED = "delivered"
    UNDER_WAY = "under way"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing in the way. `at` is the object (and container) it was found at."""

    state: State
    at: str
    reason: str
    evidence: tuple[str, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The finding, and the path from the order down to it."""

    state: State
    path: tuple[str, ...]
    finding: Finding | None = field(default=None)

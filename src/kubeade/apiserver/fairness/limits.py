"""How much is worked on at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """With `fair` the sum is shared out among priority levels; else 0 is no limit."""

    max_reads: int = 400
    max_writes: int = 200
    fair: bool = True

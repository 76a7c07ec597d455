"""How audit events go out: together or one by one, how large, how often."""

from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["batch", "blocking", "blocking-strict"]


@dataclass(frozen=True, slots=True)
class Truncation:
    """A larger event loses what was sent and answered; one that is still larger is left out. A batch of
    events that is larger is sent as several."""

    event_bytes: int = 100 * 1024
    batch_bytes: int = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Batching:
    """When events are sent together. Without a rate there is no throttle; `burst` batches may be ahead of
    it."""

    buffered_events: int = 10_000
    most_events: int = 400
    longest_wait_seconds: float = 30.0
    batches_per_second: float | None = 10.0
    burst: int = 15


@dataclass(frozen=True, slots=True)
class Delivery:
    mode: Mode = "batch"
    batching: Batching = field(default_factory=Batching)
    initial_backoff_seconds: float = 10.0

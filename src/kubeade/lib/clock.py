"""The one place where wall-clock time enters.

Timers are the event loop's (`asyncio.sleep`, `loop.call_later`), so that a virtual event loop
moves them; dates come from a `Clock`, so that a virtual clock moves those with it.
"""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the date. Injected wherever a date is written down or compared."""

    def now(self) -> datetime:
        """The current time, timezone-aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one caller

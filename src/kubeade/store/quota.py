"""How large the ledger's file may become. Deleting is what makes room: a reserve is kept for it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from kubeade.store.schema import PAGE_BYTES

RESERVE_BYTES = 1024 * 1024


class Quota:
    """SQLite's own limit on pages, lifted a little while something is deleted."""

    def __init__(self, connection: sqlite3.Connection, max_bytes: int | None) -> None:
        self._connection = connection
        self._max_bytes = max_bytes
        self._limit(max_bytes)

    @contextmanager
    def reserve(self) -> Iterator[None]:
        """Allow the reserve to be used. Not inside a transaction."""
        if self._max_bytes is None:
            yield
            return
        self._limit(self._max_bytes + RESERVE_BYTES)
        try:
            yield
        finally:
            self._limit(self._max_bytes)

    def _limit(self, max_bytes: int | None) -> None:
        if max_bytes is not None:
            self._connection.execute(f"PRAGMA max_page_count = {max(1, max_bytes // PAGE_BYTES)}")

"""The audit log's file: one event a line, written by a thread, so that no disk holds up a request.

What waits to be written is bounded. When a disk is so slow that `QUEUED_EVENTS` wait, further events are
dropped, counted (apiserver_audit_error_total) and told of once in the server's own log: requests go on. A
clean end writes what waits; a SIGKILL loses it.
"""

import asyncio
import logging
import queue
import sys
import threading
from typing import BinaryIO

from kubeade.apiserver.audit.lines import Lines
from kubeade.apiserver.audit.rotation import RotatedFile
from kubeade.apiserver.audit.trail import AuditEvent

_log = logging.getLogger(__name__)

QUEUED_EVENTS = 10_000
_EVENTS_AT_ONCE = 256


class AuditLog:
    """A `Sink`. The thread is there from the first event on."""

    name = "log"
    strict = False

    def __init__(self, file: "RotatedFile | StandardOutput", lines: Lines) -> None:
        self._file = file
        self._lines = lines
        self._queue: queue.Queue[AuditEvent | None] = queue.Queue(QUEUED_EVENTS)
        self._thread: threading.Thread | None = None
        self.events = 0
        self.dropped = 0

    def put(self, event: AuditEvent) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="audit-log", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(event)
            self.events += 1
        except queue.Full:
            self._drop(1, "the disk is too slow for it")

    async def close(self) -> None:
        """Write what waits."""
        await asyncio.to_thread(self.end)

    def end(self) -> None:
        """`close`, for whoever may wait for a thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        self._file.close()

    def _run(self) -> None:
        while True:
            batch: list[AuditEvent | None] = [self._queue.get()]
            while len(batch) < _EVENTS_AT_ONCE and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            events = [event for event in batch if event is not None]
            try:
                lines = self._lines.encode(events)
                self._file.write([line + b"\n" for line in lines])
                if len(lines) < len(events):
                    self._drop(len(events) - len(lines), "they are too large")
            except (OSError, ValueError, TypeError) as error:
                self._drop(len(events), str(error))
            if None in batch:
                return

    def _drop(self, count: int, why: str) -> None:
        if not self.dropped:
            _log.error("events are missing from the audit log: %s", why)
        self.dropped += count


class StandardOutput:
    """`--audit-log-path -`."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stdout.buffer

    def write(self, lines: list[bytes]) -> None:
        self._stream.write(b"".join(lines))
        self._stream.flush()

    def close(self) -> None:
        """It is not ours."""

"""The launcher's event loop: descriptors, child processes, and one timer."""

from __future__ import annotations

import os
import selectors
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Callback = Callable[[], None]

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE


class Loop:
    """Runs callbacks one after the other until stopped; `on_child` after any child has changed state."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._running = True
        self._timers: list[tuple[float, Callback]] = []
        self._on_child: Callback = lambda: None

    def watch(self, fd: int, callback: Callback, events: int = READ) -> None:
        """Call back whenever `fd` is ready; watching it again replaces callback and events."""
        if fd in self._selector.get_map():
            self._selector.modify(fd, events, callback)
        else:
            self._selector.register(fd, events, callback)

    def forget(self, fd: int) -> None:
        if fd in self._selector.get_map():
            self._selector.unregister(fd)

    def after(self, seconds: float, callback: Callback) -> None:
        self._timers.append((time.monotonic() + seconds, callback))

    def on_child(self, callback: Callback) -> None:
        """Call back when a child may have exited."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        self._on_child = callback
        self.watch(reader, lambda: self._woken(reader))

    def _woken(self, reader: int) -> None:
        os.read(reader, 4096)
        self._on_child()

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        while self._running:
            for key, _ in self._selector.select(self._timeout()):
                if key.fd in self._selector.get_map():  # an earlier callback may have closed it
                    key.data()
            self._run_timers()

    def _timeout(self) -> float | None:
        if not self._timers:
            return None
        return max(0.0, min(due for due, _ in self._timers) - time.monotonic())

    def _run_timers(self) -> None:
        now = time.monotonic()
        due = [callback for when, callback in self._timers if when <= now]
        self._timers = [timer for timer in self._timers if timer[0] > now]
        for callback in due:
            callback()

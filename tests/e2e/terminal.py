"""kubectl on a terminal of its own, and the hand at its keyboard."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
from select import select
from types import TracebackType
from typing import Self

from conftest import Kubectl

WAIT_SECONDS = 40.0


class Terminal:
    """`with` it: kubectl runs with these arguments, and is gone afterwards."""

    def __init__(self, kubectl: Kubectl, *arguments: str, rows: int = 24, columns: int = 80) -> None:
        self._ours, theirs = pty.openpty()
        self._set_size(rows, columns)
        command = [str(kubectl.program), "--kubeconfig", str(kubectl.kubeconfig), "-n", kubectl.namespace]
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "HOME": str(kubectl.kubeconfig.parent)},
        )
        os.close(theirs)
        self.seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        self._set_size(rows, columns)
        self.process.send_signal(signal.SIGWINCH)

    def expect(self, pattern: str) -> "re.Match[bytes]":
        """Read until `pattern` is on the terminal."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (found := re.search(pattern.encode(), self.seen)):
            ready, _, _ = select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{pattern!r} did not appear: {self.seen!r}"
            try:
                self.seen += os.read(self._ours, 4096)
            except OSError:  # kubectl is gone, and with it the other side of the terminal
                assert re.search(pattern.encode(), self.seen), f"{pattern!r} is not in {self.seen!r}"
        return found

    def wait(self) -> int:
        """The exit code."""
        return self.process.wait(timeout=WAIT_SECONDS)

    def _set_size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

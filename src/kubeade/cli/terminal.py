"""Progress for people: a live line on a terminal, plain lines elsewhere. Always on stderr."""

import sys
from collections.abc import Iterable
from typing import Any

from kubeade.cluster.progress import Step


class Progress:
    """Shows steps as they come. On a terminal the running step has a spinner (rich, imported only there)."""

    def __init__(self, waiting_for: str) -> None:
        self._status: Any = None
        if sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status(waiting_for)
            self._status.start()

    def show(self, step: Step) -> None:
        if step.kind == "note":
            line = f"  note: {step.text}"
        else:
            line = f"  {step.seconds:5.2f}s  {step.text}"
        if self._status is None:
            print(line, file=sys.stderr, flush=True)
        else:
            self._status.console.print(line, highlight=False, markup=False)

    def close(self) -> None:
        if self._status is not None:
            self._status.stop()


def follow(waiting_for: str, steps: Iterable[Step]) -> Step | None:
    """Show all steps but a failure, which is the command's to tell; the last one."""
    progress = Progress(waiting_for)
    last = None
    try:
        for last in steps:
            if last.kind != "failed":
                progress.show(last)
    finally:
        progress.close()
    return last

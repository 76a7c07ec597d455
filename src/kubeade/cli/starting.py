"""Starting a long-running process in front of the user or behind him, with its steps shown."""

import argparse
from collections.abc import Callable

from kubeade.cli.errors import CommandError
from kubeade.cli.terminal import Progress, follow
from kubeade.cluster.progress import Report, Step

Work = Callable[[Report], None]


def start(options: argparse.Namespace, what: str, work: Work, *, ready: str = "") -> int:
    """Run `work` until it ends, or with `options.detach` until it is ready; `ready` is printed then.
    Raises CommandError."""
    from kubeade.cluster import daemon

    running = daemon.recorded(options.data.process)
    if running is not None:
        raise CommandError(f"in {options.data.root} {what} runs already (process {running.pid})")
    options.data.prepare()
    if getattr(options, "detach", False):
        last = follow(f"starting {what}", daemon.detach(options.data.log, work))
        if last is None or last.kind == "failed":
            raise CommandError(f"{what} did not start: " + (last.text if last else "no word from it"))
        _say(ready)
        return 0
    return _in_front(what, work, ready)


def _in_front(what: str, work: Work, ready: str) -> int:
    progress = Progress(f"starting {what}")
    failed: list[Step] = []

    def report(step: Step) -> None:
        if step.kind == "failed":
            failed.append(step)
            return
        progress.show(step)
        if step.kind == "ready":
            progress.close()
            _say(ready)

    try:
        work(report)
    finally:
        progress.close()
    if failed:
        raise CommandError(failed[0].text)
    return 0


def _say(ready: str) -> None:
    if ready:
        print(ready, flush=True)

"""A process that waits with everything loaded and starts clusters for a test process: the far end of
`kubeade.testing.Cluster`.

Loading kubeade takes longer than starting a cluster does. This process has loaded it once, runs no thread
and no event loop, and each cluster is a child forked from it: a fork's API answers in a tenth of a second.

One order a line comes in on stdin, one answer a line goes out on stdout. When stdin ends, however the
test process ended, every cluster is taken down and its directory removed.
"""

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from kubeade.cluster import all_in_one, daemon, forking, process_limits, teardown
from kubeade.cluster.event_loop import runner
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.settings import Order


class Wanted(msgspec.Struct):
    """`do`: start (a cluster in `root`), fork (that one, as `name`) or remove (what is there)."""

    do: str
    root: str
    name: str = ""
    port: int = 0
    runtime: str = "simulated"
    simulated_nodes: int = 0


class Answer(msgspec.Struct):
    """`root` is where the cluster lives; `error` says why it does not."""

    root: str
    error: str = ""


class Nursery:
    """Knows the clusters that it has started and nobody has removed."""

    def __init__(self) -> None:
        self._roots: list[str] = []

    def serve(self) -> None:
        """Until stdin ends."""
        decode = msgspec.json.Decoder(Wanted).decode
        for line in sys.stdin.buffer:
            answer = self._answer(decode(line))
            sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
            sys.stdout.buffer.flush()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
        for root in list(self._roots):
            self._remove(Wanted("remove", root))

    def _answer(self, wanted: Wanted) -> Answer:
        verbs: dict[str, Callable[[Wanted], Answer]] = {
            "start": self._start,
            "fork": self._fork,
            "remove": self._remove,
        }
        try:
            return verbs[wanted.do](wanted)
        except (forking.ForkRefused, OSError) as error:
            return Answer(wanted.root, str(error))

    def _start(self, wanted: Wanted) -> Answer:
        data = DataDirectory(Path(wanted.root))
        data.prepare()
        self._roots.append(wanted.root)
        order = Order(runtime=wanted.runtime, port=wanted.port, simulated_nodes=wanted.simulated_nodes)
        return self._run(data, order, "ready")

    def _fork(self, wanted: Wanted) -> Answer:
        data = forking.make(DataDirectory(Path(wanted.root)), wanted.name, wanted.port)
        return self._run(data, Order(), "serving")

    def _remove(self, wanted: Wanted) -> Answer:
        *_, last = teardown.take_down(DataDirectory(Path(wanted.root)), delete=True)
        if last.kind == "failed":
            return Answer(wanted.root, last.text)
        if wanted.root in self._roots:
            self._roots.remove(wanted.root)
        return Answer(wanted.root)

    def _run(self, data: DataDirectory, order: Order, until: str) -> Answer:
        for step in daemon.detach(data.log, partial(all_in_one.run, data, order)):
            if step.kind == "failed":
                return Answer(str(data.root), step.text)
            if step.kind == until:
                break
        return Answer(str(data.root))


def main() -> None:
    runner()  # loads the event loop's library
    process_limits.widen()
    gc.collect()
    gc.freeze()  # what all clusters share stays shared
    Nursery().serve()


if __name__ == "__main__":
    main()

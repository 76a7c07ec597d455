"""Clusters for tests: started, forked and removed from Python.

    with kubeade.testing.Cluster() as cluster:
        run_my_operator(cluster.kubeconfig)
        with cluster.fork() as copy:
            ...  # what happens here, the first one does not notice

Works from any thread and under any test runner; nothing is imported into the test process but this. All
clusters of one `Cluster` and its forks are children of one process of their own (`testing.nursery`), which
removes them when the test process ends, however it does.
"""

import json
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self


class ClusterFailed(Exception):
    """It did not start, fork or end; the message says why."""


class Cluster:
    """A cluster in a directory of its own, on a free port, from `__enter__` to `__exit__`.

    `runtime` is simulated (pods run at once, without processes), process or namespaces; `nodes` is the
    number of simulated nodes beside the first. Without `with`: `start()` and `stop()`.
    """

    def __init__(self, *, runtime: str = "simulated", nodes: int = 0) -> None:
        self._order = {"runtime": runtime, "simulated_nodes": nodes}
        self._nursery: _Nursery | None = None
        self._owns_nursery = True
        self._root: Path | None = None
        self._forks = count(1)

    @property
    def data_directory(self) -> Path:
        """For `kubeade --data-dir`."""
        if self._root is None:
            raise ClusterFailed("the cluster is not started")
        return self._root

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.data_directory / "kubeconfig"

    @property
    def log(self) -> Path:
        return self.data_directory / "kubeade.log"

    def start(self) -> Self:
        """Return when the cluster and its nodes are ready. Raises ClusterFailed."""
        self._nursery = _Nursery()
        home = Path(tempfile.mkdtemp(prefix="kubeade-"))
        try:
            answer = self._nursery.ask(do="start", root=str(home / "cluster"), **self._order)
        except BaseException:
            self._nursery.close()
            raise
        self._root = Path(answer)
        return self

    def fork(self, name: str = "") -> "Cluster":
        """A second cluster with the state of this one, whose API answers already.

        Its pods are simulated, whatever this one's are. Raises ClusterFailed.
        """
        if self._nursery is None:
            raise ClusterFailed("the cluster is not started")
        name = name or f"fork-{next(self._forks)}"
        made = Cluster()
        made._nursery = self._nursery
        made._owns_nursery = False
        made._root = Path(self._nursery.ask(do="fork", root=str(self.data_directory), name=name))
        return made

    def stop(self) -> None:
        """Stop it and its forks, and remove what they kept. Raises ClusterFailed."""
        nursery, root, self._nursery, self._root = self._nursery, self._root, None, None
        if nursery is None or root is None:
            return
        try:
            nursery.ask(do="remove", root=str(root))
        finally:
            if self._owns_nursery:
                nursery.close()
                root.parent.rmdir()

    def __enter__(self) -> Self:
        return self if self._root else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class _Nursery:
    """This process's end of `testing.nursery`."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "kubeade.testing.nursery"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._turn = Lock()

    def ask(self, **wanted: Any) -> str:
        """Where the cluster is. Raises ClusterFailed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            try:
                self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
                self._process.stdin.flush()
            except OSError as error:
                raise ClusterFailed(f"the process that holds the clusters has ended: {error}") from error
            line = self._process.stdout.readline()
        if not line:
            raise ClusterFailed("the process that holds the clusters has ended")
        answer = json.loads(line)
        if answer["error"]:
            raise ClusterFailed(answer["error"])
        return str(answer["root"])

    def close(self) -> None:
        """Its clusters are removed before it ends."""
        self._process.communicate()

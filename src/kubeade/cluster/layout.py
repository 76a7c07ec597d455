"""The data directory of one cluster: every path that kubeade writes to, named once.

Several clusters live side by side, each in its own directory; nothing is kept elsewhere but what the runtime
must put into the kernel (namespaces, interfaces, cgroups), and that carries the directory's own tag.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path


def default_data_directory(environment: dict[str, str]) -> Path:
    """`$XDG_DATA_HOME/kubeade`, else `~/.local/share/kubeade`."""
    base = environment.get("XDG_DATA_HOME") or os.path.join(environment.get("HOME", "/"), ".local/share")
    return Path(base) / "kubeade"


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Names only; `prepare` creates it, readable by its owner alone."""

    root: Path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.root / "kubeconfig"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.db"

    @property
    def kubelet(self) -> Path:
        return self.root / "kubelet"

    @property
    def runtime(self) -> Path:
        return self.root / "runtime"

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def network(self) -> Path:
        return self.root / "network"

    @property
    def log(self) -> Path:
        return self.root / "kubeade.log"

    @property
    def settings(self) -> Path:
        """What the cluster was created with; a later `up` keeps to it."""
        return self.root / "settings.json"

    @property
    def process(self) -> Path:
        """Who runs the cluster now: process id and start time, written when ready."""
        return self.root / "process.json"

    @property
    def tag(self) -> str:
        """Eight hex digits that mark this directory's interfaces, cgroups and sockets in the kernel."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:8]

    def prepare(self) -> None:
        """Create the directory and its parents. Raises OSError."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.pki, self.kubelet, self.runtime, self.network):
            folder.mkdir(exist_ok=True, mode=0o700)

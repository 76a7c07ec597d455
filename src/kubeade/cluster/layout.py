"""The data directory of one cluster: every path that kubeade writes to, named once.

Several clusters live side by side, each in its own directory; nothing is kept elsewhere but what the runtime
must put into the kernel (namespaces, interfaces, cgroups), and that carries the directory's own tag.
"""

import hashlib
import os
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

MARK = ".kubeade"
OWN_NAMES = (
    "kubeconfig",
    "pki",
    "ledger.db*",
    "kubelet",
    "runtime",
    "images",
    "network",
    "kubeade.log*",
    "settings.json",
    "process.json",
    "forks",
    ".*.new",
    ".restoring",
    MARK,
)
"""Whatever else lies in a data directory is the user's, and stays when the cluster is deleted."""

_MARK_TEXT = "A kubeade cluster. 'kubeade down --delete' removes it.\n"


def default_data_directory(environment: dict[str, str]) -> Path:
    """`$XDG_DATA_HOME/kubeade`, else `~/.local/share/kubeade`, where ~ may come from the user database."""
    home = environment.get("HOME") or _home_of_user()
    base = environment.get("XDG_DATA_HOME") or os.path.join(home, ".local/share")
    return Path(base) / "kubeade"


def _home_of_user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"


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
    def manifests(self) -> Path:
        """Static pods: the user's files, made and removed by nobody else."""
        return self.root / "manifests"

    @property
    def network(self) -> Path:
        return self.root / "network"

    @property
    def forks(self) -> Path:
        """Clusters that began as copies of this one, each in a data directory of its own."""
        return self.root / "forks"

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

    @property
    def is_cluster(self) -> bool:
        """Whether `prepare` made, or took, this directory for a cluster."""
        return (self.root / MARK).is_file() or self.settings.is_file()

    def own_entries(self) -> list[Path]:
        """What lies here and is the cluster's; its mark comes last."""
        found = [path for path in self.root.iterdir() if any(fnmatch(path.name, own) for own in OWN_NAMES)]
        return sorted(found, key=lambda path: (path.name == MARK, path.name))

    def prepare(self) -> None:
        """Create the directory and its parents. Raises OSError, also for one that holds something else; only
        static pods' manifests may wait there already."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.is_cluster and any(path != self.manifests for path in self.root.iterdir()):
            raise OSError(f"{self.root} is not empty and no cluster: use another --data-dir")
        (self.root / MARK).write_text(_MARK_TEXT)
        for folder in (self.pki, self.kubelet, self.runtime, self.network):
            folder.mkdir(exist_ok=True, mode=0o700)

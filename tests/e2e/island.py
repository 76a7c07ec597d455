"""A machine of one's own for one cluster: processes, mounts, network, IPC and resource groups are private.

What a cluster leaves behind can be told from what others do on the machine only there. `/tmp`, `/run`, `/var`
and the home directory show the machine's, but what is written to them stays on the island, where `snapshot.py`
finds it. Everything ends with the island's first process.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from conftest import newest_kubectl

KUBEADE = [sys.executable, "-m", "kubeade.cli.main"]
SNAPSHOT = Path(__file__).with_name("snapshot.py")

_FIRST_PROCESS = """
import ctypes, fcntl, glob, os, signal, socket, struct, sys
groups, root, *disk = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def mount(source, target, kind, flags=0, options=None):
    arguments = (source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags))
    if libc.mount(*arguments, options.encode() if options else None):
        raise OSError(ctypes.get_errno(), f"mount {target}: {os.strerror(ctypes.get_errno())}")

BIND, DETACH = 4096, 2
# Other clusters' mounts would vanish with their directories.
places = [line.split()[4] for line in open("/proc/self/mountinfo")]
for place in sorted(places, key=len, reverse=True):
    if place.startswith(("/tmp/", "/run/", "/var/")):
        libc.umount2(place.encode(), DETACH)
mount("tmpfs", root, "tmpfs")
os.mkdir(f"{root}/home")
for number, place in enumerate(("/tmp", "/run", "/var")):
    for name in ("upper", "work"):
        os.makedirs(f"{root}/written/{name}{number}")
    # The tests' own directories are below /tmp: they must stay what they are.
    kept = {path: os.open(path, os.O_PATH) for path in (root, *disk) if path.startswith(place + "/")}
    upper, work = f"{root}/written/upper{number}", f"{root}/written/work{number}"
    mount("overlay", place, "overlay", 0, f"lowerdir={place},upperdir={upper},workdir={work}")
    for path, fd in kept.items():
        mount(f"/proc/self/fd/{fd}", path, "none", BIND)
        os.close(fd)
unified = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
for place in ["/sys/fs/cgroup"] if unified else glob.glob("/sys/fs/cgroup/*"):
    try:
        os.makedirs(f"{place}/{groups}", exist_ok=True)
    except OSError:
        continue
    mount(f"{place}/{groups}", place, "none", BIND)
with socket.socket() as control:  # SIOCSIFFLAGS: IFF_UP and IFF_RUNNING
    fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))
with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
    file.write("0")
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""


class Unavailable(Exception):
    """This machine refuses what an island needs; the message says what."""


class Island:
    """Made below `root`, an empty directory. What is written to `disk` outlives it. Raises Unavailable."""

    def __init__(self, root: Path, disk: Path | None = None) -> None:
        self.root = root
        self.data = (disk or root / "home") / "cluster"
        self._groups = f"island-{os.getpid()}-{root.name}"
        separate = ["--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"]
        first = [
            sys.executable,
            "-c",
            _FIRST_PROCESS,
            self._groups,
            str(root),
            *([str(disk)] if disk else []),
        ]
        try:
            self._holder = subprocess.Popen(
                ["unshare", *separate, *first], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        except FileNotFoundError as error:
            raise Unavailable(str(error)) from error
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "ready\n":
            raise Unavailable(self._holder.communicate()[1].strip())
        self._pid = self._child_of(self._holder.pid)

    @staticmethod
    def _child_of(pid: int) -> int:
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def run(
        self, *command: str, stdin: str = "", timeout_seconds: float = 55
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command on the island, whatever comes of it."""
        process = self.begin(*command)
        with process:
            out, errors = process.communicate(stdin, timeout_seconds)
        return subprocess.CompletedProcess(command, process.returncode, out, errors)

    def begin(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command on the island."""
        enter = ["nsenter", "-t", str(self._pid), "--net", "--mount", "--pid", "--ipc", "--uts", "--"]
        environment = {**os.environ, "HOME": str(self.root / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*enter, *command], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment
        )

    def kubeade(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.run(*KUBEADE, *arguments, "--data-dir", str(self.data))

    def up(self, mode: str) -> None:
        done = self.kubeade("up", "--detach", "--runtime", mode)
        assert done.returncode == 0, done.stderr

    def down(self) -> "subprocess.CompletedProcess[str]":
        """With `--delete`."""
        done = self.kubeade("down", "--delete")
        assert done.returncode == 0, done.stderr
        return done

    def snapshot(self) -> dict[str, list[str]]:
        """Everything that could be left behind, by kind."""
        done = self.run(sys.executable, str(SNAPSHOT), str(self.root))
        assert done.returncode == 0, done.stderr
        found: dict[str, list[str]] = json.loads(done.stdout)
        return found

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        where = ["--kubeconfig", str(self.data / "kubeconfig"), "--cache-dir", str(self.root / "kubectl")]
        done = self.run(str(newest_kubectl()), *where, *arguments, stdin=stdin)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def kill(self, who: str) -> None:
        """SIGKILL the cluster's process ("main"), its "launcher", or "both"."""
        for line in self.snapshot()["processes"]:
            is_launcher = "kubeade.runtime.launcher.main" in line
            is_main = "kubeade.cli.main up" in line
            if (is_launcher and who in ("launcher", "both")) or (is_main and who in ("main", "both")):
                self.signal(int(line.split()[0]), signal.SIGKILL)

    def file(self, path: Path) -> Path:
        """A file of the island, as this side reaches it."""
        return Path(f"/proc/{self._pid}/root{path}")

    def signal(self, pid: int, number: int) -> None:
        done = self.run("kill", f"-{number}", str(pid))
        assert done.returncode == 0, done.stderr

    def close(self) -> None:
        """End everything on it."""
        self._holder.kill()
        self._holder.communicate()
        until(self._remove_groups, "processes of the island live on")

    def _remove_groups(self) -> bool:
        places = [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*")]
        groups = [place / self._groups for place in places if (place / self._groups).is_dir()]
        for group in groups:
            for directory, _, _ in os.walk(group, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(directory)
        return not any(group.is_dir() for group in groups)


def until(condition: Callable[[], object], what: str, timeout_seconds: float = 25) -> None:
    """Return once the condition holds; `what` is said if it does not."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)

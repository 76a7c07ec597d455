"""A machine of one's own for one cluster: processes, mounts, network, IPC and resource groups are private.

What a cluster leaves behind can be told from what others do on the machine only there. `/tmp`, `/run`, `/var`
and the home directory show the machine's, but what is written to them stays on the island, where `snapshot.py`
finds it. Everything ends with the island's first process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

KUBEADE = [sys.executable, "-m", "kubeade.cli.main"]
SNAPSHOT = Path(__file__).with_name("snapshot.py")

_FIRST_PROCESS = """
import ctypes, glob, os, signal, subprocess, sys
root = sys.argv[1]
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
    # The tests' own directory is below /tmp: it must stay what it is.
    kept = os.open(root, os.O_PATH)
    upper, work = f"{root}/written/upper{number}", f"{root}/written/work{number}"
    mount("overlay", place, "overlay", 0, f"lowerdir={place},upperdir={upper},workdir={work}")
    if root.startswith(place + "/"):
        mount(f"/proc/self/fd/{kept}", root, "none", BIND)
    os.close(kept)
groups = sys.argv[2]
unified = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
for place in ["/sys/fs/cgroup"] if unified else glob.glob("/sys/fs/cgroup/*"):
    try:
        os.makedirs(f"{place}/{groups}", exist_ok=True)
    except OSError:
        continue
    mount(f"{place}/{groups}", place, "none", BIND)
subprocess.run(["ip", "link", "set", "lo", "up"], check=False)
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
    """Made below `root`, an empty directory. Raises Unavailable."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "home" / "cluster"
        self._groups = f"island-{os.getpid()}-{root.name}"
        separate = ["--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"]
        first = [sys.executable, "-c", _FIRST_PROCESS, str(root), self._groups]
        self._holder = subprocess.Popen(
            ["unshare", *separate, *first], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
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
        for base in (Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*")):
            groups = base / self._groups
            for directory, _, _ in os.walk(groups, topdown=False):
                Path(directory).rmdir()

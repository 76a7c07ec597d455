"""Real etcd members for tests: Debian's etcd-server, started on free ports, dying with whoever started it."""

import json
import random
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ETCD = shutil.which("etcd")
MISSING = "no etcd on this machine (Debian: apt-get install etcd-server)"
_DIE_WITH_PARENT = """
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Not by a hook between fork and exec: gRPC's threads do not survive being forked."""


@dataclass
class Member:
    name: str
    folder: Path
    client_port: int
    peer_port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.client_port}"

    @property
    def peer(self) -> str:
        return f"{self.name}=http://127.0.0.1:{self.peer_port}"

    def start(self, cluster: "list[Member]") -> None:
        assert ETCD is not None
        command = [
            *(sys.executable, "-S", "-c", _DIE_WITH_PARENT),
            ETCD,
            f"--name={self.name}",
            f"--data-dir={self.folder / self.name}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls=http://127.0.0.1:{self.peer_port}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{self.peer_port}",
            f"--initial-cluster={','.join(member.peer for member in cluster)}",
            "--heartbeat-interval=50",
            "--election-timeout=500",
            "--max-request-bytes=16777216",
            "--log-level=error",
            "--logger=zap",
        ]
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


class EtcdCluster:
    """The members that live in a folder; started again, they have their ports again."""

    def __init__(self, folder: Path, size: int = 1) -> None:
        plan = folder / "members.json"
        if not plan.exists():
            plan.write_text(json.dumps([[_free_port(), _free_port()] for _ in range(size)]))
        self.members = [
            Member(f"m{number}", folder, *ports) for number, ports in enumerate(json.loads(plan.read_text()))
        ]
        for member in self.members:
            member.start(self.members)

    @property
    def servers(self) -> tuple[str, ...]:
        return tuple(member.url for member in self.members)

    def stop(self) -> None:
        for member in self.members:
            member.kill()


def _free_port() -> int:
    """Outside the range that the kernel gives to clients: a member that is down must find it free again."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port

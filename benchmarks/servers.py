"""Starts what is measured, each in a directory of its own, and tells how to reach it: kubeade, or the real thing.

The real one: etcd with fsync on, kube-apiserver with TLS, RBAC and its default admission; binaries are given on the
command line, nothing is downloaded or built here.
"""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from load import Target

from kubeade.client import kubeconfig
from kubeade.client.socket import ssl_context

READY_TIMEOUT_SECONDS = 60.0
TOKEN = "benchmark"


@dataclass(slots=True)
class Server:
    """A running server: its target, the processes that belong to it, and how long it took to be ready."""

    name: str
    target: Target
    pids: list[int]
    ready_seconds: float
    stop_commands: list[list[str]] = field(default_factory=list)
    kubeconfig: Path | None = None
    """What a component that works for it is given."""

    def resident_mib(self) -> float:
        """Resident memory of all its processes and their children."""
        return sum(_resident_kib(pid) for pid in self.pids) / 1024

    def cpu_seconds(self) -> float:
        """CPU time of its processes so far."""
        return sum(_cpu_ticks(pid) for pid in self.pids) / os.sysconf("SC_CLK_TCK")

    def get(self, path: str) -> dict[str, Any]:
        """The object at `path`; nothing if there is none."""
        request = urllib.request.Request(f"https://{self.target.host}:{self.target.port}{path}")
        if self.target.token:
            request.add_header("authorization", f"Bearer {self.target.token}")
        try:
            with urllib.request.urlopen(request, context=self.target.context, timeout=5) as answer:
                found: dict[str, Any] = json.loads(answer.read())
                return found
        except OSError:
            return {}

    def stop(self) -> None:
        for command in self.stop_commands:
            subprocess.run(command, check=False, capture_output=True)
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + 20
        while any(Path(f"/proc/{pid}").exists() for pid in self.pids) and time.monotonic() < deadline:
            _reap()
            time.sleep(0.05)
        for pid in self.pids:
            # The real API server does not end by itself once its etcd is gone.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _reap()


def start_kubeade(directory: Path, *arguments: str) -> Server:
    """`kubeade up --detach` in an empty directory."""
    command = [sys.executable, "-m", "kubeade.cli.main"]
    data = ["--data-dir", str(directory)]
    began = time.perf_counter()
    subprocess.run(
        [*command, "up", "--detach", "--port", "0", *data, *arguments], check=True, capture_output=True
    )
    ready = time.perf_counter() - began
    credentials = kubeconfig.load(directory / "kubeconfig")
    host, port = credentials.server.removeprefix("https://").split(":")
    pid = json.loads((directory / "process.json").read_text())["pid"]
    launchers = subprocess.run(
        ["pgrep", "-f", f"launcher.main.*{directory}"], capture_output=True, text=True, check=False
    )
    pids = [pid, *(int(one) for one in launchers.stdout.split())]
    target = Target(host, int(port), ssl_context(credentials))
    return Server(
        "kubeade", target, pids, ready, [[*command, "down", "--delete", *data]], directory / "kubeconfig"
    )


def start_kubeade_apiserver(directory: Path) -> Server:
    """`kubeade apiserver` in an empty directory: nothing but the API server and its ledger, as the real pair."""
    directory.mkdir(parents=True)
    port = _free_port()
    command = [sys.executable, "-m", "kubeade.cli.main", "apiserver", "--data-dir", str(directory / "data")]
    began = time.perf_counter()
    process = subprocess.Popen([*command, f"--secure-port={port}"], **quiet(directory / "apiserver.log"))
    _wait_ready(port, ssl._create_unverified_context(), process)
    ready = time.perf_counter() - began
    path = directory / "data" / "kubeconfig"
    target = Target("127.0.0.1", port, ssl_context(kubeconfig.load(path)))
    return Server("kubeade", target, [process.pid], ready, kubeconfig=path)


def start_real(directory: Path, etcd: str, apiserver: str) -> Server:
    """etcd and kube-apiserver, both durable, on loopback."""
    directory.mkdir(parents=True)
    client, peer, secure = (_free_port() for _ in range(3))
    began = time.perf_counter()
    store = subprocess.Popen(_etcd_command(etcd, directory, client, peer), **quiet(directory / "etcd.log"))
    _openssl(directory)
    server = subprocess.Popen(
        _apiserver_command(apiserver, directory, client, secure), **quiet(directory / "apiserver.log")
    )
    context = ssl._create_unverified_context()
    _wait_ready(secure, context, server)
    target = Target("127.0.0.1", secure, context, TOKEN)
    ready = time.perf_counter() - began
    return Server(
        "real", target, [server.pid, store.pid], ready, kubeconfig=_token_kubeconfig(directory, secure)
    )


def _token_kubeconfig(directory: Path, port: int) -> Path:
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": {"token": TOKEN}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    }
    path = directory / "kubeconfig"
    path.write_text(json.dumps(document))
    return path


def start_component(server: Server, command: list[str], directory: Path) -> subprocess.Popen[bytes]:
    """A component that works for `server`; its log lies beside the server's data."""
    assert server.kubeconfig is not None
    log = directory / f"{Path(command[0]).name}-component.log"
    return subprocess.Popen([*command, "--kubeconfig", str(server.kubeconfig)], **quiet(log))


def _etcd_command(etcd: str, directory: Path, client: int, peer: int) -> list[str]:
    return [
        etcd,
        f"--data-dir={directory}/etcd",
        f"--listen-client-urls=http://127.0.0.1:{client}",
        f"--advertise-client-urls=http://127.0.0.1:{client}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-cluster=default=http://127.0.0.1:{peer}",
        "--quota-backend-bytes=8589934592",
    ]


def _apiserver_command(apiserver: str, directory: Path, etcd_port: int, port: int) -> list[str]:
    (directory / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
    return [
        apiserver,
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--cert-dir={directory}/certs",
        f"--token-auth-file={directory}/tokens.csv",
        "--authorization-mode=Node,RBAC",
        "--service-cluster-ip-range=10.0.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={directory}/sa.pub",
        f"--service-account-signing-key-file={directory}/sa.key",
        "--endpoint-reconciler-type=none",
        "--max-requests-inflight=0",
        "--max-mutating-requests-inflight=0",
        "--enable-priority-and-fairness=false",
    ]


def _openssl(directory: Path) -> None:
    key = str(directory / "sa.key")
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    public = str(directory / "sa.pub")
    subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)


def _wait_ready(port: int, context: ssl.SSLContext, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit("the real API server ended; its log is beside its data")
        try:
            with urllib.request.urlopen(
                f"https://127.0.0.1:{port}/readyz", context=context, timeout=2
            ) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit("the real API server was not ready in time")


def quiet(log: Path) -> dict[str, object]:
    return {"stdout": log.open("wb"), "stderr": subprocess.STDOUT}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _resident_kib(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(text.partition("VmRSS:")[2].split()[0])


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return

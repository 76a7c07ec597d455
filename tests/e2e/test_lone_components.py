"""Components as processes of their own: the API server with keys that were brought along, and elected leaders."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kubectl_orders import field

from kubeade.client.kubeconfig import Credentials, render
from kubeade.cluster.pki import Authority, Subject
from kubeade.lib.clock import SystemClock

KUBEADE = [sys.executable, "-m", "kubeade.cli.main"]
TIMINGS = [
    "--leader-elect-lease-duration=3s",
    "--leader-elect-renew-deadline=2s",
    "--leader-elect-retry-period=200ms",
]
newest = pytest.mark.parametrize("kubectl", ["newest"], indirect=True)


@contextmanager
def running(*arguments: str, until: str, stream: str = "stdout") -> Iterator["subprocess.Popen[str]"]:
    """A command that goes on, from the line that contains `until`."""
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: subprocess.PIPE}
    process = subprocess.Popen([*KUBEADE, *arguments], text=True, **pipes)
    try:
        lines = iter(getattr(process, stream).readline, "")
        seen = []
        for line in lines:
            seen.append(line)
            if until in line:
                break
        else:
            raise AssertionError(f"{arguments} ended: {''.join(seen)}")
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """An authority of somebody else's, a server's certificate and an administrator's."""
    folder = tmp_path / "keys"
    folder.mkdir()
    authority = Authority(folder, SystemClock(), "somebody")
    authority.issue("server", Subject("server", names=("127.0.0.1", "kubernetes")))
    authority.issue("admin", Subject("jane", ("system:masters",)))
    return folder


def test_the_api_server_serves_with_keys_that_were_brought_along(
    keys: Path, tmp_path: Path, programs
) -> None:
    port = free_port()
    given = ["--tls-cert-file", keys / "server.crt", "--tls-private-key-file", keys / "server.key"]
    given += ["--client-ca-file", keys / "ca.crt", "--secure-port", port, "--data-dir", tmp_path / "data"]
    pems = (keys / name for name in ("ca.crt", "admin.crt", "admin.key"))
    jane = Credentials(f"https://127.0.0.1:{port}", *(each.read_bytes() for each in pems))
    (tmp_path / "kubeconfig").write_bytes(render("it", jane))
    with running("apiserver", *map(str, given), until="API server answers", stream="stderr") as server:
        ask = [programs["newest"], "--kubeconfig", tmp_path / "kubeconfig"]
        whoami = subprocess.run([*ask, "auth", "whoami"], capture_output=True, text=True, timeout=20)
        assert "jane" in whoami.stdout, whoami.stderr
        names = subprocess.run([*ask, "get", "ns", "-o", "name"], capture_output=True, text=True, timeout=20)
        assert "namespace/kube-system" in names.stdout
    assert server.returncode == 0
    assert not (tmp_path / "data" / "kubeconfig").exists()


@newest
def test_one_of_two_schedulers_leads_and_the_other_takes_over(kubectl) -> None:
    lease = ["--leader-elect-resource-name=mine", f"--leader-elect-resource-namespace={kubectl.namespace}"]
    mine = ["scheduler", "--kubeconfig", str(kubectl.kubeconfig), "--scheduler-name=mine", *lease, *TIMINGS]
    with running(*mine, until="became leader", stream="stderr"):
        first = field(kubectl, "lease mine", ".spec.holderIdentity")
        other = subprocess.Popen([*KUBEADE, *mine], stderr=subprocess.PIPE, text=True)
        assert "works for" in other.stderr.readline()
        assert field(kubectl, "lease mine", ".spec.holderIdentity") == first
    began = time.monotonic()
    try:
        assert any("became leader" in line for line in iter(other.stderr.readline, ""))
        assert time.monotonic() - began < 20
        assert field(kubectl, "lease mine", ".spec.holderIdentity") not in ("", first)
    finally:
        other.send_signal(signal.SIGTERM)
        other.communicate(timeout=20)
    assert field(kubectl, "lease mine", ".spec.holderIdentity") == ""

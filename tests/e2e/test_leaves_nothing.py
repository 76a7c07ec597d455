"""`kubeade down --delete` leaves no process, mount, namespace, interface, group, rule, socket, setting or file.

Each test has a machine of its own (`island.py`), whose state before and after must be the same in everything.
"""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import newest_kubectl
from island import Island, Unavailable

# A server on the pod's own address, since in process mode all pods share the machine's.
SERVE = "import os,http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8080, bind=os.environ['IP'])"
STAND = (
    """
apiVersion: v1
kind: Pod
metadata: {name: stand, labels: {app: stand}}
spec:
  terminationGracePeriodSeconds: 1
  initContainers:
  - {name: first, image: kubeade.local/host, command: [sh, -c, "setsid sleep 1000 & exit 0"]}
  - {name: side, image: kubeade.local/host, restartPolicy: Always, command: [sleep, "1000"]}
  containers:
  - name: serve
    image: kubeade.local/host
    command: [python, -c, "%s"]
    env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
    ports: [{containerPort: 8080}]
    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
    volumeMounts:
    - {name: memory, mountPath: /memory}
    - {name: memory, mountPath: /part, subPath: a/b}
    - {name: disk, mountPath: /disk}
    - {name: host, mountPath: /fridge}
  - name: family
    image: kubeade.local/host
    command: [sh, -c, "setsid sleep 1000 & sleep 1000 & sleep 1000"]
    resources: {limits: {memory: 64Mi, cpu: 500m}}
  volumes:
  - {name: memory, emptyDir: {medium: Memory}}
  - {name: disk, emptyDir: {}}
  - {name: host, hostPath: {path: %%s, type: DirectoryOrCreate}}
---
apiVersion: v1
kind: Service
metadata: {name: stand}
spec: {type: LoadBalancer, selector: {app: stand}, ports: [{port: 80, targetPort: 8080}]}
"""
    % SERVE
)


@pytest.fixture
def island(tmp_path: Path) -> Iterator[Island]:
    try:
        made = Island(tmp_path)
    except Unavailable as reason:
        pytest.skip(f"no machine of its own for the test: {reason}")
    yield made
    made.close()


def until(condition: Callable[[], bool], what: str, timeout_seconds: float = 40) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def kubectl(island: Island, *arguments: str, stdin: str = "") -> str:
    where = ["--kubeconfig", str(island.data / "kubeconfig"), "--cache-dir", str(island.root / "kubectl")]
    done = island.run(str(newest_kubectl()), *where, *arguments, stdin=stdin)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def open_stand(island: Island) -> None:
    """Return once customers reach it through its Service."""
    kubectl(island, "apply", "-f", "-", stdin=STAND % (island.root / "home" / "fridge"))
    kubectl(island, "wait", "pod/stand", "--for=condition=Ready", "--timeout=40s")
    address = kubectl(island, "get", "service", "stand", "-o", "jsonpath={.spec.clusterIP}")
    fetch = f"import urllib.request as u; u.urlopen('http://{address}', timeout=2)"
    until(lambda: island.run("python3", "-c", fetch).returncode == 0, "the Service does not answer")


def kill(island: Island, who: str) -> None:
    """SIGKILL the cluster's process, its launcher, or both at once."""
    for line in island.snapshot()["processes"]:
        is_launcher = "kubeade.runtime.launcher.main" in line
        is_main = "kubeade.cli.main up" in line
        if (is_launcher and who in ("launcher", "both")) or (is_main and who in ("main", "both")):
            island.signal(int(line.split()[0]), signal.SIGKILL)


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    changes = {kind: set(before[kind]) ^ set(after[kind]) for kind in before}
    return {kind: sorted(each) for kind, each in changes.items() if each}


@pytest.mark.parametrize(
    ("mode", "killed"),
    [
        ("namespaces", ""),
        ("namespaces", "main"),
        ("namespaces", "both"),
        ("process", ""),
        ("process", "launcher"),
        ("process", "both"),
    ],
)
def test_nothing_is_left_of_a_busy_cluster(island: Island, mode: str, killed: str) -> None:
    (island.file(island.root) / "home" / "fridge").mkdir()
    before = island.snapshot()
    island.up(mode)
    open_stand(island)
    kill(island, killed)
    island.down()
    assert difference(before, island.snapshot()) == {}

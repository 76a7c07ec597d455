"""`kubeade down --delete` leaves no process, mount, namespace, interface, group, rule, socket, setting or file.

Each test has a machine of its own (`island.py`), whose state before and after must be the same in everything.
"""

import json
import signal
import sys

import pytest
from island import KUBEADE, Island, until

# The server listens on the pod's own address, since in process mode all pods share the machine's.
STAND = """
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
    command: [python, -c, "import os, http.server as h;
      h.test(h.SimpleHTTPRequestHandler, port=8080, bind=os.environ['IP'])"]
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
  - {name: host, hostPath: {path: FRIDGE, type: DirectoryOrCreate}}
---
apiVersion: v1
kind: Service
metadata: {name: stand}
spec: {type: LoadBalancer, selector: {app: stand}, ports: [{port: 80, targetPort: 8080}]}
"""


def open_stand(island: Island) -> None:
    """Return once customers reach it through its Service."""
    island.kubectl("apply", "-f", "-", stdin=STAND.replace("FRIDGE", str(island.root / "home" / "fridge")))
    island.kubectl("wait", "pod/stand", "--for=condition=Ready", "--timeout=40s")
    address = island.kubectl("get", "service", "stand", "-o", "jsonpath={.spec.clusterIP}")
    fetch = f"import urllib.request as u; u.urlopen('http://{address}', timeout=2)"
    until(lambda: island.run("python3", "-c", fetch).returncode == 0, "the Service does not answer")


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    changes = {kind: set(before[kind]) ^ set(after[kind]) for kind in before}
    return {kind: sorted(each) for kind, each in changes.items() if each}


@pytest.mark.parametrize(
    ("mode", "killed"),
    [("namespaces", ""), ("namespaces", "both"), ("process", "main"), ("process", "both")],
)
def test_nothing_is_left_of_a_busy_cluster(island: Island, mode: str, killed: str) -> None:
    (island.file(island.root) / "home" / "fridge").mkdir()
    before = island.snapshot()
    island.up(mode)
    open_stand(island)
    island.kill(killed)
    island.down()
    assert difference(before, island.snapshot()) == {}


def test_one_of_two_clusters_goes_and_the_other_keeps_its_network(island: Island) -> None:
    before = island.snapshot()
    second = ["--data-dir", str(island.root / "home" / "second")]

    def forwards() -> str:
        return island.run("cat", "/proc/sys/net/ipv4/ip_forward").stdout.strip()

    assert forwards() == "0"
    island.up("namespaces")
    assert island.run(*KUBEADE, "up", "--detach", *second).returncode == 0
    island.down()
    assert forwards() == "1"
    assert island.run(*KUBEADE, "status", *second).stdout.splitlines()[1].endswith("Ready")
    assert island.run(*KUBEADE, "down", "--delete", *second).returncode == 0
    assert difference(before, island.snapshot()) == {}


def test_nothing_is_left_of_a_start_that_failed_half_way(island: Island) -> None:
    before = island.snapshot()
    listen = "import socket, sys; s = socket.create_server(('127.0.0.1', 6444)); print(flush=True); sys.stdin.read()"
    with island.begin(sys.executable, "-c", listen) as taken:
        assert taken.stdout is not None
        taken.stdout.readline()
        done = island.kubeade("up", "--detach", "--port", "6444")
        taken.communicate()
    assert done.returncode == 1
    assert "6444" in done.stderr.splitlines()[-1]
    island.down()
    assert difference(before, island.snapshot()) == {}


def test_nothing_is_left_of_a_start_on_a_full_disk(island: Island) -> None:
    before = island.snapshot()
    disk = str(island.root / "home" / "disk")
    assert island.run("sh", "-c", f"mkdir {disk} && mount -t tmpfs -o size=64k tmpfs {disk}").returncode == 0
    done = island.run(*KUBEADE, "up", "--detach", "--data-dir", f"{disk}/cluster")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    done = island.run(*KUBEADE, "down", "--delete", "--data-dir", f"{disk}/cluster")
    assert done.returncode == 0, done.stderr
    assert island.run("sh", "-c", f"rmdir {disk}/cluster; umount {disk} && rmdir {disk}").returncode == 0
    assert difference(before, island.snapshot()) == {}


def test_down_can_be_repeated_and_up_starts_anew(island: Island) -> None:
    before = island.snapshot()
    island.up("namespaces")
    assert island.kubeade("down").returncode == 0
    assert island.kubeade("down").returncode == 0
    island.up("namespaces")
    island.down()
    done = island.down()
    assert done.stdout == f"no cluster in {island.data}\n"
    assert difference(before, island.snapshot()) == {}


def test_suspended_cluster_is_taken_down_too(island: Island) -> None:
    before = island.snapshot()
    island.up("process")
    process = json.loads(island.file(island.data / "process.json").read_text())["pid"]
    island.signal(process, signal.SIGSTOP)
    done = island.down()
    assert f"process {process} was suspended" in done.stderr
    assert difference(before, island.snapshot()) == {}

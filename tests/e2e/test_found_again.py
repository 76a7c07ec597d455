"""Pods outlive the cluster's process: after SIGKILL of it, of its launcher, or of both, the next `kubeade up`
finds them again, starts nothing twice, and completes what was under way."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from island import Island, until

# MARK-... makes the processes of a container findable. The server listens on the pod's own address, since in
# process mode all pods share the machine's.
PODS = """
apiVersion: v1
kind: Pod
metadata: {name: stand, labels: {app: stand}}
spec:
  terminationGracePeriodSeconds: 1
  initContainers:
  - {name: first, image: kubeade.local/host, command: [sh, -c, "exit 0"]}
  - name: side
    image: kubeade.local/host
    restartPolicy: Always
    command: [sh, -c, "while :; do sleep 0.1; done", MARK-side]
  containers:
  - name: serve
    image: kubeade.local/host
    command: [python, -c, "import os, http.server as h;
      h.test(h.SimpleHTTPRequestHandler, port=8080, bind=os.environ['IP'])", MARK-serve]
    env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
    workingDir: FRIDGE
    readinessProbe: {httpGet: {port: 8080, path: /open}, periodSeconds: 1, failureThreshold: 1}
    volumeMounts: [{name: fridge, mountPath: FRIDGE}]
  - name: count
    image: kubeade.local/host
    command: [sh, -c, "n=0; while :; do n=$((n+1)); echo $n; sleep 0.05; done", MARK-count]
  volumes: [{name: fridge, hostPath: {path: FRIDGE}}]
---
apiVersion: v1
kind: Pod
metadata: {name: brief}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  containers:
  - name: wait
    image: kubeade.local/host
    command: [sh, -c, "until test -e FRIDGE/enough; do sleep 0.05; done; exit 7", MARK-wait]
    volumeMounts: [{name: fridge, mountPath: FRIDGE}]
  volumes: [{name: fridge, hostPath: {path: FRIDGE}}]
---
apiVersion: v1
kind: Service
metadata: {name: stand}
spec: {selector: {app: stand}, ports: [{port: 80, targetPort: 8080}]}
"""
MARKS = ("side", "serve", "count", "wait")


def fridge(island: Island) -> Path:
    """A directory of the machine that the pods look into, as this side reaches it."""
    return island.file(island.root / "home")


def apply(island: Island, manifest: str) -> None:
    island.kubectl("apply", "-f", "-", stdin=manifest.replace("FRIDGE", str(island.root / "home")))


def open_stand(island: Island, mode: str) -> None:
    (fridge(island) / "open").touch()
    island.up(mode)
    apply(island, PODS)
    island.kubectl("wait", "pod/stand", "pod/brief", "--for=condition=Ready", "--timeout=25s")


def pod(island: Island, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(island.kubectl("get", "pod", name, "-o", "json"))
    return found


def identity(island: Island) -> dict[str, Any]:
    """What must not change: each container's id, count of restarts and start, and the pod's address."""
    found: dict[str, Any] = {}
    for name in ("stand", "brief"):
        status = pod(island, name)["status"]
        found[name] = status["podIP"]
        for each in status["containerStatuses"] + status.get("initContainerStatuses", []):
            found[f"{name}/{each['name']}"] = (each["containerID"], each["restartCount"], each["state"])
    return found


def processes(island: Island) -> dict[str, list[int]]:
    """The first processes of containers, by mark; not the copy of itself that a shell is for a moment."""
    found: dict[str, dict[int, int]] = {mark: {} for mark in MARKS}
    for line in island.snapshot()["processes"]:
        for mark in MARKS:
            if f"MARK-{mark}" in line:
                found[mark][int(line.split()[0])] = int(line.split(") ", 1)[1].split()[1])
    return {mark: [pid for pid, parent in each.items() if parent not in each] for mark, each in found.items()}


def is_ready(island: Island, name: str = "stand") -> bool:
    conditions = pod(island, name)["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def answers(island: Island) -> bool:
    """Whether the Service does, from the machine."""
    address = island.kubectl("get", "service", "stand", "-o", "jsonpath={.spec.clusterIP}")
    fetch = f"import urllib.request as u; u.urlopen('http://{address}/open', timeout=2)"
    return island.run("python3", "-c", fetch).returncode == 0


@pytest.mark.parametrize("mode", ["namespaces", "process"])
def test_pods_run_on_without_the_cluster_and_are_found_again(island: Island, mode: str) -> None:
    open_stand(island, mode)
    before, running = identity(island), processes(island)
    island.kill("main")
    assert processes(island) == running
    (fridge(island) / "enough").touch()
    until(lambda: not processes(island)["wait"], "the brief pod has not ended")
    island.up(mode)

    ended = pod(island, "brief")["status"]["containerStatuses"][0]["state"].get("terminated", {})
    until(lambda: pod(island, "brief")["status"]["phase"] == "Failed", f"its end is not told: {ended}")
    status = pod(island, "brief")["status"]["containerStatuses"][0]
    assert (status["state"]["terminated"]["exitCode"], status["restartCount"]) == (7, 0)
    until(lambda: is_ready(island), "the pod is not ready again")
    after = identity(island)
    assert {key: value for key, value in after.items() if not key.startswith("brief")} == {
        key: value for key, value in before.items() if not key.startswith("brief")
    }
    assert processes(island) == {**running, "wait": []}
    until(lambda: answers(island), "the Service does not answer again")
    if mode == "namespaces":  # process mode has the machine's names
        ask = ["exec", "stand", "-c", "count", "--", "sh", "-c", "getent hosts stand.default || true"]
        until(
            lambda: "stand.default.svc.cluster.local" in island.kubectl(*ask), "names are not answered again"
        )

    lines = island.kubectl("logs", "stand", "-c", "count").split()
    assert lines == [str(number) for number in range(1, len(lines) + 1)], "the log has a gap"
    (fridge(island) / "open").unlink()
    until(lambda: not is_ready(island), "nobody probes any more")
    apply(island, PODS.replace("name: brief", "name: fresh"))
    island.kubectl("wait", "pod/fresh", "--for=jsonpath={.status.podIP}", "--timeout=25s")
    assert pod(island, "fresh")["status"]["podIP"] not in (before["stand"], before["brief"])


@pytest.mark.parametrize(("mode", "killed"), [("namespaces", "both"), ("process", "launcher")])
def test_pods_outlive_their_launcher(island: Island, mode: str, killed: str) -> None:
    """The next launcher adopts what runs; what ends while it has no parent is told as ended, and restarted."""
    open_stand(island, mode)
    before, running = identity(island), processes(island)
    island.kill(killed)
    if killed == "both":
        island.up(mode)
    until(lambda: is_ready(island), "the pod is not ready again")
    assert island.kubectl("exec", "stand", "-c", "count", "--", "echo", "here") == "here\n"
    assert identity(island) == before
    assert processes(island) == running

    (count,) = running["count"]
    island.signal(count, 9)

    def restarted() -> bool:
        statuses = pod(island, "stand")["status"]["containerStatuses"]
        one = next(each for each in statuses if each["name"] == "count")
        return one["restartCount"] == 1 and "running" in one["state"]

    until(restarted, "the container was not restarted")
    assert len(processes(island)["count"]) == 1
    assert {**processes(island), "count": []} == {**running, "count": []}


def test_pods_that_were_being_created_are_completed_once(island: Island) -> None:
    (fridge(island) / "open").touch()
    island.up("namespaces")
    apply(island, PODS)
    island.kill("main")
    island.up("namespaces")
    island.kubectl("wait", "pod/stand", "pod/brief", "--for=condition=Ready", "--timeout=25s")
    counts = [each[1] for key, each in identity(island).items() if "/" in key]
    assert counts == [0] * 5
    assert {mark: len(found) for mark, found in processes(island).items()} == dict.fromkeys(MARKS, 1)


def test_pod_that_was_being_deleted_goes(island: Island) -> None:
    open_stand(island, "namespaces")
    island.kubectl("delete", "pod", "stand", "brief", "--wait=false")
    island.kill("main")
    island.up("namespaces")
    until(lambda: not json.loads(island.kubectl("get", "pods", "-o", "json"))["items"], "the pods stay")
    assert processes(island) == {mark: [] for mark in MARKS}
    data = island.file(island.data)
    until(lambda: not list(data.glob("kubelet/pods*/*")), "files of the pods stay")
    assert not list(data.glob("runtime/sandboxes/*"))


def test_pods_come_back_after_down_and_up(island: Island) -> None:
    open_stand(island, "namespaces")
    before = pod(island, "stand")["metadata"]["uid"]
    assert island.kubeade("down").returncode == 0
    assert processes(island) == {mark: [] for mark in MARKS}
    island.up("namespaces")
    until(lambda: is_ready(island), "the pod does not come back")
    until(lambda: answers(island), "the Service does not come back")
    assert pod(island, "stand")["metadata"]["uid"] == before
    assert pod(island, "brief")["status"]["phase"] == "Failed"
    assert {**processes(island), "wait": []} == {mark: found[:1] for mark, found in processes(island).items()}


@pytest.fixture
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("disk")


@pytest.fixture
def machine(tmp_path_factory: pytest.TempPathFactory, disk: Path, island: Island) -> Iterator[list[Island]]:
    """Machines that had, one after the other, the same disk; the last one runs."""
    del island  # skipped with its reason
    machines: list[Island] = []
    yield machines
    for each in machines:
        each.close()


def test_pods_come_back_after_a_power_cut(
    tmp_path_factory: pytest.TempPathFactory, disk: Path, machine: list[Island]
) -> None:
    """Every process, mount and interface is gone, and process ids begin anew: those on record are now others'."""
    machine.append(Island(tmp_path_factory.mktemp("before"), disk))
    (disk / "open").touch()
    machine[-1].up("namespaces")
    machine[-1].kubectl("apply", "-f", "-", stdin=PODS.replace("FRIDGE", str(disk)))
    machine[-1].kubectl("wait", "pod/stand", "--for=condition=Ready", "--timeout=25s")
    machine[-1].close()

    machine.append(Island(tmp_path_factory.mktemp("after"), disk))
    again = machine[-1]
    strangers = [again.begin("sleep", "1000") for _ in range(30)]
    until(lambda: sum("sleep 1000" in line for line in again.snapshot()["processes"]) == 30, "no strangers")
    again.up("namespaces")
    until(lambda: is_ready(again), "the pod does not come back")
    until(lambda: answers(again), "the Service does not come back")
    assert [each.poll() for each in strangers] == [None] * len(strangers)
    again.down()
    assert [each.poll() for each in strangers] == [None] * len(strangers)
    again.close()
    for each in strangers:
        each.communicate()

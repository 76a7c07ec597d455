"""A real node beside a real control plane: scheduler, managers, kubelet, containerd, runc and the bridge plugin.

Binaries are given on the command line, nothing is downloaded or built here. It is to run in network, mount and PID
namespaces of its own (`enclosed`): whatever it makes ends with them, except for its resource groups.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import stand_in_image
from servers import Server, quiet, start_component, start_real

ADDRESS = "10.77.0.1"
NODE = "real"
_GROUP = "kubeade-benchmark"
_INSIDE = "KUBEADE_BENCHMARK_ENCLOSED"
_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where the real ones are."""

    etcd: str
    kubernetes: Path
    containerd: str
    cni: Path


def enclosed() -> bool:
    """Whether this process is in namespaces of its own already; with a network that is made here."""
    if os.environ.get(_INSIDE) is None:
        return False
    for command in (
        "ip link set lo up",
        "ip link add node0 type veth peer name node1",
        "ip link set node1 up",
        f"ip addr add {ADDRESS}/24 dev node0",
        "ip link set node0 up",
        "ip route add default via 10.77.0.254 dev node0",
    ):
        subprocess.run(command.split(), check=True)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    return True


def enclose() -> int:
    """Run this program once more, in namespaces of its own; its exit code."""
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = [*unshare, sys.executable, *sys.argv]
    code = subprocess.run(command, check=False, env={**os.environ, _INSIDE: "1"}).returncode
    _remove_groups()
    return code


def start_real_node(directory: Path, binaries: Binaries) -> Server:
    """The whole real cluster, once its node is Ready and has the stand-in image."""
    began = time.perf_counter()
    server = start_real(directory, binaries.etcd, str(binaries.kubernetes / "kube-apiserver"))
    started = [start_component(server, command, directory) for command in _managers(directory, binaries)]
    started.append(_containerd(directory, binaries))
    image = directory / "image.tar"
    stand_in_image.write(image)
    _until(lambda: _ctr(directory, "version"), "containerd")
    _ctr(directory, "images", "import", str(image))
    started.append(start_component(server, _kubelet(directory, binaries), directory))
    server.pids += [process.pid for process in started]
    _until(lambda: _is_ready(server), "the real node")
    server.ready_seconds = time.perf_counter() - began
    return server


def _managers(directory: Path, binaries: Binaries) -> list[list[str]]:
    key = f"--service-account-private-key-file={directory}/sa.key"
    ca, leader = f"--root-ca-file={directory}/certs/apiserver.crt", "--leader-elect=false"
    return [
        [str(binaries.kubernetes / "kube-controller-manager"), key, ca, leader, "--secure-port=0"],
        [str(binaries.kubernetes / "kube-scheduler"), leader, "--secure-port=0"],
    ]


def _containerd(directory: Path, binaries: Binaries) -> subprocess.Popen[bytes]:
    networks = directory / "networks"
    networks.mkdir()
    addresses = {"type": "host-local", "dataDir": str(directory / "addresses")}
    addresses |= {"ranges": [[{"subnet": "10.78.0.0/16"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipam": addresses}
    document = {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]}
    (networks / "10-bridge.conflist").write_text(json.dumps(document))
    (directory / "containerd.toml").write_text(
        f"""version = 2
root = "{directory}/containerd/root"
state = "{directory}/containerd/state"
[grpc]
  address = "{directory}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{stand_in_image.NAME}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{binaries.cni}"
    conf_dir = "{networks}"
"""
    )
    command = [binaries.containerd, "--config", str(directory / "containerd.toml")]
    return subprocess.Popen(command, **quiet(directory / "containerd.log"))


def _kubelet(directory: Path, binaries: Binaries) -> list[str]:
    socket = f"unix://{directory}/containerd.sock"
    for path in Path("/sys/fs/cgroup").glob("*"):
        with contextlib.suppress(OSError):  # a link, or a file of version 2
            (path / _GROUP).mkdir(exist_ok=True)
    document = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": socket,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{_GROUP}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "maxPods": 200,
        # Whether this machine's disk is nearly full is not the question.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "authentication": {"webhook": {"enabled": False}, "anonymous": {"enabled": True}},
        "authorization": {"mode": "AlwaysAllow"},
    }
    path = directory / "kubelet.json"
    path.write_text(json.dumps(document))
    flags = [f"--config={path}", f"--root-dir={directory}/kubelet"]
    flags += [f"--hostname-override={NODE}", f"--node-ip={ADDRESS}"]
    return [str(binaries.kubernetes / "kubelet"), *flags]


def _ctr(directory: Path, *arguments: str) -> bool:
    command = ["ctr", "--address", f"{directory}/containerd.sock", "--namespace", "k8s.io", *arguments]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _is_ready(server: Server) -> bool:
    node = server.get(f"/api/v1/nodes/{NODE}")
    conditions = node.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} was not ready in time; its log is beside its data")
        time.sleep(0.1)


def _remove_groups() -> None:
    for base in Path("/sys/fs/cgroup").glob(f"*/{_GROUP}"):
        for directory, _, _ in os.walk(base, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)

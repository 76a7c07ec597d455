"""A cluster over two machines: the second is a network namespace that is a link away from the first."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from kubectl_orders import IMAGE, field, manifest, many

from conftest import Kubectl, newest_kubectl
from kubeade.network.netlink import Netlink, peer_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="machines with a link between them need root")

KUBEADE = [sys.executable, "-m", "kubeade.cli.main"]
HOLD = (
    "import ctypes, time; assert ctypes.CDLL(None).unshare(0x40000000) == 0; "
    "print('ready', flush=True); time.sleep(1000)"
)
SERVER = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.environ['HOSTNAME']} {self.client_address[0]}".encode())
    def log_message(self, *_): pass
HTTPServer(("", 8080), Handler).serve_forever()
"""
FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())"


@pytest.fixture(scope="module")
def link() -> Iterator[tuple[str, list[str]]]:
    """The first three numbers of the addresses on a link to a namespace, and what runs a command in that."""
    holder = subprocess.Popen([sys.executable, "-I", "-S", "-c", HOLD], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"ready\n"
    path, name = f"/proc/{holder.pid}/ns/net", f"kadel{os.getpid()}"
    block = f"10.219.{os.getpid() % 250}"
    try:
        with Netlink() as netlink:
            netlink.add_bridge(name, 1500)
            bridge = netlink.link(name)
            assert bridge is not None
            netlink.add_address(bridge.index, f"{block}.1", 24)
            netlink.set_up(bridge.index)
            namespace = os.open(path, os.O_RDONLY)
            peer = peer_of("eth0", b"\x0a\x58\0\0\0\2", 1500, namespace)
            netlink.add_veth(f"kadep{os.getpid()}", bridge, 1500, peer)
            os.close(namespace)
        with Netlink(path) as inside:
            for interface, address, length in (("lo", "127.0.0.1", 8), ("eth0", f"{block}.2", 24)):
                found = inside.link(interface)
                assert found is not None
                inside.add_address(found.index, address, length)
                inside.set_up(found.index)
            inside.add_default_route(f"{block}.1")
    except OSError as error:
        holder.kill()
        if error.errno not in (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP):
            raise
        pytest.skip(f"no link can be made here: {error}")
    yield block, ["nsenter", f"--net={path}"]
    with Netlink() as netlink:
        netlink.delete_link(bridge.index)
    holder.kill()
    holder.communicate()


def kubeade(*arguments: str, inside: list[str] | None = None) -> str:
    command = [*(inside or []), *KUBEADE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def kubectl(link: tuple[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    block, inside = link
    first, second = (tmp_path_factory.mktemp(name) / "data" for name in ("first", "second"))
    kubeade("up", "--detach", "--advertise-address", f"{block}.1", "--data-dir", str(first))
    try:
        if json.loads((first / "settings.json").read_text()).get("network") != "bridge":
            pytest.skip("pods have no network of their own here")
        words = kubeade("token", "create", "--print-join-command", "--data-dir", str(first)).split()
        kubeade(*words[1:], "--node-name=second", "--detach", "--data-dir", str(second), inside=inside)
        made = Kubectl(newest_kubectl(), first / "kubeconfig", "default")
        made("label", "node", "second", "place=second")
        made("label", "node", "place=first", "-l", "place!=second")
        yield made
    finally:
        kubeade("down", "--delete", "--data-dir", str(second), inside=inside)
        kubeade("down", "--delete", "--data-dir", str(first))


def server(name: str, place: str) -> dict[str, object]:
    container = {
        "name": "c",
        "image": IMAGE,
        "command": ["python3", "-c", SERVER],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    }
    spec = {
        "terminationGracePeriodSeconds": 0,
        "containers": [container],
        "nodeSelector": {"place": place},
    }
    return manifest("v1", "Pod", name, {"app": "server"}, spec=spec)


@pytest.fixture(scope="module")
def fetch(kubectl: Kubectl) -> Callable[[str, str], list[str]]:
    """Who answered a pod's request, and from which address he saw it come."""
    ports = {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": 8080}]}
    service = manifest("v1", "Service", "servers", spec=ports)
    wanted = many(server("here", "first"), server("there", "second"), service)
    kubectl("apply", "-f", "-", stdin=wanted)
    kubectl("wait", "pod", "-l", "app=server", "--for=condition=Ready", "--timeout=40s")
    return lambda pod, url: kubectl("exec", pod, "--", "python3", "-c", FETCH, url).split()


def test_pods_reach_each_other_under_their_own_addresses(kubectl, fetch):
    address = {name: field(kubectl, f"pod {name}", ".status.podIP") for name in ("here", "there")}
    for one, other in (("here", "there"), ("there", "here")):
        assert fetch(one, f"http://{address[other]}:8080/") == [other, address[one]]


def test_a_service_answers_on_both_machines_with_pods_of_both(kubectl, fetch):
    address = field(kubectl, "service servers", ".spec.clusterIP")
    for pod in ("here", "there"):
        assert {fetch(pod, f"http://{address}/")[0] for _ in range(4)} == {"here", "there"}


def test_names_are_found_from_both_machines(fetch):
    for pod in ("here", "there"):
        assert fetch(pod, "http://servers.default.svc.cluster.local/")[0] in ("here", "there")

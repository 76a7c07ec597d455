"""Ports of pods at the client's side: SPDY, SPDY in a WebSocket, and plain WebSocket."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from select import select
from urllib.request import urlopen

import pytest
from kubernetes.client import CoreV1Api
from kubernetes.config import new_client_from_config
from kubernetes.stream import portforward

from conftest import Kubectl

MENU = "lemonade 3\n" * 100_000
SERVER = """
import http.server, socketserver, threading
class Menu(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"lemonade 3\\n" * 100_000)
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        whole = self.rfile.read()  # to the end that the client sends
        self.wfile.write(b"heard " + whole)
socketserver.TCPServer.request_queue_size = 128  # not 5: what connects at once must not overflow it
servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Menu)]
servers.append(socketserver.ThreadingTCPServer(("127.0.0.1", 9090), Echo))
for server in servers:
    threading.Thread(target=server.serve_forever).start()
print("open", flush=True)
"""


@pytest.fixture
def shop(kubectl: Kubectl) -> Kubectl:
    container = {"name": "c", "image": "kubeade.local/host", "command": ["python3", "-c", SERVER]}
    container["readinessProbe"] = {"exec": {"command": ["true"]}}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=30s")
    deadline = time.monotonic() + 20
    while "open" not in kubectl.run("logs", "p").stdout and time.monotonic() < deadline:
        time.sleep(0.1)
    return kubectl


class Forwarding:
    """A running `kubectl port-forward` and what it prints."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.printed = b""

    def expect(self, pattern: str) -> "re.Match[bytes]":
        assert self.process.stdout is not None
        deadline = time.monotonic() + 30
        while not (found := re.search(pattern.encode(), self.printed)):
            ready, _, _ = select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            more = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            assert more, f"{pattern!r} was not printed: {self.printed!r}"
            self.printed += more
        return found

    def local(self, port: int) -> int:
        """The port here for one there."""
        return int(self.expect(rf"127\.0\.0\.1:(\d+) -> {port}\n")[1])


@contextmanager
def forwarded(kubectl: Kubectl, *ports: int) -> Iterator[Forwarding]:
    command = [str(kubectl.program), "--kubeconfig", str(kubectl.kubeconfig), "-n", kubectl.namespace]
    process = subprocess.Popen(
        [*command, "port-forward", "pod/p", *(f":{port}" for port in ports)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield Forwarding(process)
    finally:
        process.kill()
        process.communicate()


def fetch(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        return str(answer.read().decode())


def exchange(port: int, data: bytes) -> bytes:
    """Send, half-close, and read to the end."""
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        heard = b""
        while more := connection.recv(65536):
            heard += more
    return heard


def test_many_requests_at_once_through_several_ports(shop: Kubectl) -> None:
    with forwarded(shop, 8080, 9090) as forwarding, ThreadPoolExecutor(30) as threads:
        menu, echo = forwarding.local(8080), forwarding.local(9090)
        menus = [threads.submit(fetch, menu) for _ in range(30)]
        echoes = [threads.submit(exchange, echo, b"%d" % n) for n in range(30)]
        assert all(each.result() == MENU for each in menus)
        assert [each.result() for each in echoes] == [b"heard %d" % n for n in range(30)]


def test_a_port_that_nobody_listens_on_is_told(shop: Kubectl) -> None:
    with forwarded(shop, 81) as forwarding:
        assert exchange(forwarding.local(81), b"") == b""
        forwarding.expect("(?i)an error occurred forwarding")
        forwarding.expect(r"error forwarding port 81 to pod p, uid [-0-9a-f]{36}: .*connection refused")
        forwarding.expect("lost connection to pod")


def test_a_pod_that_is_not_there(kubectl: Kubectl) -> None:
    refused = kubectl.run("port-forward", "pod/none", "0:80")
    assert refused.returncode == 1
    assert 'pods "none" not found' in refused.stderr


@pytest.mark.parametrize("kubectl", ["newest"], indirect=True)  # only who creates the pod
def test_the_official_client_forwards_over_plain_websocket(shop: Kubectl) -> None:
    api = CoreV1Api(new_client_from_config(str(shop.kubeconfig)))
    call = api.connect_get_namespaced_pod_portforward
    forwarding = portforward(call, "p", shop.namespace, ports="8080,81")
    connection = forwarding.socket(8080)
    connection.setblocking(True)
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    heard = b""
    while len(heard) < len(MENU):
        heard += connection.recv(65536)
    assert heard.endswith(MENU.encode()[-1000:])
    assert "connection refused" in forwarding.error(81)
    assert forwarding.error(8080) is None
    connection.close()

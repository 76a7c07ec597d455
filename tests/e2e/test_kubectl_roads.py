"""Through the API server to pods, services and nodes, and to an extension API server that runs in a pod."""

import base64
import json
import subprocess
import urllib.request
from pathlib import Path

import pytest
from kubectl_orders import IMAGE, field, manifest, many

from kubeade.cluster.pki import Authority, Subject
from kubeade.lib.clock import SystemClock

PROGRAM = Path(__file__).with_name("programs") / "extension_server.py"
PAGE = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f'<a href="/menu">{self.path}</a>'.encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
HTTPServer((os.environ["POD_IP"], 8080), Handler).serve_forever()
"""
READY = "{.subsets[0].addresses[0].targetRef.name}"
POD_IP = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}


def pod(name, command, port, **extra):
    container = {
        "name": "c",
        "image": IMAGE,
        "command": command,
        "env": [POD_IP],
        "ports": [{"name": "main", "containerPort": port}],
        "readinessProbe": {"tcpSocket": {"port": "main"}, "periodSeconds": 1},
    }
    spec = {"terminationGracePeriodSeconds": 0, "containers": [{**container, **extra.pop("container", {})}]}
    return manifest("v1", "Pod", name, {"app": name}, spec={**spec, **extra})


def service(name, port):
    spec = {"selector": {"app": name}, "ports": [{"name": "web", "port": port, "targetPort": "main"}]}
    return manifest("v1", "Service", name, spec=spec)


@pytest.fixture
def shop(kubectl):
    wanted = many(pod("shop", ["python3", "-c", PAGE], 8080), service("shop", 80))
    kubectl("apply", "-f", "-", stdin=wanted)
    kubectl("wait", "--for=condition=Ready", "pod/shop", "--timeout=30s")
    kubectl("wait", f"--for=jsonpath={READY}=shop", "endpoints/shop", "--timeout=30s")
    return kubectl


def test_get_raw_reaches_pods_and_services(shop):
    base = f"/api/v1/namespaces/{shop.namespace}"
    for place in ("pods/shop", "pods/http:shop:8080", "services/shop:web", "services/http:shop:80"):
        prefix = f"{base}/{place}/proxy"
        assert shop("get", "--raw", f"{prefix}/cola") == f'<a href="{prefix}/menu">/cola</a>'
    missing = shop.run("get", "--raw", f"{base}/services/shop:other/proxy/").stderr
    assert 'no endpoints available for service "shop:other"' in missing


def test_get_raw_reaches_the_kubelet(kubectl):
    node = kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
    assert kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/healthz") == "ok"
    assert kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/pods").startswith("{")


def test_kubectl_proxy_shows_a_service_to_a_browser(shop):
    command = [str(shop.program), "--kubeconfig", str(shop.kubeconfig), "proxy", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        address = proxy.stdout.readline().split()[-1]
        prefix = f"/api/v1/namespaces/{shop.namespace}/services/shop:web/proxy"
        with urllib.request.urlopen(f"http://{address}{prefix}", timeout=20) as page:
            assert page.url == f"http://{address}{prefix}/"
            assert page.read().decode() == f'<a href="{prefix}/menu">/</a>'
        proxy.terminate()


def test_cluster_info_names_the_way_to_cluster_services(kubectl):
    """kubectl looks where `-n` says; without it, in kube-system."""
    info = service("info", 80)
    info["metadata"]["labels"] = {"kubernetes.io/cluster-service": "true"}
    kubectl("create", "-f", "-", stdin=json.dumps(info))
    assert f"/namespaces/{kubectl.namespace}/services/info:web/proxy" in kubectl("cluster-info")


# -- aggregation ---------------------------------------------------------------------------------------


@pytest.fixture
def drinks(kubectl, tmp_path):
    """An extension API server in a pod, registered; unregistered again afterwards, which is cluster-wide."""
    server_name = f"drinks.{kubectl.namespace}.svc"
    authority = Authority(tmp_path, SystemClock())
    pair = authority.sign(Subject("drinks", names=(server_name,)))
    known = "extension-apiserver-authentication"
    front_proxies = field(kubectl, f"-n kube-system configmap {known}", r".data.requestheader-client-ca-file")
    files = {
        "tls.crt": pair.certificate_pem.decode(),
        "tls.key": pair.key_pem.decode(),
        "front-proxy-ca.crt": front_proxies,
        "server.py": PROGRAM.read_text(),
    }
    script = 'd="$CONTAINER_SANDBOX_MOUNT_POINT/files"; exec python3 "$d/server.py" "$d"'
    mounts = {"volumeMounts": [{"name": "files", "mountPath": "/files"}]}
    volume = {"name": "files", "secret": {"secretName": "files"}}
    spec = {
        "group": "shop.example",
        "version": "v1",
        "service": {"namespace": kubectl.namespace, "name": "drinks"},
        "caBundle": base64.b64encode(authority.certificate_pem).decode(),
        "groupPriorityMinimum": 1000,
        "versionPriority": 10,
    }
    wanted = many(
        manifest("v1", "Secret", "files", stringData=files),
        pod("drinks", ["sh", "-c", script], 8443, container=mounts, volumes=[volume]),
        service("drinks", 443),
        manifest("apiregistration.k8s.io/v1", "APIService", "v1.shop.example", spec=spec),
    )
    kubectl("apply", "-f", "-", stdin=wanted)
    kubectl("wait", "--for=condition=Available", "apiservice/v1.shop.example", "--timeout=40s")
    yield kubectl
    kubectl("delete", "apiservice", "v1.shop.example")


def test_kinds_of_an_extension_server_are_like_any_other(drinks):
    assert "drinks" in drinks("api-resources", "--api-group=shop.example")
    assert drinks("get", "drinks", "-o", "name").split() == [
        "drink.shop.example/cola",
        "drink.shop.example/lemonade",
    ]
    asked_by = json.loads(drinks("get", "dr", "cola", "-o", "json"))["metadata"]["annotations"]["asked-by"]
    assert asked_by == "kubernetes-admin"
    listed = drinks("get", "apiservice", "v1.shop.example").splitlines()[1].split()
    assert listed[1:3] == [f"{drinks.namespace}/drinks", "True"]
    drinks("delete", "service", "drinks")
    drinks("wait", "--for=condition=Available=false", "apiservice/v1.shop.example", "--timeout=30s")
    refused = drinks.run("get", "drinks").stderr
    assert "the server is currently unable to handle the request" in refused

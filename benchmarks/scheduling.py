"""How fast pods are placed and bound: 4,000 pods onto 1,000 nodes that exist only in the API.

    python benchmarks/scheduling.py --etcd /usr/bin/etcd --kube-apiserver ... --kube-scheduler ...

An API server alone with a scheduler alone, on both sides; TLS, RBAC, default admission and durable writes on.
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from load import Target, drive
from servers import Server, start_component, start_kubeade_apiserver, start_real

NODES = 1000
PODS = 4000
CONNECTIONS = 8
_POLL_SECONDS = 0.25


def node(number: int) -> bytes:
    capacity = {"cpu": "32", "memory": "128Gi", "pods": "110"}
    labels = {"kubernetes.io/hostname": f"n{number}", "topology.kubernetes.io/zone": f"z{number % 3}"}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": f"n{number}", "labels": labels},
            "status": {
                "capacity": capacity,
                "allocatable": capacity,
                "conditions": [
                    {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready"}
                ],
            },
        }
    ).encode()


def pod(number: int) -> bytes:
    container = {
        "name": "c",
        "image": "example.org/image:1",
        "resources": {"requests": {"cpu": "100m", "memory": "100Mi"}},
    }
    spec = {"containers": [container], "automountServiceAccountToken": False}
    metadata = {"name": f"p{number}", "labels": {"app": f"a{number % 20}"}}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}).encode()


async def _send(target: Target, requests: list[bytes], *statuses: int) -> None:
    result = await drive(target, iter(requests), CONNECTIONS)
    if set(result.statuses) - set(statuses):
        raise SystemExit(f"unexpected answers: {result.statuses}")


async def _read(target: Target, path: str) -> dict[str, object]:
    """One answer, over a connection of its own."""
    reader, writer = await asyncio.open_connection(
        target.host, target.port, ssl=target.context, server_hostname=target.host
    )
    writer.write(target.request("GET", path).replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    if b"chunked" in head.lower():
        body = _unchunked(body)
    answer: dict[str, object] = json.loads(body)
    return answer


def _unchunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join(parts)


async def _pending(target: Target) -> int:
    """How many pods have no node yet; asked for one, the rest is only counted."""
    found = await _read(target, "/api/v1/pods?fieldSelector=spec.nodeName%3D")
    return len(found["items"])  # type: ignore[arg-type]


async def _place(server: Server, scheduler: list[str], directory: Path) -> float:
    """Placed pods per second, from the first creation to the last binding."""
    target = server.target
    account = json.dumps(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    ).encode()
    await _send(
        target, [target.request("POST", "/api/v1/namespaces/default/serviceaccounts", account)], 201, 409
    )
    await _send(target, [target.request("POST", "/api/v1/nodes", node(n)) for n in range(NODES)], 201)
    # No node controller is running here: what admission puts on new nodes is taken off by hand.
    untaint = b'{"spec":{"taints":null}}'
    merge = "application/merge-patch+json"
    await _send(
        target, [target.request("PATCH", f"/api/v1/nodes/n{n}", untaint, merge) for n in range(NODES)], 200
    )
    process = start_component(server, scheduler, directory)
    try:
        await asyncio.sleep(5)
        path = "/api/v1/namespaces/default/pods"
        began = time.perf_counter()
        await _send(target, [target.request("POST", path, pod(n)) for n in range(PODS)], 201)
        while await _pending(target):
            if process.poll() is not None:
                raise SystemExit(f"the scheduler ended; its log is in {directory}")
            await asyncio.sleep(_POLL_SECONDS)
        return PODS / (time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait()


def _measure(start: Server, scheduler: list[str], directory: Path) -> float:
    try:
        return asyncio.run(_place(start, scheduler, directory))
    finally:
        start.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--etcd", "--kube-apiserver", "--kube-scheduler"):
        parser.add_argument(name, default="")
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="kubeade-benchmark-"))
    try:
        own = [sys.executable, "-m", "kubeade.cli.main", "scheduler", "--leader-elect=false"]
        placed = _measure(start_kubeade_apiserver(scratch / "kubeade"), own, scratch)
        print(f"kubeade: {placed:.0f} pods/s placed and bound, {NODES} nodes, {PODS} pods")
        if options.etcd and options.kube_apiserver and options.kube_scheduler:
            # By default it asks its server 50 times a second: what counts here is what it can do.
            unlimited = ["--kube-api-qps=10000", "--kube-api-burst=10000"]
            real = [options.kube_scheduler, "--leader-elect=false", "--secure-port=0", *unlimited]
            server = start_real(scratch / "real", options.etcd, options.kube_apiserver)
            other = _measure(server, real, scratch)
            print(f"real:    {other:.0f} pods/s; kubeade / real: {placed / other:.2f}")
    except subprocess.CalledProcessError as error:
        raise SystemExit(str(error)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()

"""Measures kubeade, and beside it the real control plane where its binaries are given. Prints a table.

    python benchmarks/run.py
    python benchmarks/run.py --etcd /usr/bin/etcd --kube-apiserver /path/to/kube-apiserver

An API server alone on either side (ours with its ledger inside, the real one with etcd); a third column is the whole
kubeade cluster in its one process, with the simulated runtime. All are durable, with TLS, RBAC and admission on. The real one gets no request limits. Machines are noisy: the ratio of
one run counts, not its figures.
"""

import argparse
import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from load import Result, Target, drive
from servers import Server, start_kubeade, start_kubeade_apiserver, start_real
from watching import CREATES as WATCHED_CREATES
from watching import WATCHERS, fan_out

CREATES = 4000
CHANGES = 2000
READS = 10000
PODS_LISTED = 16_600
LISTS = 12
CONNECTIONS = 16


CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(number: int, prefix: str = "c", **metadata: object) -> bytes:
    data = {f"key-{n}": "x" * 64 for n in range(12)}
    named = {"name": f"{prefix}{number}", **metadata}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": data}).encode()


def watched(number: int) -> bytes:
    return config_map(number, "w", labels={"fan": "out"})


def patches(target: Target, count: int) -> Iterator[bytes]:
    """Merge patches, each of another object."""
    for number in range(count):
        body = b'{"data":{"key-0":"patched"}}'
        yield target.request("PATCH", f"{CONFIG_MAPS}/c{number}", body, "application/merge-patch+json")


def applies(target: Target, count: int) -> Iterator[bytes]:
    """Server-side applies, each of another object, of fields that nobody else owns."""
    for number in range(count):
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"c{number}"},
            "data": {"applied": "x"},
        }
        path = f"{CONFIG_MAPS}/c{number}?fieldManager=benchmark"
        yield target.request("PATCH", path, json.dumps(body).encode(), "application/apply-patch+yaml")


def pod(number: int) -> bytes:
    """A pod that nobody schedules: only the API is measured."""
    container = {
        "name": "c",
        "image": "example.org/image:1",
        "env": [{"name": f"VARIABLE_{n}", "value": "x" * 40} for n in range(20)],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
    }
    spec = {"containers": [container], "schedulerName": "nobody", "automountServiceAccountToken": False}
    return json.dumps(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{number}"}, "spec": spec}
    ).encode()


def creates(target: Target, plural: str, body: object, count: int) -> Iterator[bytes]:
    path = f"/api/v1/namespaces/default/{plural}"
    return (target.request("POST", path, body(n)) for n in range(count))  # type: ignore[operator]


def checked(result: Result, *statuses: int) -> Result:
    if set(result.statuses) - set(statuses):
        raise SystemExit(f"unexpected answers: {result.statuses}")
    return result


async def measure(server: Server) -> dict[str, float]:
    """Every figure of one server, by its row."""
    target, figures = server.target, {"ready, s": server.ready_seconds}
    await asyncio.sleep(3)
    figures["resident memory, idle, MiB"] = server.resident_mib()
    account = json.dumps(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    ).encode()
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    checked(await drive(target, iter([target.request("POST", accounts, account)]), 1), 201, 409)
    result = checked(
        await drive(target, creates(target, "configmaps", config_map, CREATES), CONNECTIONS), 201
    )
    figures["creates/s, ConfigMap"] = result.per_second
    result = checked(await drive(target, patches(target, CHANGES), CONNECTIONS), 200)
    figures["merge patches/s, ConfigMap"] = result.per_second
    result = checked(await drive(target, applies(target, CHANGES), CONNECTIONS), 200)
    figures["server-side applies/s, ConfigMap"] = result.per_second
    result = checked(await drive(target, creates(target, "pods", pod, PODS_LISTED), CONNECTIONS), 201)
    figures["creates/s, Pod"] = result.per_second
    one = target.request("GET", "/api/v1/namespaces/default/pods/p1")
    result = checked(await drive(target, iter([one] * READS), CONNECTIONS), 200)
    figures["GET one pod, requests/s"] = result.per_second
    everything = target.request("GET", "/api/v1/pods?limit=0")
    before = server.cpu_seconds()
    result = checked(await drive(target, iter([everything] * LISTS), 4), 200)
    figures[f"LIST of {PODS_LISTED:,} pods, 4 clients, MB/s"] = result.received_bytes / 1e6 / result.seconds
    figures[f"LIST of {PODS_LISTED:,} pods, MB per CPU second"] = (
        result.received_bytes / 1e6 / (server.cpu_seconds() - before)
    )
    figures["resident memory, after, MiB"] = server.resident_mib()
    events = creates(target, "configmaps", watched, WATCHED_CREATES)
    figures[f"events/s to {WATCHERS} watchers"], per_cpu = await fan_out(target, events, server.cpu_seconds)
    figures[f"events per CPU second to {WATCHERS} watchers"] = per_cpu
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--etcd", default="")
    parser.add_argument("--kube-apiserver", default="")
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="kubeade-benchmark-"))
    starts = {"kubeade": lambda: start_kubeade_apiserver(scratch / "alone")}
    if options.etcd and options.kube_apiserver:
        starts["real"] = lambda: start_real(scratch / "real", options.etcd, options.kube_apiserver)
    starts["whole cluster"] = lambda: start_kubeade(scratch / "whole", "--runtime", "simulated")
    columns: dict[str, dict[str, float]] = {}
    try:
        for name, start in starts.items():
            server = start()
            try:
                columns[name] = asyncio.run(measure(server))
            finally:
                server.stop()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} CPUs")
    show(columns)


def show(columns: dict[str, dict[str, float]]) -> None:
    print(f"| what | {' | '.join(columns)} |" + (" kubeade / real |" if "real" in columns else ""))
    print("|---" * (len(columns) + 1 + ("real" in columns)) + "|")
    for row, value in columns["kubeade"].items():
        cells = [
            f"{column[row]:,.4g}" if column[row] < 100 else f"{column[row]:,.0f}"
            for column in columns.values()
        ]
        if "real" in columns:
            cells.append(f"{value / columns['real'][row]:.2f}")
        print(f"| {row} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

"""A machine that runs out of disk or of file descriptors: clear answers, nothing acknowledged lost, and it
goes on."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tls_wire import TlsWire

from conftest import KUBEADE

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
MIB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", place], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def start(data: Path, open_files: int = 0) -> None:
    limit = (
        (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))) if open_files else None
    )
    command = [*KUBEADE, "up", "--detach", "--runtime", "simulated", "--port", "0", "--data-dir", str(data)]
    subprocess.run(command, check=True, timeout=60, preexec_fn=limit)


def stop(data: Path, *arguments: str) -> None:
    subprocess.run([*KUBEADE, "down", *arguments, "--data-dir", str(data)], check=True, timeout=60)


def create(wire: TlsWire, name: str) -> tuple[int, str]:
    status, answer = wire.request(
        "POST", CONFIG_MAPS, {"metadata": {"name": name}, "data": {"a": "x" * 200_000}}
    )
    return status, answer.get("message", "")


def names(wire: TlsWire) -> set[str]:
    return {item["metadata"]["name"] for item in wire.request("GET", CONFIG_MAPS)[1]["items"]}


def test_a_full_disk_refuses_writes_and_loses_nothing(small_disk: Path) -> None:
    data, filler = small_disk / "data", small_disk / "filler"
    start(data)
    with TlsWire(data) as wire:
        assert create(wire, "first")[0] == 201
        free = os.statvfs(small_disk)
        filler.write_bytes(bytes(free.f_bavail * free.f_frsize - 4 * MIB))
        made, refusal = {"first"}, (0, "")
        for number in range(40):
            refusal = create(wire, f"next-{number}")
            if refusal[0] != 201:
                break
            made.add(f"next-{number}")
        assert refusal == (503, "the ledger is full: free disk space or raise its quota")
        assert names(wire) >= made
        filler.unlink()
        assert create(wire, "last")[0] == 201
    stop(data)
    start(data)
    with TlsWire(data) as wire:
        assert names(wire) >= made | {"last"}
        assert refusal[1]
    stop(data, "--delete")


def test_a_server_out_of_file_descriptors_answers_again_when_clients_leave(tmp_path: Path) -> None:
    data = tmp_path / "data"
    start(data, open_files=128)
    crowd = []
    with TlsWire(data) as wire:
        for _ in range(90):
            with suppress(OSError):
                crowd.append(TlsWire(data))
        with suppress(ConnectionError):
            assert crowd[-1].is_closed(), "the limit was not reached"
        assert wire.request("GET", "/readyz")[0] == 200
        for one in crowd:
            one.socket.close()
        assert create(wire, "after")[0] == 201
    with TlsWire(data) as wire:
        assert names(wire) >= {"after"}
    stop(data, "--delete")

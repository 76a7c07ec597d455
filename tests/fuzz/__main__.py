"""The big run: `python tests/fuzz --requests 300000`. Starts a cluster of its own and prints the seed.

A twentieth more each are connections that speak no proper HTTP, and calls of the ledger's etcd face. Every
failure is printed with its seed and number: the same seed sends the same requests in the same order.
"""

# ruff: noqa: T201 - a command that tells how it goes

import argparse
import asyncio
import json
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fuzz_face import fuzz_face
from fuzz_session import Session

KUBEADE = [sys.executable, "-m", "kubeade.cli.main"]
_RAW_SHARE = 20
_ENOUGH_SAMPLES, _MOST_GROWTH = 20, 1.25


def main() -> int:
    """Run as the arguments say; 1 where something must not have happened."""
    arguments = _arguments()
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(2**31)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        start_cluster(data)
        try:
            session = asyncio.run(_fuzz(data, seed, arguments.requests, arguments.workers))
            log = (data / "kubeade.log").read_text()
        finally:
            subprocess.run([*KUBEADE, "down", "--delete", "--data-dir", str(data)], check=True)
    failures = session.findings.failures + [line for line in log.splitlines() if "Traceback" in line]
    print("\n".join(failures[:200]))
    print(f"{dict(sorted(session.findings.statuses.items()))}; {len(failures)} failures; seed {seed}")
    if failures and arguments.log is not None:
        arguments.log.write_text(log)
    return 1 if failures else 0


def start_cluster(data: Path) -> None:
    """A cluster whose pods are only said to run: nobody knows what the requests will ask for."""
    command = [*KUBEADE, "up", "--detach", "--runtime", "simulated", "--port", "0", "--data-dir", str(data)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


async def _fuzz(data: Path, seed: int, count: int, workers: int) -> Session:
    session, memory = Session(data), list[int]()
    await session.prepare()
    telling = asyncio.create_task(_tell(session, data, memory))
    *_, face = await asyncio.gather(
        session.requests(seed, count, workers),
        session.raw_bytes(seed, count // _RAW_SHARE),
        fuzz_face(data, seed, count // _RAW_SHARE),
    )
    telling.cancel()
    await session.verify()
    session.findings.failures += [*face.failures, *_growth(memory)]
    print(f"calls of the etcd face: {dict(face.codes)}")
    return session


def _growth(memory: list[int]) -> list[str]:
    """What is wrong with resident MiB over time, once caches are full: what is stored stays about the
    same."""
    fifth = len(memory) // 5
    if fifth < _ENOUGH_SAMPLES:
        return []
    early, late = max(memory[fifth : 2 * fifth]), max(memory[-fifth:])
    return [f"memory grew from {early} to {late} MiB"] if late > early * _MOST_GROWTH else []


async def _tell(session: Session, data: Path, memory: list[int]) -> None:
    """A line every ten seconds: how many answers, how much memory, how many failures."""
    told = 0
    pid, began = json.loads((data / "process.json").read_text())["pid"], time.monotonic()
    while True:
        status = Path(f"/proc/{pid}/status").read_text()
        resident = int(status.partition("VmRSS:")[2].split()[0]) // 1024
        memory.append(resident)
        answers = sum(session.findings.statuses.values())
        failures = session.findings.failures
        print("\n".join(failures[told:]), end="\n" if failures[told:] else "")
        told = len(failures)
        print(
            f"{time.monotonic() - began:6.0f} s {answers:8} answers {resident:5} MiB {told} failures",
            flush=True,
        )
        await asyncio.sleep(10)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--log", type=Path, help="where to keep the server's log when something failed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

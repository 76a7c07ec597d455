"""The ledger beside a real etcd: writes, ranges, watch fan-out, memory, and the file after many updates.

    python benchmarks/ledger.py --etcd /usr/bin/etcd [--seconds 5] [--updates 1000000]
    python benchmarks/ledger.py --etcd /usr/bin/etcd --only-sizes --updates-over-grpc 1000000

Both are durable (fsync) on the same disk, both keep 10,000 revisions of history. The ledger is measured at
its own interface, where kubeade uses it, and over gRPC like etcd. The load over gRPC comes from Python
processes on the same machine, the same for both: with many writers it is these that limit etcd, so that row
compares what such clients get, not what etcd could do.

While the many updates go on, somebody watches all of them and reads all keys again and again, both slowly.
`file_mib` is what the folder takes afterwards, `largest_mib` the most that it took, `largest_log_mib` the most of
that which was the write-ahead log.
"""

import argparse
import asyncio
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

VALUE = b'{"filling":"' + b"x" * 960 + b'"}'
KEYS = 1000
CLIENTS = 2
WATCHERS = 100
WATCHED_WRITES = 100
SLOW_SECONDS, SAMPLE_SECONDS = 0.5, 0.25
Put = Callable[[bytes], Awaitable[None]]


async def load(put: Put, writers: int, seconds: float, updates: int = 0) -> dict[str, float]:
    """Each writer puts one after the other, until the time is over or `updates` are done."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def write(number: int) -> None:
        turn = 0
        while len(took) < updates if updates else time.perf_counter() < end:
            began = time.perf_counter()
            await put(b"/bench/%06d" % ((number + turn * writers) % KEYS))
            took.append(time.perf_counter() - began)
            turn += 1

    began = time.perf_counter()
    await asyncio.gather(*(write(number) for number in range(writers)))
    elapsed = time.perf_counter() - began
    took.sort()
    return {
        "writes_per_second": len(took) / elapsed,
        "p50_ms": statistics.median(took) * 1e3,
        "p99_ms": took[len(took) * 99 // 100] * 1e3,
    }


async def own(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The ledger at its own interface, in this process."""
    from kubeade.store.sqlite import SqliteLedger
    from kubeade.store.transaction import PutKey, Transaction

    ledger = await SqliteLedger.open(folder / "ledger.db")

    async def put(key: bytes) -> None:
        await ledger.transact(Transaction((), (PutKey(key, VALUE),)))

    found: dict[str, Any] = {}
    if not options.only_sizes:
        found["1 writer"] = await load(put, 1, options.seconds)
        found["256 writers"] = await load(put, 256, options.seconds)
        began = time.perf_counter()
        for _ in range(20):
            await ledger.range(b"/bench/", b"/bench0")
        found["range_ms"] = (time.perf_counter() - began) / 20 * 1e3
    found |= await sized(folder, load(put, 256, 0, options.updates), look_slowly(ledger))
    found["memory_mib"] = resident_mib("self")
    await ledger.close()
    return found


async def serve(folder: Path, port: int) -> None:
    from kubeade.store.face.server import EtcdFace
    from kubeade.store.sqlite import SqliteLedger

    ledger = await SqliteLedger.open(folder / "ledger.db")
    face = EtcdFace(ledger, f"http://127.0.0.1:{port}", folder)
    await face.start(f"127.0.0.1:{port}", None)
    await asyncio.Event().wait()


class Remote:
    """Either server over gRPC."""

    def __init__(self, port: int) -> None:
        import grpc.aio

        from kubeade.lib.protobuf.message import decode, encode
        from kubeade.store.etcd import messages

        self.m = messages
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        kv = "/etcdserverpb.KV/"
        self._put = channel.unary_unary(f"{kv}Put", encode, partial(decode, messages.PutResponse))
        self._range = channel.unary_unary(f"{kv}Range", encode, partial(decode, messages.RangeResponse))
        place = "/etcdserverpb.Watch/Watch"
        self._watch = channel.stream_stream(place, encode, partial(decode, messages.WatchResponse))

    async def put(self, key: bytes) -> None:
        await self._put(self.m.PutRequest(key, VALUE), wait_for_ready=True)

    async def range_ms(self) -> float:
        began = time.perf_counter()
        for _ in range(20):
            await self._range(self.m.RangeRequest(b"/bench/", b"/bench0"))
        return (time.perf_counter() - began) / 20 * 1e3

    async def events_per_second(self) -> float:
        """Until each of the watchers has every event."""
        streams = [self._watch() for _ in range(WATCHERS)]
        for stream in streams:
            await stream.write(self.m.WatchRequest(self.m.WatchCreateRequest(b"/bench/", b"/bench0")))
            await stream.read()
        readers = [asyncio.create_task(self._read(stream)) for stream in streams]
        began = time.perf_counter()
        for number in range(WATCHED_WRITES):
            await self.put(b"/bench/%06d" % number)
        await asyncio.gather(*readers)
        return WATCHERS * WATCHED_WRITES / (time.perf_counter() - began)

    async def look_slowly(self) -> None:
        """Again from the present where the server has forgotten what would come next."""
        while True:
            stream = self._watch()
            await stream.write(self.m.WatchRequest(self.m.WatchCreateRequest(b"/bench/", b"/bench0")))
            while not (await stream.read()).canceled:
                await asyncio.sleep(SLOW_SECONDS)
                await self._range(self.m.RangeRequest(b"/bench/", b"/bench0"))

    async def _read(self, stream: Any) -> None:
        seen = 0
        while seen < WATCHED_WRITES:
            seen += len((await stream.read()).events)


async def over_grpc(port: int, folder: Path, pid: int, options: argparse.Namespace) -> dict[str, Any]:
    remote = Remote(port)
    await remote.put(b"/bench/000000")
    found: dict[str, Any] = {}
    if not options.only_sizes:
        found["1 writer"] = await load(remote.put, 1, options.seconds)
        found["256 writers"] = await crowd(port, options.seconds, 0)
        found["range_ms"] = await remote.range_ms()
        found["events_per_second"] = await remote.events_per_second()
    if options.updates_over_grpc:
        found |= await sized(folder, crowd(port, 0, options.updates_over_grpc), remote.look_slowly())
    found["memory_mib"] = resident_mib(str(pid))
    return found


async def crowd(port: int, seconds: float, updates: int) -> dict[str, float]:
    """256 writers, shared by several processes. The slowest one's latencies."""
    words = [str(port), str(256 // CLIENTS), str(seconds), str(updates // CLIENTS)]
    command = [sys.executable, __file__, "--client", *words]
    processes = [
        await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE) for _ in range(CLIENTS)
    ]
    answers = [json.loads((await each.communicate())[0]) for each in processes]
    worst = max(answers, key=lambda answer: answer["p99_ms"])
    return {**worst, "writes_per_second": sum(answer["writes_per_second"] for answer in answers)}


async def look_slowly(ledger: Any) -> None:
    from kubeade.store.ledger import Compacted

    while True:
        async with await ledger.watch(b"/bench/", b"/bench0", after_revision=ledger.revision) as watch:
            with suppress(Compacted):
                async for _ in watch:
                    await asyncio.sleep(SLOW_SECONDS)
                    await ledger.range(b"/bench/", b"/bench0")


async def sized(folder: Path, updating: Awaitable[Any], looking: Awaitable[None]) -> dict[str, float]:
    """What the folder takes during the updates and after them."""
    largest = largest_log = 0.0
    work, looker = asyncio.ensure_future(updating), asyncio.ensure_future(looking)
    while not work.done():
        await asyncio.wait([work], timeout=SAMPLE_SECONDS)
        largest, largest_log = max(largest, size_mib(folder)), max(largest_log, size_mib(folder, is_log))
        if looker.done():
            looker.result()
    looker.cancel()
    await asyncio.wait([looker])
    rate = (await work)["writes_per_second"]
    return {
        "updates_per_second": rate,
        "file_mib": size_mib(folder),
        "largest_mib": largest,
        "largest_log_mib": largest_log,
    }


def is_log(path: Path) -> bool:
    return path.name.endswith("-wal") or path.parent.name == "wal"


def size_mib(folder: Path, counts: Callable[[Path], bool] = Path.is_file) -> float:
    """What it takes on disk: a sparse file less than it is long."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file() and counts(path):
                total += path.stat().st_blocks * 512
    return total / 2**20


def resident_mib(pid: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def measure_server(command: list[str], port: int, folder: Path, options: argparse.Namespace) -> Any:
    quiet = subprocess.DEVNULL
    server = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
    work = asyncio.ensure_future(over_grpc(port, folder, server.pid, options))
    gone = asyncio.ensure_future(server.wait())
    await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
    if gone.done():
        raise SystemExit(f"{command[0]} ended with {gone.result()}")
    server.terminate()
    await gone
    return await work


def etcd_command(program: str, folder: Path, port: int) -> list[str]:
    peer = f"http://127.0.0.1:{free_port()}"
    return [
        program,
        f"--data-dir={folder}",
        f"--listen-client-urls=http://127.0.0.1:{port}",
        f"--advertise-client-urls=http://127.0.0.1:{port}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--auto-compaction-mode=revision",
        "--auto-compaction-retention=10000",
        "--quota-backend-bytes=8589934592",
        "--log-level=error",
        "--logger=zap",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--etcd", default="", help="etcd's program")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each row of writes")
    parser.add_argument("--updates", type=int, default=1_000_000, help="of 1,000 keys, at the own interface")
    parser.add_argument("--updates-over-grpc", type=int, default=100_000)
    parser.add_argument("--only-sizes", action="store_true", help="only the many updates and what they take")
    parser.add_argument("--directory", default=".", help="on the disk to measure")
    parser.add_argument("--client", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        port, writers, seconds, updates = options.client

        async def client() -> dict[str, float]:
            return await load(Remote(int(port)).put, int(writers), float(seconds), int(updates))

        print(json.dumps(asyncio.run(client())))
        return
    import uvloop

    if options.serve:
        uvloop.run(serve(Path(options.serve[0]), int(options.serve[1])))
        return
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        own_folder = Path(name, "own")
        own_folder.mkdir(mode=0o700)
        show("the ledger, own interface", uvloop.run(own(own_folder, options)))
        asyncio.run(servers(Path(name), options))


async def servers(folder: Path, options: argparse.Namespace) -> None:
    """One after the other, from one event loop: gRPC works in one of a process."""
    place, port = folder / "grpc", free_port()
    place.mkdir(mode=0o700)
    command = [sys.executable, __file__, "--serve", str(place), str(port)]
    show("the ledger, gRPC", await measure_server(command, port, place, options))
    if options.etcd:
        place, port = folder / "etcd", free_port()
        place.mkdir(mode=0o700)
        command = etcd_command(options.etcd, place, port)
        show("etcd, gRPC", await measure_server(command, port, place, options))


def show(title: str, found: dict[str, Any]) -> None:
    print(title)
    for what, value in found.items():
        said = (
            ", ".join(f"{k} {v:,.2f}" for k, v in value.items())
            if isinstance(value, dict)
            else f"{value:,.1f}"
        )
        print(f"  {what}: {said}", flush=True)


if __name__ == "__main__":
    main()

"""A program that tries an operation again and again, each time cut off a little later, and says what it found.

Run as `python cut_off.py NAME FOLDER [careless]`; careless: with a way of doing it that is wrong. It is a process of its own, with no threads, because each try is a fork(2) of it:
killed at its n-th call to the operating system that Python tells of; killed, or refused with an error, when it
has written so many bytes into one file.
"""

import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubeade.cluster import forking as forking_room
from kubeade.cluster import settings, snapshot
from kubeade.cluster.forking import ForkRefused, fork_directory, forks, make
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.snapshot import SnapshotRefused, read, restore, save
from kubeade.store.check import check_file
from kubeade.store.schema import read_extent
from kubeade.store.sqlite import SqliteLedger

KEYS = 100
EXTENT = (KEYS + 1, KEYS)
RESTORE_STRIDE = 3
"""It has a hundred steps, each of which costs a second restore: `make test` takes every third."""

STEP_BYTES = 16 * 1024
COUNTED = ("open", "os.", "shutil.", "sqlite3.", "fcntl.", "tempfile.")


@dataclass(frozen=True)
class Trial:
    """`operate` is cut off; `findings` says what is wrong with what it has left, and takes that away."""

    operate: Callable[[], object]
    findings: Callable[[], list[str]]
    stride: int = 1


def die_at_call(number: int) -> None:
    left = [number]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(COUNTED):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def die_at_bytes(number: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    fail_at_bytes(number)


def fail_at_bytes(number: int) -> None:
    size = (number - 1) * STEP_BYTES
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def tries(trial: Trial, cut: Callable[[int], None]) -> Iterator[str]:
    """Each time later, until it comes through. The last line says how often that was."""
    number, code = 0, -1
    while code != 0:
        number += trial.stride
        child = os.fork()
        if not child:
            _operate(trial, cut, number)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code not in (0, 1, -signal.SIGKILL, -signal.SIGXFSZ):
            yield f"{cut.__name__} {number}: ended with {code}"
        for finding in _findings(trial):
            yield f"{cut.__name__} {number}: {finding}"
    yield f"{cut.__name__} {number // trial.stride} tries"


def _findings(trial: Trial) -> list[str]:
    try:
        return trial.findings()
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def _operate(trial: Trial, cut: Callable[[int], None], number: int) -> None:
    """1: refused, as an error that a user can read."""
    try:
        cut(number)
        trial.operate()
    except (SnapshotRefused, ForkRefused, OSError):
        os._exit(1)
    except BaseException:
        os._exit(2)
    os._exit(0)


def saving(folder: Path) -> Trial:
    data, target = cluster(folder / "cluster"), folder / "a.snapshot"

    def findings() -> list[str]:
        found = _wrong(data)
        if target.exists():
            one = read(target)
            found += [] if (one.revision, one.keys) == EXTENT and one.whole else [f"half a snapshot: {one}"]
            target.unlink()
        return found

    return Trial(lambda: save(data, target), findings)


def restoring(folder: Path) -> Trial:
    source = save(cluster(folder / "cluster"), folder / "a.snapshot").path
    data = DataDirectory(folder / "restored")

    def findings() -> list[str]:
        if not data.is_cluster:
            restore(source, data)
        found = _wrong(data)
        shutil.rmtree(data.root)
        return found

    return Trial(lambda: restore(source, data), findings, RESTORE_STRIDE)


def forking(folder: Path) -> Trial:
    data = cluster(folder / "cluster")

    def findings() -> list[str]:
        if not fork_directory(data, "second").root.exists():
            make(data, "second")
        (fork,) = forks(data)
        found = _wrong(data) + _wrong(fork.data)
        shutil.rmtree(data.forks)
        return found

    return Trial(lambda: make(data, "second"), findings)


def _wrong(data: DataDirectory) -> list[str]:
    found = []
    if not data.is_cluster or settings.load(data.settings) is None:
        found.append(f"{data.root} is no cluster")
    if (data.pki / "sa.key").read_text() != "key of tokens":
        found.append(f"{data.root} has another key")
    with suppress(sqlite3.Error):
        if read_extent(data.ledger) == EXTENT:
            return found + check_file(data.ledger)
    return [*found, f"{data.ledger} is not whole"]


def cluster(root: Path) -> DataDirectory:
    data = DataDirectory(root)
    data.prepare()
    (data.pki / "sa.key").write_text("key of tokens")
    kept = settings.Settings("simulated", 6443, "127.70.0.0/16", "127.130.0.0/17", "first", 0, "1.37")
    settings.save(data.settings, kept)
    asyncio.run(_fill(data.ledger))
    return data


async def _fill(path: Path) -> None:
    ledger = await SqliteLedger.open(path)
    await asyncio.gather(*(ledger.create(b"/%05d" % each, b"x" * 1000) for each in range(KEYS)))
    await ledger.close()


def be_careless(folder: Path) -> None:
    """Work in the place where the result is looked for."""
    root = folder / "restored"

    def stage(found: Path, data: DataDirectory) -> DataDirectory:
        data.prepare()
        shutil.copytree(found / "pki", data.pki, dirs_exist_ok=True)
        shutil.copyfile(found / "settings.json", data.settings)
        snapshot.copy_file(found / "ledger.db", data.ledger)
        return data

    def make_folder(dir: Path, prefix: str) -> Path:
        (dir / "second").mkdir()
        return dir / "second"

    snapshot._staged = stage
    snapshot._settle = lambda stage, data: None
    snapshot._clear = lambda data: shutil.rmtree(root / "pki")
    pack = snapshot._pack
    snapshot._pack = lambda data, ledger, packed: pack(data, ledger, folder / "a.snapshot")
    forking_room.mkdtemp = make_folder  # type: ignore[assignment]


def main() -> None:
    trials = {"save": saving, "restore": restoring, "fork": forking}
    trial = trials[sys.argv[1]](Path(sys.argv[2]))
    careless = sys.argv[3:] == ["careless"]
    if careless:
        be_careless(Path(sys.argv[2]))
    for cut in (die_at_call, die_at_bytes, fail_at_bytes):
        for line in tries(trial, cut):
            sys.stdout.write(f"{line}\n")
            if careless and not line.endswith(" tries"):
                return  # found out


if __name__ == "__main__":
    main()

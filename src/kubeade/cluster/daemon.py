"""Leaving the terminal: the cluster's own process, and finding it again.

A cluster is found by process id, start time *and* boot, so that a recycled id is never taken for it.
"""

import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from kubeade.cluster import progress
from kubeade.cluster.pki import write_private

KILL_TIMEOUT_SECONDS = 10.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Process(msgspec.Struct):
    """One process for good: `start_ticks` is field 22 of /proc/PID/stat (0 where there is no /proc), counted
    from the boot that `boot_id` names."""

    pid: int
    start_ticks: int
    boot_id: str = ""

    @property
    def alive(self) -> bool:
        same_boot = self.boot_id == boot_id()
        return same_boot and _exists(self.pid) and start_ticks(self.pid) == self.start_ticks

    @property
    def suspended(self) -> bool:
        """Stopped by a signal (SIGSTOP, a debugger): it cannot answer."""
        fields = _stat_fields(self.pid)
        return bool(fields) and fields[0] in "Tt"


def start_ticks(pid: int) -> int:
    """When the process started, in clock ticks since boot; -1 when it is gone, 0 where it cannot be told."""
    if not Path("/proc/self/stat").exists():
        return 0
    fields = _stat_fields(pid)
    return -1 if not fields or fields[0] == "Z" else int(fields[19])


def _stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def boot_id() -> str:
    """Changes with every boot; empty where the kernel does not tell."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def this_process() -> Process:
    return Process(os.getpid(), start_ticks(os.getpid()), boot_id())


def record(path: Path, process: Process) -> None:
    write_private(path, msgspec.json.encode(process))


def recorded(path: Path) -> Process | None:
    """The process that runs the cluster, None when it does not run."""
    try:
        process = msgspec.json.decode(path.read_bytes(), type=Process)
    except (OSError, msgspec.MsgspecError):
        return None
    return process if process.alive else None


def stop(process: Process, timeout_seconds: float) -> bool:
    """SIGTERM, then wait; False when it is still there after the timeout. One that is suspended goes on."""
    return _signal(process, (signal.SIGTERM, signal.SIGCONT), timeout_seconds)


def kill(process: Process) -> bool:
    """SIGKILL, then wait; False when even that does not end it (it waits for a device, for example)."""
    return _signal(process, (signal.SIGKILL,), KILL_TIMEOUT_SECONDS)


def _signal(process: Process, numbers: Sequence[signal.Signals], timeout_seconds: float) -> bool:
    """Whether the process has ended in time. The descriptor keeps meaning this one, whoever gets its id."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        if not process.alive:
            return True
        for number in numbers:
            signal.pidfd_send_signal(descriptor, number)
        return bool(select.select([descriptor], [], [], timeout_seconds)[0])
    except ProcessLookupError:
        return True
    finally:
        os.close(descriptor)


def detach(log: Path, work: Callable[[progress.Report], None]) -> Iterator[progress.Step]:
    """Run `work` in a process of its own session, its output in `log`; yields the steps it reports.

    The iteration ends with a ready or failed step, or when the process ends without either.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork() == 0:
        os.close(reader)
        _become_daemon(log, writer, work)
    os.close(writer)
    with os.fdopen(reader, "rb") as lines:
        for line in lines:
            step = progress.decode(line)
            yield step
            if step.kind in ("ready", "failed"):
                return
    yield progress.Step("failed", f"the cluster's process ended before it was ready; its log: {log}")


def _become_daemon(log: Path, writer: int, work: Callable[[progress.Report], None]) -> None:
    """In the child: never returns."""
    code = 1
    try:
        os.setsid()
        _redirect(log)
        with os.fdopen(writer, "wb", buffering=0) as pipe:
            work(lambda step: _send(pipe.fileno(), step))
        code = 0
    except Exception:  # noqa: BLE001 - whatever it is, the log is where it can be read
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _send(descriptor: int, step: progress.Step) -> None:
    try:
        os.write(descriptor, progress.encode(step))
    except BrokenPipeError:
        return  # the command that waited was interrupted; the cluster goes on


def _redirect(log: Path) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(null)
    os.close(output)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""The cluster's process is told from every other, and ended, whatever state it is in."""

import os
import signal
import subprocess
import sys

import pytest

from kubeade.cluster import daemon

DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
)


@pytest.fixture
def child():
    """Starts Python programs that are killed in the end; each has written a line before it is handed over."""
    started = []

    def start(code="print('here', flush=True); import signal; signal.pause()"):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        process.stdout.readline()
        started.append(process)
        return process, daemon.Process(process.pid, daemon.start_ticks(process.pid), daemon.boot_id())

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_recorded_process_is_found_again(tmp_path, child):
    _, process = child()
    daemon.record(tmp_path / "process.json", process)
    assert daemon.recorded(tmp_path / "process.json") == process


def test_ended_process_is_not_found(tmp_path, child):
    running, process = child()
    daemon.record(tmp_path / "process.json", process)
    running.kill()
    running.wait()
    assert daemon.recorded(tmp_path / "process.json") is None


def test_recycled_id_is_somebody_elses(child):
    running, process = child()
    other = daemon.Process(process.pid, process.start_ticks - 1, process.boot_id)
    assert not other.alive
    assert daemon.stop(other, 5)
    assert daemon.kill(other)
    assert running.poll() is None


def test_same_id_and_ticks_after_a_reboot_are_somebody_elses(child):
    running, process = child()
    assert daemon.stop(daemon.Process(process.pid, process.start_ticks, "another boot"), 5)
    assert running.poll() is None


def test_suspended_process_goes_on_in_order_to_end(child):
    running, process = child()
    os.kill(running.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, running.pid, os.WSTOPPED)
    assert process.suspended
    assert daemon.stop(process, 5)
    assert running.wait() == -signal.SIGTERM


def test_deaf_process_is_reported_and_can_be_killed(child):
    running, process = child(DEAF)
    assert not daemon.stop(process, 0.1)
    assert daemon.kill(process)
    assert running.wait() == -signal.SIGKILL

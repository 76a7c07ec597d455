"""What the machine uses, read from a /proc of one's own."""

from pathlib import Path

from kubeade.kubelet.stats.machine import MachineUsage, filesystem_room, measure_machine

NET = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0
  ifb0:  1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0
  eth0:  2500 9 3 0 0 0 0 0 700 8 4 0 0 0 0 0
"""


def proc(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "sys" / "kernel").mkdir(parents=True)
    (tmp_path / "net" / "dev").write_text(NET)
    (tmp_path / "sys" / "kernel" / "pid_max").write_text("32768\n")
    (tmp_path / "sys" / "kernel" / "threads-max").write_text("1000\n")
    (tmp_path / "loadavg").write_text("0.1 0.2 0.3 2/345 6789\n")
    (tmp_path / "stat").write_text("cpu  100 0 50 9000 10 0 50 0 7 7\nbtime 1700000000\n")
    meminfo = (
        "MemTotal: 1000 kB\nMemFree: 300 kB\nInactive(file): 200 kB\nAnonPages: 150 kB\nHugePages_Total: 0\n"
    )
    (tmp_path / "meminfo").write_text(meminfo + "SwapTotal: 50 kB\nSwapFree: 40 kB\n")
    return tmp_path


def test_busy_time_leaves_out_idling_and_waiting(tmp_path):
    usage = measure_machine(proc(tmp_path))
    assert usage.cpu_nanoseconds == 2_000_000_000
    assert usage.boot_time_seconds == 1_700_000_000


def test_cache_that_can_be_dropped_is_no_working_set(tmp_path):
    usage = measure_machine(proc(tmp_path))
    assert usage.working_set_bytes == 500 * 1024
    assert usage.memory_available_bytes == 500 * 1024
    assert (usage.rss_bytes, usage.swap_used_bytes) == (150 * 1024, 10 * 1024)


def test_processes_and_interfaces(tmp_path):
    usage = measure_machine(proc(tmp_path))
    assert (usage.pid_limit, usage.processes) == (1000, 345)
    first = usage.interfaces[0]
    assert [each.name for each in usage.interfaces] == ["eth0", "ifb0"]
    assert (first.rx_bytes, first.rx_errors, first.tx_bytes, first.tx_errors) == (2500, 3, 700, 4)


def test_system_without_proc_says_nothing(tmp_path):
    assert measure_machine(tmp_path / "none") == MachineUsage()


def test_room_of_a_directory_that_is_not_there_yet_is_its_parents(tmp_path):
    assert filesystem_room(tmp_path / "a" / "b").capacity_bytes == filesystem_room(tmp_path).capacity_bytes

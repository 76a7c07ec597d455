"""Resource groups of both versions, in a directory that looks like theirs."""

from pathlib import Path

import pytest

from kubeade.runtime.launcher import cgroups
from kubeade.runtime.launcher.cgroups import Cgroups

V1 = ("cpu", "cpuacct", "memory", "pids")


@pytest.fixture
def first(tmp_path):
    for controller in V1:
        (tmp_path / controller).mkdir()
    return Cgroups("kubeade-x", str(tmp_path))


@pytest.fixture
def second(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("cpu io memory pids\n")
    for directory in (tmp_path, tmp_path / "kubeade-x", tmp_path / "kubeade-x" / "pod"):
        directory.mkdir(exist_ok=True)
        (directory / "cgroup.controllers").write_text("cpu io memory pids\n")
        (directory / "cgroup.subtree_control").write_text("")
    return Cgroups("kubeade-x", str(tmp_path))


def put(paths, **files):
    """The kernel's files of a group; `__` stands for a dot."""
    for path in paths.values():
        for name, text in files.items():
            (Path(path) / name.replace("__", ".")).write_text(text)


def test_group_of_version_one_has_a_directory_for_each_controller(first, tmp_path):
    paths = first.create("c")
    assert first.version == 1
    assert set(paths) == set(V1)
    assert paths["memory"] == str(tmp_path / "memory" / "kubeade-x" / "c")


def test_group_of_version_two_is_one_directory_below_groups_that_pass_controllers_on(second, tmp_path):
    assert second.version == 2
    assert second.create("c", "pod") == {"unified": str(tmp_path / "kubeade-x" / "pod" / "c")}
    for directory in (tmp_path, tmp_path / "kubeade-x", tmp_path / "kubeade-x" / "pod"):
        passed_on = (directory / "cgroup.subtree_control").read_text()
        assert passed_on.startswith("+pids"), "the last of three writes"


def test_group_in_another_goes_with_it(first, tmp_path):
    paths = first.create("c", "pod")
    assert cgroups.outer(paths)["cpu"] == str(tmp_path / "cpu" / "kubeade-x" / "pod")
    first.remove(paths)
    first.remove_outer("pod")
    assert not list(tmp_path.glob("*/kubeade-x/*"))


def test_group_is_joined_as_a_thread_on_version_one_and_as_a_process_on_version_two(first, second):
    old, new = first.create("c"), second.create("c")
    put(old, tasks="", cgroup__procs="")
    put(new, cgroup__procs="")
    cgroups.join(old)
    cgroups.join(new)
    assert {(Path(path) / "tasks").read_text() for path in old.values()} == {"0"}
    assert (Path(new["unified"]) / "cgroup.procs").read_text() == "0"


def test_limits_are_written_in_each_versions_words(first, second):
    del first
    resources = {"cpu_quota": 50_000, "cpu_shares": 1024, "memory_limit_in_bytes": 1 << 20, "pids_limit": -1}
    paths = second.create("c")
    put(paths, cpu__max="", cpu__weight="", memory__max="", pids__max="")
    assert cgroups.limit(paths, resources) == []
    group = Path(paths["unified"])
    assert (group / "cpu.max").read_text() == "50000 100000"
    assert (group / "cpu.weight").read_text() == "39"
    assert (group / "memory.max").read_text() == "1048576"
    assert (group / "pids.max").read_text() == "max"


def test_limit_that_cannot_be_set_is_named(first):
    paths = first.create("c")
    assert cgroups.limit(paths, {"memory_limit_in_bytes": 1}) == [
        "memory.limit_in_bytes: No such file or directory"
    ]
    assert cgroups.limit({}, {"pids_limit": 5}) == ["pids.max: no such controller"]


def test_processors_of_ones_own_are_not_promised(second):
    paths = second.create("c")
    assert cgroups.limit(paths, {"cpuset_cpus": "0-1", "cpuset_mems": ""}) == ["cpuset_cpus: not supported"]


def test_usage_of_version_one(first):
    paths = first.create("c")
    put(
        paths,
        cpuacct__usage="7000\n",
        memory__usage_in_bytes="1000\n",
        memory__stat="total_inactive_file 300\ntotal_rss 500\ntotal_swap 5\ntotal_pgfault 9\ntotal_pgmajfault 1\n",
    )
    assert cgroups.usage(paths) == {
        "cpu": 7000,
        "memory": 1000,
        "working_set": 700,
        "rss": 500,
        "swap": 5,
        "faults": 9,
        "major_faults": 1,
    }


def test_usage_of_version_two(second):
    paths = second.create("c")
    put(
        paths,
        cpu__stat="usage_usec 7\nuser_usec 3\n",
        memory__current="1000\n",
        memory__stat="anon 500\ninactive_file 1200\npgfault 9\npgmajfault 1\n",
        memory__swap__current="5\n",
    )
    assert cgroups.usage(paths) == {
        "cpu": 7000,
        "memory": 1000,
        "working_set": 0,
        "rss": 500,
        "swap": 5,
        "faults": 9,
        "major_faults": 1,
    }


def test_usage_without_a_group_is_not_known():
    assert cgroups.usage({}) is None


def test_kernels_kill_is_seen_in_both_versions(first, tmp_path):
    paths = first.create("c")
    put(paths, memory__oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    assert cgroups.killed_for_memory(paths)
    (tmp_path / "memory.events").write_text("low 0\noom_kill 0\n")
    assert not cgroups.killed_for_memory({"unified": str(tmp_path)})

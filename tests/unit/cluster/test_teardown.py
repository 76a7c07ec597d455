"""`down` ends what hangs, and deletes what is the cluster's and nothing else."""

import subprocess
import sys

import pytest

from kubeade.cluster import daemon
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.teardown import take_down

DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
)
SETTINGS = (
    '{"network":"simulated","api_port":1,"pod_cidr":"10.64.0.0/16","service_cidr":"10.128.0.0/17",'
    '"node_name":"n","simulated_nodes":0,"kubernetes_version":"1.37"}'
)


@pytest.fixture
def data(tmp_path):
    data = DataDirectory(tmp_path / "cluster")
    data.prepare()
    data.settings.write_text(SETTINGS)
    return data


def kinds(steps):
    return [step.kind for step in steps]


def test_deleting_leaves_nothing(data):
    (data.kubelet / "pods").mkdir()
    data.log.write_text("started\n")
    steps = list(take_down(data, delete=True))
    assert kinds(steps) == ["step", "step"]
    assert not data.root.exists()


def test_without_deletion_everything_but_the_pods_stays(data):
    list(take_down(data, delete=False))
    assert data.settings.exists()
    assert data.pki.exists()
    assert not data.runtime.exists()


def test_foreign_files_stay_and_are_named(data):
    (data.root / "recipe.txt").write_text("lemons\n")
    steps = list(take_down(data, delete=True))
    assert steps[-1].kind == "note"
    assert "recipe.txt" in steps[-1].text
    assert [path.name for path in data.root.iterdir()] == ["recipe.txt"]


def test_links_are_removed_but_not_followed(data, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    data.images.symlink_to(elsewhere)
    (data.pki / "link").symlink_to(elsewhere)
    list(take_down(data, delete=True))
    assert not data.root.exists()
    assert (elsewhere / "precious").exists()


def test_process_that_hangs_is_killed_and_that_is_said(data):
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        recorded = daemon.Process(process.pid, daemon.start_ticks(process.pid), daemon.boot_id())
        daemon.record(data.process, recorded)
        steps = list(take_down(data, delete=True, stop_timeout_seconds=0.1))
        assert process.wait() == -9
    assert f"process {process.pid} did not end within 0.1 s: it is killed" in [step.text for step in steps]
    assert not data.root.exists()


def test_damaged_settings_do_not_keep_a_cluster_from_being_deleted(data):
    data.settings.write_text("{")
    steps = list(take_down(data, delete=True))
    assert "damaged" in steps[0].text
    assert not data.root.exists()


def test_manifests_may_wait_for_the_first_start_and_outlive_the_cluster(tmp_path):
    data = DataDirectory(tmp_path)
    data.manifests.mkdir()
    data.prepare()
    data.settings.write_text(SETTINGS)
    steps = list(take_down(data, delete=True))
    assert "manifests" in steps[-1].text
    assert [path.name for path in tmp_path.iterdir()] == ["manifests"]


def test_directory_that_is_no_cluster_is_not_taken(tmp_path):
    (tmp_path / "photo.jpg").touch()
    data = DataDirectory(tmp_path)
    assert not data.is_cluster
    with pytest.raises(OSError, match="not empty and no cluster"):
        data.prepare()
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]

"""What of this machine is in `kubeade.local/host`, and what is not."""

import pytest

from kubeade.runtime.images import host


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(host, "_HOMES", str(tmp_path / "home"))
    path = tmp_path / "home" / "somebody"
    path.mkdir(parents=True)
    return path


def mount(path, kind="ext4"):
    return f"27 1 254:0 / {path} rw,relatime - {kind} /dev/vda rw"


def test_secrets_of_every_home_are_hidden(home, tmp_path):
    (home / ".ssh").mkdir()
    (home / ".netrc").write_text("secret")
    hidden = host.host_rootfs(tmp_path / "data")["hidden"]
    assert {str(home / ".ssh"), str(home / ".netrc")} <= set(hidden)
    assert str(home / ".aws") not in hidden, "it is not there"


def test_secrets_behind_a_symlink_are_hidden_where_they_are(home, tmp_path):
    real = tmp_path / "dotfiles" / "ssh"
    real.mkdir(parents=True)
    (home / ".ssh").symlink_to(real)
    assert str(real) in host.host_rootfs(tmp_path / "data")["hidden"]


def test_own_data_is_hidden(tmp_path):
    assert str(tmp_path / "data") in host.host_rootfs(tmp_path / "data")["hidden"]


def test_submounts_of_disks_are_part_of_it_parents_first(tmp_path):
    inner, outer = tmp_path / "a" / "b", tmp_path / "a"
    inner.mkdir(parents=True)
    mounts = "\n".join([mount("/"), mount(inner), mount(outer, "xfs"), mount("/proc", "proc")])
    assert host.submounts(mounts, []) == [str(outer), str(inner)]


def test_nothing_is_laid_over_a_submount_that_is_hidden_anyway(tmp_path):
    layers = tmp_path / "docker" / "overlay2"
    beside = tmp_path / "docker-data"
    layers.mkdir(parents=True)
    beside.mkdir()
    mounts = "\n".join([mount(layers, "overlay"), mount(beside)])
    assert host.submounts(mounts, [str(tmp_path / "docker")]) == [str(beside)]

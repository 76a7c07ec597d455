"""Volumes in memory: really mounted, bounded, and gone afterwards."""

import errno
import os

import pytest

from kubeade.kubelet.volumes.mounter import LinuxMounter


@pytest.fixture
def mounted(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    target = tmp_path / "cache"
    target.mkdir()
    mounter = LinuxMounter()
    try:
        mounter.mount_tmpfs(target, 1 << 20)
    except PermissionError as refused:
        pytest.skip(f"this root may not mount: {refused}")
    yield mounter, target
    mounter.unmount(target)


def test_memory_is_mounted_once_for_everybody(mounted):
    mounter, target = mounted
    (target / "x").write_text("kept")
    mounter.mount_tmpfs(target, 1 << 20)
    assert (target / "x").read_text() == "kept"
    assert target.stat().st_mode & 0o7777 == 0o777


def test_limit_holds(mounted):
    _, target = mounted
    with pytest.raises(OSError) as full:
        (target / "x").write_bytes(b"x" * (2 << 20))
    assert full.value.errno == errno.ENOSPC


def test_unmounting_leaves_the_empty_directory_and_may_be_repeated(mounted):
    mounter, target = mounted
    (target / "x").write_text("gone")
    mounter.unmount(target)
    mounter.unmount(target)
    assert not target.is_mount()
    assert list(target.iterdir()) == []

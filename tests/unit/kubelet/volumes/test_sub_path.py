"""A subPath stays inside its volume, whatever a container has put there."""

import os

import pytest

from kubeade.kubelet.failures import VolumeError
from kubeade.kubelet.volumes.sub_path import resolve_sub_path


@pytest.fixture
def volume(tmp_path):
    volume = tmp_path / "volume"
    volume.mkdir()
    (tmp_path / "secret").write_text("not yours")
    return volume


def test_existing_file_is_found(volume):
    (volume / "a").mkdir()
    (volume / "a/file").write_text("x")
    assert resolve_sub_path(volume, "a/file") == (volume, "a/file")


def test_missing_directories_are_made(volume):
    assert resolve_sub_path(volume, "new/deep") == (volume, "new/deep")
    assert (volume / "new/deep").is_dir()


def test_link_inside_the_volume_is_followed(volume):
    (volume / "real").mkdir()
    (volume / "link").symlink_to("real")
    assert resolve_sub_path(volume, "link") == (volume, "real")
    assert resolve_sub_path(volume, ".") == (volume, "")


@pytest.mark.parametrize("target", ["..", "../secret", "/etc", "/"])
def test_link_out_of_the_volume_is_refused(volume, target):
    (volume / "link").symlink_to(target)
    with pytest.raises(VolumeError, match="not within volume"):
        resolve_sub_path(volume, "link")


@pytest.mark.parametrize("sub_path", ["../secret", "a/../../secret", "/etc/passwd"])
def test_path_that_names_its_way_out_is_refused(volume, sub_path):
    with pytest.raises(VolumeError):
        resolve_sub_path(volume, sub_path)


def test_link_swapped_in_after_the_check_is_refused(volume, monkeypatch):
    """The walk itself follows no link: what was resolved must still be what is there."""
    (volume / "a").mkdir()
    (volume / "a/b").mkdir()
    real = os.path.realpath

    def swap(path, **options):
        found = real(path, **options)
        if str(path).endswith("a/b"):
            (volume / "a/b").rmdir()
            (volume / "a").rmdir()
            (volume / "a").symlink_to("/etc")
        return found

    monkeypatch.setattr("kubeade.kubelet.volumes.sub_path.os.path.realpath", swap)
    with pytest.raises(VolumeError):
        resolve_sub_path(volume, "a/b")

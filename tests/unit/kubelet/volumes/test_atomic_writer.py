"""A volume's files change all at once, and never leave the volume."""

import os

import pytest

from kubeade.kubelet.failures import VolumeError
from kubeade.kubelet.volumes.atomic_writer import FileContent, write_atomically


def content(text, mode=0o644):
    return FileContent(text.encode(), mode)


def test_files_appear_under_their_names(tmp_path):
    write_atomically(tmp_path, {"menu": content("lemonade"), "deep/er/price": content("1", 0o400)})
    assert (tmp_path / "menu").read_text() == "lemonade"
    assert (tmp_path / "deep/er/price").read_text() == "1"
    assert (tmp_path / "deep/er/price").stat().st_mode & 0o777 == 0o400
    assert os.readlink(tmp_path / "menu") == "..data/menu"


def test_change_replaces_the_whole_set(tmp_path):
    write_atomically(tmp_path, {"a": content("1"), "b": content("1")})
    first = os.readlink(tmp_path / "..data")
    write_atomically(tmp_path, {"b": content("2"), "c": content("2")})
    assert sorted(each.name for each in tmp_path.iterdir() if not each.name.startswith("..")) == ["b", "c"]
    assert (tmp_path / "b").read_text() == "2"
    assert not (tmp_path / first).exists()


def test_open_reader_keeps_the_old_set(tmp_path):
    write_atomically(tmp_path, {"a": content("old")})
    with (tmp_path / "a").open() as reader:
        write_atomically(tmp_path, {"a": content("new")})
        assert reader.read() == "old"


def test_equal_contents_change_nothing(tmp_path):
    write_atomically(tmp_path, {"a": content("1")})
    before = os.readlink(tmp_path / "..data")
    write_atomically(tmp_path, {"a": content("1")})
    assert os.readlink(tmp_path / "..data") == before


def test_empty_set_is_a_set(tmp_path):
    write_atomically(tmp_path, {"a": content("1")})
    write_atomically(tmp_path, {})
    assert not (tmp_path / "a").is_symlink()


@pytest.mark.parametrize("path", ["../out", "a/../../out", "/etc/passwd", "..data", "..hidden/x", "", "a/.."])
def test_path_that_could_leave_the_volume_is_refused(tmp_path, path):
    target = tmp_path / "volume"
    target.mkdir()
    with pytest.raises(VolumeError, match="invalid path"):
        write_atomically(target, {path: content("x")})
    assert list(target.iterdir()) == []
    assert [each.name for each in tmp_path.iterdir()] == ["volume"]


def test_own_is_called_before_the_files_are_visible(tmp_path):
    seen = []
    write_atomically(tmp_path, {"a": content("1")}, lambda root: seen.append((tmp_path / "a").exists()))
    assert seen == [False]

"""What is removed is out of sight at once; its files go a moment later, with nobody waiting for them."""

import os

import pytest

from kubeade.runtime.launcher import trash
from kubeade.runtime.launcher.trash import Trash


class Timers:
    """The launcher's loop, as far as the trash needs it: what is due runs when the test says so."""

    def __init__(self):
        self.due = []

    def after(self, seconds, callback):
        self.due.append(callback)

    def run(self):
        due, self.due = self.due, []
        for callback in due:
            callback()


@pytest.fixture
def timers():
    return Timers()


@pytest.fixture
def children(monkeypatch):
    """The processes that were forked."""
    forked = []
    real = os.fork

    def fork():
        pid = real()
        if pid:
            forked.append(pid)
        return pid

    monkeypatch.setattr(trash.os, "fork", fork)
    return forked


def full(path):
    (path / "scratch" / "deep").mkdir(parents=True)
    (path / "scratch" / "deep" / "file").write_text("x")
    return str(path)


def test_removed_directory_is_out_of_sight_at_once_and_off_the_disk_after_a_sweep(tmp_path, timers, children):
    bin_ = Trash(str(tmp_path), timers)
    bin_.take(full(tmp_path / "one"))
    bin_.take(full(tmp_path / "two"))
    assert [path.name for path in tmp_path.iterdir()] == ["trash"]
    timers.run()
    assert len(children) == 1, "one child for all of them"
    os.waitpid(children[0], 0)
    assert list((tmp_path / "trash").iterdir()) == []


def test_what_an_earlier_launcher_left_is_swept(tmp_path, timers, children):
    full(tmp_path / "trash" / "left")
    Trash(str(tmp_path), timers)
    timers.run()
    os.waitpid(children[0], 0)
    assert list((tmp_path / "trash").iterdir()) == []


def test_one_sweep_at_a_time(tmp_path, timers, children):
    bin_ = Trash(str(tmp_path), timers)
    bin_.take(full(tmp_path / "one"))
    timers.run()
    bin_.take(full(tmp_path / "two"))
    timers.run()
    assert len(children) == 1
    os.waitpid(children[0], 0)
    bin_.swept(children[0])
    timers.run()
    assert len(children) == 2
    os.waitpid(children[1], 0)
    assert list((tmp_path / "trash").iterdir()) == []


def test_directory_that_is_not_there_is_no_error(tmp_path, timers):
    Trash(str(tmp_path), timers).take(str(tmp_path / "nothing"))

"""What a launcher remembers is what it saved last, whatever has happened to it or to the disk since."""

import pytest

from kubeade.runtime.launcher import records
from kubeade.runtime.launcher.records import Records


@pytest.fixture
def kept(tmp_path):
    return Records(str(tmp_path))


def record(identifier="a", created_at=1, **more):
    return {"id": identifier, "created_at": created_at, **more}


def test_last_state_counts(kept):
    kept.save(record(state="created"))
    kept.save(record(state="running", pid=7))
    kept.save(record(state="exited", message="line\none"))
    assert kept.load() == [record(state="exited", message="line\none")]


def test_oldest_comes_first(kept):
    kept.save(record("b", 2))
    kept.save(record("a", 1))
    kept.save(record("c", 3))
    assert [found["id"] for found in kept.load()] == ["a", "b", "c"]


def test_line_that_was_cut_off_leaves_the_state_before(kept, tmp_path):
    kept.save(record(state="created"))
    with (tmp_path / "a" / records.NAME).open("a") as file:
        file.write('\n{"id": "a", "created')
    assert kept.load() == [record(state="created")]
    kept.save(record(state="running"))
    assert kept.load() == [record(state="running")]


def test_directory_without_a_record_is_passed_over(kept, tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "spoilt").mkdir()
    (tmp_path / "spoilt" / records.NAME).write_text("nothing")
    assert kept.load() == []


def test_file_does_not_grow_for_ever(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "_LIMIT_BYTES", 1000)
    for number in range(100):
        kept.save(record(state="running", number=number))
    assert (tmp_path / "a" / records.NAME).stat().st_size < 1100
    assert kept.load() == [record(state="running", number=99)]

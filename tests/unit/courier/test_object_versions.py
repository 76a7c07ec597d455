"""What a version changed, and which one was there at a time."""

from datetime import datetime
from typing import Any

from kubeade.courier.versions import Version, at_time, changes, version_of


def _object(replicas: int, time: str, **metadata: Any) -> dict[str, Any]:
    managed = [{"manager": "kubectl", "time": time}]
    return {"metadata": {"name": "web", "managedFields": managed, **metadata}, "spec": {"replicas": replicas}}


def test_changes_are_told_by_path() -> None:
    before = _object(2, "a", resourceVersion="1", labels={"old": "1"})
    after = _object(3, "b", resourceVersion="2", labels={"new": "1"})
    assert list(changes(before, after)) == [
        "+ metadata.labels.new: 1",
        "- metadata.labels.old: 1",
        "spec.replicas: 2 -> 3",
    ]


def test_lists_are_compared_by_place_or_as_a_whole() -> None:
    assert list(changes({"a": [1, 2]}, {"a": [1, 3]})) == ["a[1]: 2 -> 3"]
    assert list(changes({"a": [1]}, {"a": [1, 3]})) == ["a: [1] -> [2]"]


def test_nothing_new_is_nothing_told() -> None:
    assert list(changes(_object(1, "a"), _object(1, "b"))) == []


def test_the_youngest_date_in_it_is_when_it_was_written() -> None:
    found = _object(1, "2026-01-02T00:00:00Z", creationTimestamp="2026-01-01T00:00:00Z")
    version = version_of({"resourceVersion": "7", "author": "eve", "object": found})
    assert (version.revision, version.when, version.author) == (7, "2026-01-02T00:00:00Z", "eve")


def test_a_time_finds_the_version_that_was_there() -> None:
    versions = [Version(n, f"2026-01-0{n}T00:00:00Z", "", {}) for n in (3, 2, 1)]
    noon = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    assert at_time(versions, noon) == versions[1]
    same_moment = datetime.fromisoformat("2026-01-02T01:00:00+02:00")
    assert at_time(versions, same_moment) == versions[2]
    assert at_time(versions, datetime.fromisoformat("2025-01-01T00:00:00+00:00")) is None

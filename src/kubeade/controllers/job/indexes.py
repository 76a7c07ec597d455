"""Completion indexes of Indexed Jobs: read from pods, and in a status's compressed form
(`0,2-5`). Pure.
"""

from collections.abc import Iterable

from kubeade.api.parts import text
from kubeade.api.resource import Object

COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"
FAILURE_COUNT = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURE_COUNT = "batch.kubernetes.io/job-index-ignored-failure-count"


def index_of(pod: Object) -> int | None:
    return _annotation(pod, COMPLETION_INDEX)


def failure_count(pod: Object) -> int:
    """How many pods of this index failed before this one, and counted."""
    return _annotation(pod, FAILURE_COUNT) or 0


def ignored_failure_count(pod: Object) -> int:
    return _annotation(pod, IGNORED_FAILURE_COUNT) or 0


def _annotation(pod: Object, name: str) -> int | None:
    value = text(pod, "metadata", "annotations", name)
    return int(value) if value.isascii() and value.isdigit() else None


def parse_indexes(intervals: str, limit: int) -> set[int]:
    """The indexes below `limit`; what is not readable is left out."""
    found: set[int] = set()
    for interval in intervals.split(",") if intervals else ():
        first, _, last = interval.partition("-")
        if first.isdigit() and (last or first).isdigit():
            found.update(range(int(first), min(limit, int(last or first) + 1)))
    return found


def format_indexes(indexes: Iterable[int]) -> str:
    """`0,2-5`: runs of three and more become an interval."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(_format_run(first, last) for first, last in runs)


def _format_run(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"

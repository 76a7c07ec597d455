"""What a recorded run of concurrent clients has to fulfil: linearizability, and what watches guarantee.

In general to decide linearizability is NP-complete. Here every change carries its place in the one
order, its revision, and the events tell all changes: so the order is given, and what is left is to
check that it explains every answer and contradicts no clock:

- every change follows from the state before it, and so does its event;
- an acknowledged write is in the order, exactly once, as it was acknowledged; a refused one is not;
- what ended before another began comes before it, by revision, for writes and reads alike;
- a refusal names a state that the key had while the call was under way;
- a read shows the state of one revision, not older than what was known when it began.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from workload import Operation

from kubeade.store.ledger import (
    EventType,
    KeyExists,
    LedgerEvent,
    Record,
    RevisionMismatch,
)

State = dict[bytes, Record]
EMPTY_REVISION = 1


class Order:
    """All changes of a run, by revision, and the state after each."""

    def __init__(self, events: Sequence[LedgerEvent]) -> None:
        self.revisions = [EMPTY_REVISION]
        self.states: list[State] = [{}]
        self.events = {event.record.mod_revision: event for event in events}
        for event in events:
            state = dict(self.states[-1])
            if event.type is EventType.PUT:
                state[event.record.key] = event.record
            else:
                state.pop(event.record.key, None)
            self.states.append(state)
            self.revisions.append(event.record.mod_revision)

    def at(self, revision: int) -> State:
        return self.states[bisect_right(self.revisions, revision) - 1]


def check_events(batches: Sequence[Sequence[LedgerEvent]]) -> list[str]:
    """Ordered, unique, atomic, each with the right record before it."""
    found = []
    state: State = {}
    last = 0
    for batch in batches:
        if batch and batch[0].record.mod_revision <= last:
            found.append(f"a batch begins with revision {batch[0].record.mod_revision} after {last}")
        for event in batch:
            record = event.record
            if record.mod_revision < last:
                found.append(f"revision {record.mod_revision} comes after {last}")
            last = record.mod_revision
            found += _follows(event, state.get(record.key))
            if event.type is EventType.PUT:
                state[record.key] = record
            else:
                state.pop(record.key, None)
    return found


def _follows(event: LedgerEvent, before: Record | None) -> list[str]:
    record, found = event.record, []
    if event.previous != before:
        found.append(f"the event of {record.mod_revision} tells another record before it than there was")
    if b"<%d>" % record.mod_revision not in record.value:
        found.append(f"the value of {record.mod_revision} does not carry its revision")
    if event.type is EventType.DELETE:
        return found if before else [*found, f"{record.mod_revision} deletes what is not there"]
    created = before.create_revision if before else record.mod_revision
    version = before.version + 1 if before else 1
    if (record.create_revision, record.version) != (created, version):
        found.append(f"{record.mod_revision} does not continue its key's versions")
    return found


def check_history(operations: Sequence[Operation], events: Sequence[LedgerEvent]) -> list[str]:
    """Whether the order of the events explains every answer. A line each of what it does not."""
    order = Order(events)
    found: list[str] = []
    claimed: set[int] = set()
    finished = [each for each in operations if each.ended >= 0]
    for operation in finished:
        found += _check_answer(operation, order, claimed)
    return found + _check_time(finished, order)


def _check_answer(operation: Operation, order: Order, claimed: set[int]) -> list[str]:
    outcome = operation.outcome
    if isinstance(outcome, Record):
        event = order.events.get(outcome.mod_revision)
        if event is None or event.record != outcome:
            return [
                f"{operation.kind} of {operation.key!r} was acknowledged, but is not in the order: {outcome}"
            ]
        before = event.previous.mod_revision if event.previous else 0
        wrong = [f"{outcome.mod_revision} swapped {before}"] if before != operation.expected_revision else []
        if outcome.mod_revision in claimed:
            wrong.append(f"revision {outcome.mod_revision} was given twice")
        claimed.add(outcome.mod_revision)
        return wrong
    if operation.kind == "range":
        expected = [record for _, record in sorted(order.at(operation.read_revision).items())]
        if outcome != expected:
            return [f"a range at {operation.read_revision} does not show the state of that revision"]
    return []


def _check_time(operations: Sequence[Operation], order: Order) -> list[str]:
    """Real time: whoever begins after something was known must know at least that."""
    found = []
    known_after: list[tuple[int, int]] = []  # (time, newest revision known by then), both rising
    newest = 0
    for ended, revision in sorted((each.ended, _least_revision(each)) for each in operations):
        newest = max(newest, revision)
        known_after.append((ended, newest))
    times = [time for time, _ in known_after]
    for operation in operations:
        place = bisect_left(times, operation.began)
        known = known_after[place - 1][1] if place else 0
        place = bisect_left(times, operation.ended)
        if not _explained_after(operation, known, order):
            found.append(
                f"{operation.kind} of {operation.key!r} began when {known} was known, and was answered"
                f" with what was before: {operation.outcome!r}"
            )
    return found


def _least_revision(operation: Operation) -> int:
    """The revision that everybody must know of once this answer is there."""
    outcome = operation.outcome
    if isinstance(outcome, Record):
        return outcome.mod_revision
    if operation.kind == "range":
        return operation.read_revision
    return max((record.mod_revision for record in _shown(outcome)), default=0)


def _shown(outcome: object) -> list[Record]:
    if isinstance(outcome, KeyExists | RevisionMismatch):
        return [outcome.current] if outcome.current else []
    return [each for each in outcome if isinstance(each, Record)] if isinstance(outcome, list) else []


def _explained_after(operation: Operation, known: int, order: Order) -> bool:
    """Whether the answer is right at some revision not before `known`."""
    outcome = operation.outcome
    if isinstance(outcome, Record):
        return outcome.mod_revision > known
    if operation.kind == "range":
        return operation.read_revision >= known
    if operation.kind == "get" or isinstance(outcome, KeyExists | RevisionMismatch):
        shown = _shown(outcome)
        wanted = shown[0] if shown else None
        first = bisect_right(order.revisions, known) - 1
        return any(state.get(operation.key) == wanted for state in order.states[max(first, 0) :])
    return True  # a failure: nothing is claimed

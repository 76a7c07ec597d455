"""Decides what becomes of an event: written anew, counted onto an earlier one, or dropped as spam.

The rules are those of upstream's client-go/tools/record: equal events become one with a count; more than
ten alike (all but the message equal) in ten minutes become one "combined" event; one source may say 25
things about one object at once, and one more every five minutes. Pure: dates come in with the events.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from kubeade.api.resource import Object

CACHE_ENTRIES = 4096
SIMILAR_EVENTS = 10
SIMILAR_INTERVAL_SECONDS = 600.0
BURST = 25
REFILL_SECONDS = 300.0
COMBINED_PREFIX = "(combined from similar events): "

_Value = TypeVar("_Value")


class _Recent(Generic[_Value]):
    """A dictionary that forgets what was used longest ago."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, ...], _Value] = OrderedDict()

    def get(self, key: tuple[str, ...]) -> _Value | None:
        if key in self._entries:
            self._entries.move_to_end(key)
        return self._entries.get(key)

    def set(self, key: tuple[str, ...], value: _Value) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > CACHE_ENTRIES:
            self._entries.popitem(last=False)

    def pop(self, key: tuple[str, ...]) -> None:
        self._entries.pop(key, None)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    refilled_at: datetime


@dataclass(slots=True)
class _Alike:
    messages: set[str]
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """An event that is on the server: where, and what it said last."""

    name: str
    count: int
    first_timestamp: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`message` is what to write; `earlier` the event to count onto, None for a new one."""

    message: str
    key: tuple[str, ...]
    earlier: Written | None


@dataclass(slots=True)
class EventCorrelator:
    _buckets: _Recent[_Bucket] = field(default_factory=_Recent)
    _alike: _Recent[_Alike] = field(default_factory=_Recent)
    _written: _Recent[Written] = field(default_factory=_Recent)

    def judge(self, event: Object, now: datetime) -> Verdict | None:
        """What to do with `event`; None: it is spam."""
        if not self._allowed(_source_key(event), now):
            return None
        combined = self._is_one_of_many(event, now)
        message = COMBINED_PREFIX + event["message"] if combined else event["message"]
        key = _similar_key(event) + (("",) if combined else (event["message"],))
        return Verdict(message, key, self._written.get(key))

    def remember(self, verdict: Verdict, written: Written) -> None:
        self._written.set(verdict.key, written)

    def forget(self, verdict: Verdict) -> None:
        """The earlier event is gone from the server."""
        self._written.pop(verdict.key)

    def _allowed(self, key: tuple[str, ...], now: datetime) -> bool:
        bucket = self._buckets.get(key) or _Bucket(BURST, now)
        elapsed_seconds = max(0.0, (now - bucket.refilled_at).total_seconds())
        tokens = min(BURST, bucket.tokens + elapsed_seconds / REFILL_SECONDS)
        allowed = tokens >= 1
        self._buckets.set(key, _Bucket(tokens - 1 if allowed else tokens, now))
        return allowed

    def _is_one_of_many(self, event: Object, now: datetime) -> bool:
        key = _similar_key(event)
        alike = self._alike.get(key)
        if alike is None or (now - alike.last_seen).total_seconds() > SIMILAR_INTERVAL_SECONDS:
            alike = _Alike(set(), now)
        alike.last_seen = now
        many = len(alike.messages) >= SIMILAR_EVENTS and event["message"] not in alike.messages
        if not many:
            alike.messages.add(event["message"])
        self._alike.set(key, alike)
        return many


def _source_key(event: Object) -> tuple[str, ...]:
    source, about = event["source"], event["involvedObject"]
    names = ("kind", "namespace", "name", "uid", "apiVersion")
    return (source["component"], source.get("host", ""), *(str(about.get(name, "")) for name in names))


def _similar_key(event: Object) -> tuple[str, ...]:
    field_path = str(event["involvedObject"].get("fieldPath", ""))
    return (*_source_key(event), field_path, event["type"], event["reason"])

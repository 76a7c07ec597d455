"""Events are written in order, counted when equal, combined when similar, limited when too many."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from kubeade.api.errors import NotFound
from kubeade.api.resource import Object
from kubeade.client.client import Client
from kubeade.lib.http.message import Request, Response
from kubeade.reconcile.event_correlator import BURST, COMBINED_PREFIX
from kubeade.reconcile.events import QUEUE_LIMIT, EventRecorder

POD: Object = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u-1", "resourceVersion": "7"},
}


class HandClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


class EventStore:
    """Answers creates and merge patches of events, as the API server would."""

    def __init__(self) -> None:
        self.events: dict[str, Object] = {}

    async def __call__(self, request: Request) -> Response:
        body = msgspec.json.decode(request.body)
        if request.method == "POST":
            self.events[body["metadata"]["name"]] = body
            return Response(201, body=request.body)
        name = request.path.rpartition("/")[2]
        if name not in self.events:
            return Response(404, body=msgspec.json.encode(NotFound.of("events", name).to_status()))
        self.events[name].update(body)
        return Response(200, body=msgspec.json.encode(self.events[name]))


@pytest.fixture
def store():
    return EventStore()


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def recorder(store, clock):
    recorder = EventRecorder(Client(store, user_agent="test"), "kubelet", clock, host="n1")
    task = asyncio.create_task(recorder.run())
    yield recorder
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_event_names_its_object_source_and_times(store, recorder):
    recorder.event(POD, "Normal", "Pulled", "it is here", field_path="spec.containers{app}")
    await recorder.flush()
    (event,) = store.events.values()
    assert event["metadata"]["namespace"] == "shop"
    assert event["metadata"]["name"].startswith("web.")
    assert event["involvedObject"] == {
        "kind": "Pod", "namespace": "shop", "name": "web", "uid": "u-1", "apiVersion": "v1",
        "resourceVersion": "7", "fieldPath": "spec.containers{app}",
    }  # fmt: skip
    assert event["source"] == {"component": "kubelet", "host": "n1"}
    assert (event["type"], event["reason"], event["message"], event["count"]) == (
        "Normal", "Pulled", "it is here", 1,
    )  # fmt: skip
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-01T00:00:00Z"


async def test_equal_events_are_counted_onto_the_first(store, clock, recorder):
    for _ in range(3):
        recorder.event(POD, "Warning", "BackOff", "again")
        clock.moment += timedelta(seconds=1)
    await recorder.flush()
    (event,) = store.events.values()
    assert event["count"] == 3
    assert event["lastTimestamp"] == "2026-01-01T00:00:02Z"
    assert event["firstTimestamp"] == "2026-01-01T00:00:00Z"


async def test_event_that_was_deleted_is_written_anew(store, recorder):
    recorder.event(POD, "Warning", "BackOff", "again")
    await recorder.flush()
    store.events.clear()
    recorder.event(POD, "Warning", "BackOff", "again")
    await recorder.flush()
    assert [event["count"] for event in store.events.values()] == [1]


async def test_many_similar_events_become_one(store, recorder):
    for number in range(13):
        recorder.event(POD, "Warning", "Failed", f"try {number}")
    await recorder.flush()
    messages = [event["message"] for event in store.events.values()]
    assert messages[:10] == [f"try {number}" for number in range(10)]
    assert messages[10:] == [COMBINED_PREFIX + "try 12"]


async def test_one_object_cannot_flood_the_server(store, clock, recorder):
    for number in range(BURST + 10):
        recorder.event(POD, "Normal", f"Reason{number}", "different")
    await recorder.flush()
    assert len(store.events) == BURST
    clock.moment += timedelta(minutes=5)
    recorder.event(POD, "Normal", "Later", "different")
    await recorder.flush()
    assert len(store.events) == BURST + 1


async def test_events_at_one_moment_have_different_names(store, recorder):
    recorder.event(POD, "Normal", "One", "a")
    recorder.event(POD, "Normal", "Two", "b")
    await recorder.flush()
    assert len(store.events) == 2


async def test_full_queue_drops_events_and_never_blocks(store, clock):
    recorder = EventRecorder(Client(store, user_agent="test"), "kubelet", clock)
    for _ in range(QUEUE_LIMIT + 5):
        recorder.event(POD, "Normal", "Same", "same")
    assert store.events == {}


async def test_event_about_a_cluster_object_goes_to_the_default_namespace(store, recorder):
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "uid": "n1"}}
    recorder.event(node, "Normal", "Starting", "Starting kubelet.")
    await recorder.flush()
    (event,) = store.events.values()
    assert event["metadata"]["namespace"] == "default"

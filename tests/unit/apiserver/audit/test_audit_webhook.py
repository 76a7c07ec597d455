"""Audit events on their way to somebody else's server: together or one by one, again, and never too many."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

from api_lab import ApiLab, HandClock, api_lab

from kubeade.api.schema import DEFAULT_VERSION
from kubeade.apiserver.audit.delivery import Batching, Delivery, Truncation
from kubeade.apiserver.audit.lines import Lines
from kubeade.apiserver.audit.log import AuditLog, StandardOutput
from kubeade.apiserver.audit.policy import Policy, Rule
from kubeade.apiserver.audit.trail import Auditor, Sink
from kubeade.apiserver.audit.webhook import ATTEMPTS, AuditWebhook
from kubeade.apiserver.seams import User
from kubeade.apiserver.server import ApiServerConfig
from kubeade.apiserver.webhooks.remote import RemoteError, WebhookPlace
from kubeade.lib.ids import Ids

ALICE = User("alice")
MAPS = "/api/v1/namespaces/default/configmaps"
OFTEN = Batching(longest_wait_seconds=0.0, batches_per_second=None)


class Receiver:
    """Takes what is delivered after `failures` refusals, and only while `open`."""

    def __init__(self, failures: int = 0) -> None:
        self.lists: list[list[Any]] = []
        self.tries = 0
        self.open = asyncio.Event()
        self.open.set()
        self._failures = failures
        self._came = asyncio.Event()

    async def deliver(self, url: str, body: bytes, timeout_seconds: float) -> None:
        assert url == "https://audit.example"
        self.tries += 1
        await self.open.wait()
        if self.tries <= self._failures:
            raise RemoteError("answered with 503")
        sent = json.loads(body)
        assert (sent["kind"], sent["apiVersion"]) == ("EventList", "audit.k8s.io/v1")
        self.lists.append(sent["items"])
        self._came.set()

    async def close(self) -> None:
        pass

    async def until(self, lists: int) -> None:
        async with asyncio.timeout(10):
            while len(self.lists) < lists:
                self._came.clear()
                await self._came.wait()

    @property
    def stages(self) -> list[str]:
        return [event["stage"] for events in self.lists for event in events]


@asynccontextmanager
async def lab(
    tmp_path: Path, receiver: Receiver, delivery: Delivery, truncation: Truncation | None = None
) -> AsyncIterator[tuple[ApiLab, AuditWebhook]]:
    """Only alice's requests are told of."""
    tmp_path.mkdir(exist_ok=True)
    place = WebhookPlace("https://audit.example", receiver, "audit.k8s.io/v1")  # type: ignore[arg-type]
    webhook = AuditWebhook(place, Lines(DEFAULT_VERSION, truncation), delivery, Random(1))
    rules = (Rule(level="RequestResponse", users=("alice",)),)
    auditor = Auditor(Policy(rules), [webhook], HandClock(), Ids(Random(1)))
    async with api_lab(tmp_path, config=ApiServerConfig(auditor=auditor)) as found:
        yield found, webhook
        await auditor.close()


async def read(lab: ApiLab) -> int:
    return (await lab.send("GET", MAPS, user=ALICE)).status


async def test_a_full_batch_is_sent_at_once_and_another_when_its_time_is_up(tmp_path: Path) -> None:
    receiver = Receiver()
    delivery = Delivery(batching=Batching(most_events=4, longest_wait_seconds=600.0))
    async with lab(tmp_path, receiver, delivery) as (api, _):
        await read(api)
        await read(api)
        await receiver.until(1)
        assert receiver.stages == ["RequestReceived", "ResponseComplete"] * 2
        await read(api)
        assert len(receiver.lists) == 1
    assert [len(events) for events in receiver.lists] == [4, 2], "a clean end sends what waits"

    receiver = Receiver()
    async with lab(tmp_path / "again", receiver, Delivery(batching=OFTEN)) as (api, _):
        await read(api)
        await receiver.until(1)


async def test_what_is_not_taken_is_sent_again_and_dropped_in_the_end(tmp_path: Path) -> None:
    delivery = Delivery(batching=Batching(most_events=2), initial_backoff_seconds=0.0)
    receiver = Receiver(failures=ATTEMPTS - 1)
    async with lab(tmp_path, receiver, delivery) as (api, webhook):
        await read(api)
        await receiver.until(1)
        assert (receiver.tries, webhook.dropped) == (ATTEMPTS, 0)

    receiver = Receiver(failures=ATTEMPTS)
    async with lab(tmp_path / "again", receiver, delivery) as (api, webhook):
        await read(api)
    assert (receiver.lists, receiver.tries, webhook.dropped) == ([], ATTEMPTS, 2)


async def test_requests_go_on_when_nobody_takes_events_and_what_waits_is_bounded(tmp_path: Path) -> None:
    receiver = Receiver()
    receiver.open.clear()
    batching = Batching(buffered_events=6, most_events=2, batches_per_second=None)
    async with lab(tmp_path, receiver, Delivery(batching=batching)) as (api, webhook):
        for _ in range(40):
            assert await read(api) == 200
        assert webhook.dropped > 0
        metrics = (await api.send("GET", "/metrics")).body.decode()
        assert 'apiserver_audit_error_total{plugin="webhook"}' in metrics
        receiver.open.set()
    assert sum(map(len, receiver.lists)) == webhook.events == 80 - webhook.dropped


async def test_a_blocking_webhook_is_waited_for_and_a_strict_one_must_know(tmp_path: Path) -> None:
    receiver = Receiver()
    async with lab(tmp_path, receiver, Delivery("blocking")) as (api, _):
        receiver.open.clear()
        asked = asyncio.ensure_future(read(api))
        await asyncio.wait([asked], timeout=0.1)
        assert not asked.done()
        receiver.open.set()
        assert await asked == 200
        assert receiver.stages == ["RequestReceived", "ResponseComplete"]

    for mode, status in (("blocking", 200), ("blocking-strict", 500)):
        receiver = Receiver(failures=ATTEMPTS)
        delivery = Delivery(mode, initial_backoff_seconds=0.0)  # type: ignore[arg-type]
        async with lab(tmp_path / mode, receiver, delivery) as (api, _):
            assert await read(api) == status


async def test_large_events_lose_what_was_sent_and_larger_ones_are_left_out(tmp_path: Path) -> None:
    receiver = Receiver()
    truncation = Truncation(event_bytes=3000, batch_bytes=3000)
    async with lab(tmp_path, receiver, Delivery(batching=OFTEN), truncation) as (api, webhook):
        body = {"metadata": {"name": "menu"}, "data": {"tea": "x" * 4000}}
        await api.send("POST", MAPS, body, user=ALICE)
        await api.send("GET", f"{MAPS}?labelSelector={'x' * 4000}", user=ALICE)
    events = [event for events in receiver.lists for event in events]
    (made,) = [
        event for event in events if event["verb"] == "create" and event["stage"] == "ResponseComplete"
    ]
    assert made["annotations"]["audit.k8s.io/truncated"] == "true"
    assert "requestObject" not in made
    assert "responseObject" not in made
    assert webhook.dropped == 2, "both stages of the second"


def test_a_batch_that_is_too_large_is_sent_as_several() -> None:
    lines = Lines(DEFAULT_VERSION, Truncation(event_bytes=10, batch_bytes=10))
    assert lines.batches([b"1234", b"5678", b"9", b"1234567890"]) == [
        [b"1234", b"5678", b"9"],
        [b"1234567890"],
    ]
    assert Lines(DEFAULT_VERSION).batches([b"1", b"2"]) == [[b"1", b"2"]]


async def test_file_and_webhook_are_both_told(tmp_path: Path) -> None:
    receiver, stream = Receiver(), BytesIO()
    place = WebhookPlace("https://audit.example", receiver, "v1")  # type: ignore[arg-type]
    sinks: list[Sink] = [
        AuditLog(StandardOutput(stream), Lines(DEFAULT_VERSION)),
        AuditWebhook(place, Lines(DEFAULT_VERSION), Delivery("blocking"), Random(1)),
    ]
    auditor = Auditor(Policy((Rule(level="Metadata", users=("alice",)),)), sinks, HandClock(), Ids(Random(1)))
    async with api_lab(tmp_path, config=ApiServerConfig(auditor=auditor)) as api:
        await read(api)
        await auditor.close()
    assert [json.loads(line)["stage"] for line in stream.getvalue().splitlines()] == receiver.stages

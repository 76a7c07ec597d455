"""The local copy: read in pages, shared with others, kept in step, listed anew after a gap."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from kubeade.api.resource import Object
from kubeade.api.resources import PODS
from kubeade.client.client import Client
from kubeade.client.shelf import Shelf
from kubeade.lib.http.message import Request, Response
from kubeade.reconcile import informer as rooms
from kubeade.reconcile.informer import Informer


def pod(name: str, revision: int) -> Object:
    metadata = {"name": name, "namespace": "a", "uid": name, "resourceVersion": str(revision)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


class Server:
    """Lists `pods` in pages as asked for, and sends `events`; `expired` continue tokens are refused once."""

    def __init__(self, pods: list[Object]) -> None:
        self.pods = pods
        self.revision = 10
        self.expired: set[str] = set()
        self.events: asyncio.Queue[Object | None] = asyncio.Queue()
        self.asked: list[str] = []

    async def handle(self, request: Request) -> Response:
        query = dict(request.query())
        if "watch" in query:
            self.asked.append(f"watch {query['resourceVersion']}")
            return Response(200, [], self._stream())
        self.asked.append(f"list {query.get('continue', '')}".strip())
        if query.get("continue") in self.expired:
            self.expired.clear()
            status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
            return Response(410, [], json.dumps(status).encode())
        first = int(query.get("continue") or 0)
        last = first + int(query["limit"])
        metadata = {"resourceVersion": str(self.revision)}
        if last < len(self.pods):
            metadata["continue"] = str(last)
        body = {"metadata": metadata, "items": self.pods[first:last]}
        return Response(200, [], json.dumps(body).encode())

    async def _stream(self) -> AsyncIterator[bytes]:
        while (event := await self.events.get()) is not None:
            yield json.dumps(event).encode() + b"\n"


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "PAGE_OBJECTS", 2)


async def started(informer: Informer) -> asyncio.Task[None]:
    task = asyncio.ensure_future(informer.run())
    await informer.wait_synced()
    return task


async def test_a_long_list_is_read_in_pages_and_then_watched_from_its_revision() -> None:
    server = Server([pod(str(number), number) for number in range(5)])
    informer = Informer(Client(server.handle, user_agent="test"), PODS)
    task = await started(informer)
    assert sorted(item["metadata"]["name"] for item in informer) == ["0", "1", "2", "3", "4"]
    changed = asyncio.Event()
    informer.add_handler(lambda old, new: changed.set())
    changed.clear()
    server.events.put_nowait({"type": "MODIFIED", "object": pod("3", 11)})
    await changed.wait()
    assert server.asked == ["list", "list 2", "list 4", "watch 10"]
    assert informer.version == 11
    task.cancel()


async def test_a_list_whose_pages_are_gone_is_begun_anew() -> None:
    server = Server([pod(str(number), number) for number in range(3)])
    server.expired = {"2"}
    informer = Informer(Client(server.handle, user_agent="test"), PODS)
    task = await started(informer)
    assert len(informer) == 3
    assert server.asked[:4] == ["list", "list 2", "list", "list 2"]
    task.cancel()


async def test_after_a_gap_handlers_see_what_has_changed_meanwhile() -> None:
    server = Server([pod("stays", 1), pod("changes", 2), pod("goes", 3)])
    informer = Informer(Client(server.handle, user_agent="test"), PODS)
    task = await started(informer)
    seen: list[tuple[str | None, str | None]] = []
    done = asyncio.Event()

    def note(old: Object | None, new: Object | None) -> None:
        seen.append(tuple(each and each["metadata"]["name"] for each in (old, new)))  # type: ignore[arg-type]
        if new is not None and new["metadata"]["name"] == "comes":
            done.set()

    informer.add_handler(note)
    seen.clear()
    server.pods = [pod("stays", 1), pod("changes", 12), pod("comes", 13)]
    server.revision = 14
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    server.events.put_nowait({"type": "ERROR", "object": status})
    await done.wait()
    assert seen == [("goes", None), ("changes", "changes"), (None, "comes")]
    task.cancel()


async def test_informers_of_one_process_keep_one_copy_of_an_object() -> None:
    server, shelf = Server([pod("a", 1)]), Shelf()
    informers = [Informer(Client(server.handle, user_agent=who, shelf=shelf), PODS) for who in ("a", "b")]
    tasks = [await started(informer) for informer in informers]
    assert informers[0].get("a/a") is informers[1].get("a/a")
    for task in tasks:
        task.cancel()


async def test_what_leaves_a_selection_is_not_taken_for_what_it_has_become() -> None:
    """A server tells it as it was, at the revision of the change."""
    server, shelf = Server([pod("a", 1)]), Shelf()
    client = Client(server.handle, user_agent="test", shelf=shelf)
    selecting, all_of_them = Informer(client, PODS, label_selector="x=y"), Informer(client, PODS)
    tasks = [await started(informer) for informer in (selecting, all_of_them)]
    gone, changed = asyncio.Event(), asyncio.Event()
    for informer, event in ((selecting, gone), (all_of_them, changed)):
        informer.add_handler(lambda old, new, event=event: event.set() if old else None)
    became = pod("a", 11)
    became["metadata"]["labels"] = {"x": "z"}
    server.events.put_nowait({"type": "DELETED", "object": pod("a", 11)})
    await gone.wait()
    server.events.put_nowait({"type": "MODIFIED", "object": became})
    await changed.wait()
    assert all_of_them.get("a/a") == became
    for task in tasks:
        task.cancel()


async def test_only_the_part_that_is_asked_for_is_kept() -> None:
    server = Server([pod("a", 1)])
    client = Client(server.handle, user_agent="test")
    informer = Informer(client, PODS, keep=lambda item: {"metadata": item["metadata"]})
    task = await started(informer)
    assert informer.get("a/a") == {"metadata": pod("a", 1)["metadata"]}
    task.cancel()

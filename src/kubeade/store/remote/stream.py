"""One watch of etcd over all its keys, from a revision on: batches in order, each of whole revisions.

All keys, because then every revision that etcd gives out is an event here: whoever has seen the events
up to a revision provably has all there is up to it, whatever else lies in that etcd.
"""

from collections.abc import AsyncGenerator

import grpc.aio

from kubeade.store.etcd import messages as m
from kubeade.store.group import tombstone
from kubeade.store.ledger import Compacted, EventType, LedgerEvent
from kubeade.store.remote.envelope import Branch
from kubeade.store.remote.members import MemberLost, Members, translated

Batch = tuple[list[LedgerEvent], int]
"""The ledger's events among those of etcd, and the revision up to which they are all."""


async def changes(members: Members, after_revision: int) -> AsyncGenerator[Batch, None]:
    """Until the member is lost. Raises MemberLost, Compacted."""
    member, call = members.stream("/etcdserverpb.Watch/Watch", m.WatchResponse)
    try:
        create = m.WatchCreateRequest(b"\0", b"\0", start_revision=after_revision + 1, prev_kv=True)
        await call.write(m.WatchRequest(create_request=create))
        async for response in call:
            if response.canceled:
                if response.compact_revision:
                    raise Compacted(response.compact_revision)
                break
            if response.events:
                yield _read(response.events, members.branch), response.events[-1].kv.mod_revision
    except grpc.aio.AioRpcError as error:
        members.leave(member)
        raise translated(error) from error
    finally:
        call.cancel()
    members.leave(member)
    raise EndOfStream


class EndOfStream(MemberLost):
    """The member ended the watch without an error: it goes down."""

    def __init__(self) -> None:
        Exception.__init__(self, "etcd ended the watch")
        self.not_taken = True


def _read(events: list[m.Event], branch: Branch) -> list[LedgerEvent]:
    authors = {
        event.kv.mod_revision: event.kv.value.decode()
        for event in events
        if event.kv is not None and event.kv.key == branch.deleted_by
    }
    return [
        _event(event, authors, branch)
        for event in events
        if event.kv is not None and event.kv.key.startswith(branch.ledger)
    ]


def _event(event: m.Event, authors: dict[int, str], branch: Branch) -> LedgerEvent:
    assert event.kv is not None
    before = branch.unseal(event.prev_kv) if event.prev_kv is not None else None
    if event.type == 0:
        return LedgerEvent(EventType.PUT, branch.unseal(event.kv).record, before.record if before else None)
    assert before is not None, "etcd tells what was before as long as it keeps it"
    revision = event.kv.mod_revision
    return LedgerEvent(
        EventType.DELETE, tombstone(before, revision, authors.get(revision, "")), before.record
    )

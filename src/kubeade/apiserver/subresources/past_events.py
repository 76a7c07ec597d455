"""GET events/<name>/order?of=KIND: the Events about an object, also those that the API has let expire, as far
as the ledger keeps its past. The oldest first, each with the revision of its last change and whether it is
gone."""

from kubeade.api.parts import part, text
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import decode_object
from kubeade.apiserver.responses import value_response
from kubeade.apiserver.storage import prefix_end, scope_prefix
from kubeade.lib.http.message import Response
from kubeade.store.ledger import Compacted, EventType, Ledger, LedgerEvent, Record


async def past_events(call: Call, kind: str) -> Response:
    ledger = call.backend.storage.ledger
    start = scope_prefix(call.stored, call.info.namespace)
    gone = [event.previous for event in await deletions(ledger, start, prefix_end(start)) if event.previous]
    present = (await ledger.range(start, prefix_end(start))).records
    told = [(record, True) for record in gone] + [(record, False) for record in present]
    found = [
        {"resourceVersion": str(record.mod_revision), "gone": is_gone, "object": decode_object(record.value)}
        for record, is_gone in sorted(told, key=lambda each: each[0].mod_revision)
        if _is_about(record, kind, call.info.name)
    ]
    return value_response(call, {"events": found, "oldest": str(ledger.compact_revision)})


async def deletions(ledger: Ledger, start: bytes, end: bytes) -> list[LedgerEvent]:
    """Every deletion in a range that the ledger still knows of, the oldest first."""
    while True:
        after, found = max(ledger.compact_revision - 1, 0), list[LedgerEvent]()
        try:
            while after < ledger.revision:
                events, after = await ledger.changes(start, end, after_revision=after)
                found += [event for event in events if event.type is EventType.DELETE]
        except Compacted:
            continue  # forgotten meanwhile: there is less to look through
        return found


def _is_about(record: Record, kind: str, name: str) -> bool:
    if name.encode() not in record.value:  # most are about others: they need not be decoded
        return False
    involved = part(decode_object(record.value), "involvedObject")
    return (text(involved, "kind"), text(involved, "name")) == (kind, name)

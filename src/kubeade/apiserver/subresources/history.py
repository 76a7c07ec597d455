"""GET <object>/order?versions=N: the object's last N versions, the newest first; with `at=REVISION`, those up
to that one. Each with its revision and who wrote it.

The ledger keeps the past within its budget. The walk goes back to the object's creation, or to where that
ends (`oldest` says where). A deleted object's past is found by a revision at which it was there, or, asked
for with `deleted`, back from its last deletion.
"""

from collections.abc import Mapping

from kubeade.api.errors import BadRequest, Expired
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import decode_object
from kubeade.apiserver.responses import value_response
from kubeade.apiserver.storage import object_key
from kubeade.apiserver.subresources.past_events import deletions
from kubeade.apiserver.versions import shown
from kubeade.lib.http.message import Response
from kubeade.store.ledger import Compacted, FutureRevision, Ledger, Record

VERSIONS_LIMIT = 500


async def history(call: Call, query: Mapping[str, str]) -> Response:
    """Raises NotFound, Expired, BadRequest."""
    ledger = call.backend.storage.ledger
    count, at = _number("versions", query.get("versions") or "1"), _number("at", query.get("at") or "0")
    records = await _versions(ledger, count, await _newest(call, at, deleted="deleted" in query))
    found = [
        {
            "resourceVersion": str(record.mod_revision),
            "author": record.author,
            "object": decode_object(await shown(call, record.value)),
        }
        for record in records
    ]
    return value_response(call, {"versions": found, "oldest": str(ledger.compact_revision)})


async def _newest(call: Call, at: int, *, deleted: bool) -> Record:
    """The version to begin with."""
    ledger = call.backend.storage.ledger
    key = object_key(call.stored, call.info.namespace, call.info.name)
    found: Record | None
    if at:
        found = await _read(ledger, key, at)
    elif not deleted or call.backend.storage.find(call.stored, call.info.name, call.info.namespace):
        return call.record()
    else:
        gone = await deletions(ledger, key, key + b"\0")
        found = gone[-1].previous if gone else None
    if found is None:
        raise call.not_found(call.info.name)
    return found


async def _versions(ledger: Ledger, count: int, newest: Record) -> list[Record]:
    found = [newest]
    while len(found) < min(count, VERSIONS_LIMIT) and found[-1].version > 1:
        try:
            record = await ledger.get(newest.key, revision=found[-1].mod_revision - 1)
        except Compacted:
            break
        if record is None:
            break
        found.append(record)
    return found


async def _read(ledger: Ledger, key: bytes, revision: int) -> Record | None:
    try:
        return await ledger.get(key, revision=revision)
    except Compacted as error:
        oldest = error.compact_revision
        raise Expired(f"the revision {revision} is no longer kept: the oldest is {oldest}") from error
    except FutureRevision as error:
        raise BadRequest(f"the revision {revision} has not happened yet") from error


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadRequest(f"{name} is a number, not {text!r}")
    return int(text)

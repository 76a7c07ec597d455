"""GET <object>/order?versions=N: the object's last N versions, the newest first; with `at=REVISION`, those up
to that one. Each with its revision and who wrote it.

The ledger keeps the past within its budget. The walk goes back to the object's creation, or to where that
ends (`oldest` says where). A deleted object's past is found by a revision at which it was there.
"""

from kubeade.api.errors import BadRequest, Expired
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import decode_object
from kubeade.apiserver.responses import value_response
from kubeade.apiserver.storage import object_key
from kubeade.apiserver.versions import shown
from kubeade.lib.http.message import Response
from kubeade.store.ledger import Compacted, FutureRevision, Ledger, Record

VERSIONS_LIMIT = 500


async def history(call: Call, versions: str, at: str) -> Response:
    """Raises NotFound, Expired, BadRequest."""
    ledger = call.backend.storage.ledger
    records = await _versions(call, ledger, _number("versions", versions or "1"), _number("at", at or "0"))
    found = [
        {
            "resourceVersion": str(record.mod_revision),
            "author": record.author,
            "object": decode_object(await shown(call, record.value)),
        }
        for record in records
    ]
    return value_response(call, {"versions": found, "oldest": str(ledger.compact_revision)})


async def _versions(call: Call, ledger: Ledger, count: int, at: int) -> list[Record]:
    key = object_key(call.stored, call.info.namespace, call.info.name)
    record: Record | None
    if at:
        record = await _read(ledger, key, at)
        if record is None:
            raise call.not_found(call.info.name)
    else:
        record = call.record()
    found = [record]
    while len(found) < min(count, VERSIONS_LIMIT) and record.version > 1:
        try:
            record = await ledger.get(key, revision=record.mod_revision - 1)
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

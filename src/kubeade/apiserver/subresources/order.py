"""GET <object>/order: what the ledger knows of an object's order - who placed it, at which revision, who last
touched it. Private to this project (in no discovery document); the courier's receipt is made from it."""

from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import decode_object
from kubeade.apiserver.responses import value_response
from kubeade.apiserver.routing import not_allowed
from kubeade.apiserver.subresources.history import history
from kubeade.apiserver.subresources.past_events import past_events
from kubeade.lib.http.message import Response


async def order(call: Call) -> Response:
    if call.info.verb != "get":
        raise not_allowed(call)
    query = dict(call.request.query())
    if "versions" in query or "at" in query:
        return await history(call, query)
    if "of" in query and call.stored.plural == "events":
        return await past_events(call, query["of"])
    record = call.record()
    metadata = decode_object(record.value)["metadata"]
    return value_response(
        call,
        {
            "uid": metadata.get("uid", ""),
            "resourceVersion": str(record.mod_revision),
            "createRevision": str(record.create_revision),
            "creator": record.creator,
            "lastAuthor": record.author,
        },
    )

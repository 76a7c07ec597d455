"""DELETE of a collection: every selected object by itself, as if deleted one by one.

Objects that are gone by the time their turn comes are passed over; the first other error ends it.
"""

import asyncio
from dataclasses import replace

from kubeade.api.errors import NotFound
from kubeade.api.resource import Object
from kubeade.apiserver.call import Call
from kubeade.apiserver.delete_options import DeleteOptions, read_delete_options
from kubeade.apiserver.encoding import decode_object
from kubeade.apiserver.options import Options
from kubeade.apiserver.responses import value_response
from kubeade.apiserver.selection import selection_of
from kubeade.apiserver.verbs.delete import delete_object
from kubeade.apiserver.verbs.list import read_page
from kubeade.lib.http.message import Response

_AT_ONCE = 32


async def delete_collection(call: Call) -> Response:
    options = read_delete_options(call.request)
    call.options.dry_run |= options.dry_run
    page = await read_page(call, selection_of(call))
    items = [decode_object(value) for value in page.values]
    pending = [item["metadata"] for item in items]
    for start in range(0, len(pending), _AT_ONCE):
        batch = pending[start : start + _AT_ONCE]
        await asyncio.gather(
            *(_delete(call, found["name"], found.get("namespace", ""), options) for found in batch)
        )
    kind = call.type.list_kind or f"{call.type.kind}List"
    answer = {
        "kind": kind,
        "apiVersion": call.resource.api_version,
        "metadata": {"resourceVersion": str(call.backend.storage.cache.revision)},
        "items": items if call.type.custom else [_without_type(item) for item in items],
    }
    return value_response(call, answer)


def _without_type(item: Object) -> Object:
    """The items of a list of built-in kinds do not say again what they are."""
    return {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}


async def _delete(call: Call, name: str, namespace: str, options: DeleteOptions) -> None:
    info = replace(call.info, name=name, namespace=namespace or call.info.namespace)
    one = replace(call, info=info, options=Options(dry_run=call.options.dry_run))
    try:
        await delete_object(one, options)
    except NotFound:
        return

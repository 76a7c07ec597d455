"""GET of one object: its stored bytes, as they are."""

from kubeade.apiserver.call import Call
from kubeade.apiserver.options import read_revision
from kubeade.apiserver.responses import object_response
from kubeade.apiserver.verbs.freshness import wait_until_fresh
from kubeade.apiserver.versions import shown
from kubeade.lib.http.message import Response


async def get(call: Call) -> Response:
    """The newest state; a resourceVersion asks for one at least that new."""
    if call.options.resource_version:
        await wait_until_fresh(call, read_revision(call.options.resource_version))
    return object_response(call, await shown(call, call.record().value))

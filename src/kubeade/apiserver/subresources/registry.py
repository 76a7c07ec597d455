"""Which handler answers which subresource.

`status` and `resize` and the like are the object itself seen from another side: the ordinary verbs serve
them. What has a body, an answer or a protocol of its own has a handler here, by (group, plural,
subresource); streaming ones (log, exec, attach, portforward, proxy) are added by whoever can reach nodes:
`SubresourceRegistry.add`.
"""

from collections.abc import Awaitable, Callable

from kubeade.apiserver.call import Call
from kubeade.lib.http.message import Response

SubresourceHandler = Callable[[Call], Awaitable[Response]]
"""Gets an authorized call; `call.info.verb` is create, get, update, patch or delete. It runs admission itself
(Operation.CONNECT for what opens a connection)."""


class SubresourceRegistry:
    """Handlers by (group, plural, subresource); plural "*" stands for every resource."""

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str, str], SubresourceHandler] = {}

    def add(self, group: str, plural: str, subresource: str, handler: SubresourceHandler) -> None:
        self._handlers[group, plural, subresource] = handler

    def find(self, group: str, plural: str, subresource: str) -> SubresourceHandler | None:
        found = self._handlers.get((group, plural, subresource))
        return found or self._handlers.get(("*", "*", subresource))

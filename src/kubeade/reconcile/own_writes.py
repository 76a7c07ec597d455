"""Keeps a reconciler from deciding on a copy that does not yet show its own writes.

Upstream counts expected events. Here the server's revisions do it: a write is seen once the informer has
come as far as the revision that the write was given. A write whose event never comes (made and undone
between two lists) is given up on after a while, so that nothing waits for ever.
"""

import asyncio
from dataclasses import dataclass, field

from kubeade.api.resource import Object
from kubeade.reconcile.informer import Informer, key_of

GIVE_UP_SECONDS = 30.0


@dataclass(slots=True)
class _Pending:
    version: int = 0
    deletions: dict[str, str] = field(default_factory=dict)
    since: float = 0.0


class OwnWrites:
    """The writes made on behalf of each key, until `informer` shows them."""

    def __init__(self, informer: Informer) -> None:
        self._informer = informer
        self._pending: dict[str, _Pending] = {}

    def wrote(self, key: str, answer: Object) -> None:
        """The server answered a create, update or patch with this object."""
        pending = self._touch(key)
        pending.version = max(pending.version, int(answer["metadata"]["resourceVersion"]))

    def deleted(self, key: str, item: Object) -> None:
        """The server accepted the deletion of this object."""
        self._touch(key).deletions[key_of(item)] = item["metadata"]["uid"]

    def wait_seconds(self, key: str) -> float | None:
        """None: everything is visible. Else: wait for the informer, at most for so many seconds."""
        pending = self._pending.get(key)
        if pending is None:
            return None
        left = pending.since + GIVE_UP_SECONDS - asyncio.get_running_loop().time()
        if left <= 0 or self._visible(pending):
            del self._pending[key]
            return None
        return left

    def _touch(self, key: str) -> _Pending:
        pending = self._pending.setdefault(key, _Pending())
        pending.since = asyncio.get_running_loop().time()
        return pending

    def _visible(self, pending: _Pending) -> bool:
        return self._informer.version >= pending.version and not any(
            self._still_there(key, uid) for key, uid in pending.deletions.items()
        )

    def _still_there(self, key: str, uid: str) -> bool:
        item = self._informer.get(key)
        if item is None or item["metadata"]["uid"] != uid:
            return False
        return not item["metadata"].get("deletionTimestamp")

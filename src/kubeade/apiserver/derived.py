"""What is derived from a resource's objects and kept current by key.

A `Follower` notes which keys changed, which costs the writer next to nothing, and reads those few objects
when its owner is next asked something. Until the first question nothing is read at all.
"""

from collections.abc import Callable

from kubeade.api.resource import Object, Resource
from kubeade.apiserver.seams import Reader

MAX_PENDING_KEYS = 10_000
"""Beyond this, reading everything anew is no dearer than reading the changed ones."""


class Follower:
    """Hands each new state of a resource's objects to `apply(namespace, name, object or None)`."""

    def __init__(
        self,
        reader: Reader,
        resource: Resource,
        apply: Callable[[str, str, Object | None], None],
        forget: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._resource = resource
        self._apply = apply
        self._forget = forget
        self._pending: set[tuple[str, str]] = set()
        self._all_pending = True
        reader.subscribe(resource, self._changed)

    def catch_up(self) -> bool:
        """Apply what changed since the last call; False if nothing did. `forget` precedes a full reading."""
        if not self._all_pending and not self._pending:
            return False
        pending, self._pending = self._pending, set()
        if self._all_pending:
            self._all_pending = False
            self._forget()
            for found in self._reader.read_all(self._resource):
                metadata = found["metadata"]
                self._apply(metadata.get("namespace", ""), metadata["name"], found)
            return True
        for namespace, name in pending:
            self._apply(namespace, name, self._reader.read(self._resource, name, namespace))
        return True

    def _changed(self, namespace: str, name: str) -> None:
        if self._all_pending:
            return
        self._pending.add((namespace, name))
        if len(self._pending) > MAX_PENDING_KEYS:
            self._pending.clear()
            self._all_pending = True

"""One change of one object, shared by all who watch it.

Whatever watchers need of it - decoded objects to match selectors, encoded frames to send - is made once, when
first needed, and handed to all of them.
"""

from collections.abc import Callable, Hashable

from kubeade.api.resource import Object
from kubeade.apiserver.encoding import decode_object, restamp
from kubeade.store.ledger import Record


class Change:
    """`record` is the new state (for a deletion the last one, at the deletion's revision)."""

    __slots__ = ("_frames", "_object", "_previous_object", "deleted", "previous", "record", "revision")

    def __init__(self, record: Record, previous: Record | None, *, deleted: bool) -> None:
        self.record = record
        self.previous = previous
        self.deleted = deleted
        self.revision = record.mod_revision
        self._frames: dict[Hashable, bytes] | None = None
        self._object: Object | None = None
        self._previous_object: Object | None = None

    @property
    def object(self) -> Object:
        """Decoded; shared, so only to be read."""
        if self._object is None:
            self._object = decode_object(self.record.value)
        return self._object

    @property
    def previous_object(self) -> Object | None:
        if self._previous_object is None and self.previous is not None:
            self._previous_object = decode_object(self.previous.value)
        return self._previous_object

    def left_behind(self) -> bytes:
        """The state before, at this change's revision: what a watcher whose selector lost it is told."""
        assert self.previous is not None
        return restamp(self.previous.value, self.revision)

    def frame(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """An encoded event, made once per `key` (event type and representation)."""
        if self._frames is None:
            self._frames = {}
        found = self._frames.get(key)
        if found is None:
            found = self._frames[key] = make()
        return found

    def forget(self) -> None:
        """Drop what can be made again, once the change is old news."""
        self._frames = self._object = self._previous_object = None

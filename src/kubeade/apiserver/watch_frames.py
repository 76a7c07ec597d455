"""What watchers are sent: `{"type":"MODIFIED","object":...}` and a newline, per change; in protobuf the same
behind its length.

A frame depends on the change, the event type and the form asked for, not on the watcher: it is made for the
first and handed to all others. Selectors decide which type a change is to a watcher: an object that starts
to match is ADDED, one that ceases to is DELETED. That, too, is found once for all who ask for the same.
"""

from collections.abc import Iterator, Sequence

from kubeade.api.errors import ApiError
from kubeade.api.resource import Object
from kubeade.apiserver.call import Call
from kubeade.apiserver.change import Change
from kubeade.apiserver.encoding import decode_object, encode
from kubeade.apiserver.negotiation import PROTOBUF
from kubeade.apiserver.representation import partial_metadata, table_of
from kubeade.apiserver.selection import Selection
from kubeade.apiserver.versions import prepare, served_bytes

_INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


class WatchFrames:
    """Frames for one watch: its form, its selection."""

    def __init__(self, call: Call, selection: Selection) -> None:
        self._call = call
        self._selection = selection
        self._everything = selection.everything
        options = call.options
        self._form_key = (call.form.content_type, call.resource.api_version, options.include_object)
        self._view = (*self._form_key, options.label_selector, options.field_selector)
        self._protobuf = call.form.media_type == PROTOBUF
        self._first = True

    async def of(self, changes: Sequence[Change]) -> bytes:
        """The frames of all that concern this watch, joined. Raises ConversionFailed."""
        if self._call.type.custom:
            await prepare(self._call, self._values(changes))
        return b"".join([self._frame(change) for change in changes])

    def _values(self, changes: Sequence[Change]) -> Iterator[bytes]:
        """The stored bytes that frames are made of."""
        for change in changes:
            yield change.record.value
            if change.previous is not None and not self._everything:
                yield change.left_behind()

    def added(self, value: bytes) -> bytes:
        return self._encode("ADDED", value)

    def bookmark(self, revision: int, *, initial_events_end: bool = False) -> bytes:
        metadata: Object = {"resourceVersion": str(revision)}
        if initial_events_end:
            metadata["annotations"] = _INITIAL_EVENTS_END
        resource = self._call.resource
        obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        if self._call.form.transform == "Table":
            obj = {**table_of(self._call, [], {"resourceVersion": str(revision)}, headless=True), "rows": []}
        elif self._call.form.transform:
            obj = partial_metadata(self._call.form, encode(obj))
        return self._event("BOOKMARK", obj)

    def error(self, error: ApiError) -> bytes:
        return self._event("ERROR", error.to_status())

    def _frame(self, change: Change) -> bytes:
        if self._first and self._call.form.transform == "Table":
            return self._made(change)  # the first event alone carries the columns
        return change.frame(self._view, lambda: self._made(change))

    def _made(self, change: Change) -> bytes:
        kind = self._kind(change)
        if not kind:
            return b""
        if kind == "LEFT":
            return change.frame(
                ("LEFT", *self._form_key), lambda: self._encode("DELETED", change.left_behind())
            )
        if self._first and self._call.form.transform == "Table":
            return self._encode(kind, change.record.value)
        return change.frame((kind, *self._form_key), lambda: self._encode(kind, change.record.value))

    def _kind(self, change: Change) -> str:
        """What the change is to this watcher; "" when it does not concern him, LEFT when it ceases to."""
        if self._everything:
            if change.deleted:
                return "DELETED"
            return "ADDED" if change.previous is None else "MODIFIED"
        matched = self._matched_before(change)
        if change.deleted:
            return "DELETED" if matched else ""
        if self._matches_now(change):
            return "MODIFIED" if matched else "ADDED"
        return "LEFT" if matched else ""

    def _matched_before(self, change: Change) -> bool:
        if change.previous is None:
            return False
        if self._selection.served is not None:
            return self._selection.matches_bytes(change.left_behind())
        assert change.previous_object is not None
        return self._selection.matches(change.previous_object)

    def _matches_now(self, change: Change) -> bool:
        if self._selection.served is not None:
            return self._selection.matches_bytes(change.record.value)
        return self._selection.matches(change.object)

    def _encode(self, kind: str, value: bytes) -> bytes:
        value = served_bytes(self._call, value)
        if self._call.form.transform:
            return self._event(kind, self._represent(value))
        if self._protobuf:
            return self._call.backend.protobuf.object_event(kind, self._call.resource, value)
        return b'{"type":"%b","object":%b}\n' % (kind.encode(), value)

    def _event(self, kind: str, obj: Object) -> bytes:
        if self._protobuf:
            return self._call.backend.protobuf.event(kind, decode_object(encode(obj)))
        return encode({"type": kind, "object": obj}) + b"\n"

    def _represent(self, value: bytes) -> Object:
        if self._call.form.transform != "Table":
            return partial_metadata(self._call.form, value)
        headless, self._first = not self._first, False
        metadata = {"resourceVersion": decode_object(value)["metadata"]["resourceVersion"]}
        return table_of(self._call, [value], metadata, headless=headless)

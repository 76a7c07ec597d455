"""What the writer knows of keys that it wrote lately, so that it need not read them again.

The writer is the only one that changes the file, so what it wrote last is what is there; unless a
transaction was undone: then nothing is known any more.
"""

from collections.abc import Iterable

from kubeade.store.group import Change, Slip

MOST_KEYS = 4096
LARGEST_VALUE_BYTES = 16 * 1024


class KnownSlips:
    """Present slips by key, of some keys."""

    def __init__(self) -> None:
        self._slips: dict[bytes, Slip] = {}

    def of(self, keys: Iterable[bytes]) -> dict[bytes, Slip]:
        """Those that are known. Of the other keys nothing is said, not even that they are not there."""
        slips = self._slips
        return {key: slips[key] for key in keys if key in slips}

    def note(self, changes: Iterable[Change]) -> None:
        """Changes that have been written, in order."""
        for change in changes:
            after = change.after
            if after is None or len(after.record.value) > LARGEST_VALUE_BYTES:
                self._slips.pop(change.event.record.key, None)
            else:
                self._slips[after.record.key] = after
        if len(self._slips) > MOST_KEYS:
            self._slips.clear()

    def forget(self) -> None:
        """A transaction was undone."""
        self._slips.clear()

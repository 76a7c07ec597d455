"""The one place where randomness becomes names: UIDs and generated suffixes.

Both are drawn from an injected `random.Random`, so that a seed reproduces a whole cluster.
"""

import random
import uuid

SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no look-alikes, so that a suffix spells no word (upstream: util/rand)."""

_UID_BYTES, _UIDS_AT_ONCE = 16, 64


class Ids:
    """Draws UIDs and name suffixes from one source of randomness.

    UIDs are drawn many at a time: asking the system for 16 bytes costs as much as asking it for a thousand,
    and lets another thread take over besides.
    """

    def __init__(self, source: random.Random | None = None) -> None:
        self._source = source or random.SystemRandom()
        self._drawn = b""

    def uid(self) -> str:
        """A random (version 4) UUID in its usual text form."""
        if not self._drawn:
            self._drawn = self._source.randbytes(_UID_BYTES * _UIDS_AT_ONCE)
        drawn, self._drawn = self._drawn[:_UID_BYTES], self._drawn[_UID_BYTES:]
        return str(uuid.UUID(bytes=drawn, version=4))

    def suffix(self, length: int = 5) -> str:
        """What `generateName` appends."""
        return "".join(self._source.choices(SUFFIX_ALPHABET, k=length))

"""The one place where randomness becomes names: UIDs and generated suffixes.

Both are drawn from an injected `random.Random`, so that a seed reproduces a whole cluster.
"""

import random
import uuid

SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no look-alikes, so that a suffix spells no word (upstream: util/rand)."""


class Ids:
    """Draws UIDs and name suffixes from one source of randomness."""

    def __init__(self, source: random.Random | None = None) -> None:
        self._source = source or random.SystemRandom()

    def uid(self) -> str:
        """A random (version 4) UUID in its usual text form."""
        return str(uuid.UUID(int=self._source.getrandbits(128), version=4))

    def suffix(self, length: int = 5) -> str:
        """What `generateName` appends."""
        return "".join(self._source.choices(SUFFIX_ALPHABET, k=length))

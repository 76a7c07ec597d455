"""A file that ends with the SHA-256 of all before it, as etcd ends its snapshots."""

import hashlib
import os
from pathlib import Path
from typing import IO

DIGEST_BYTES = 32
CHUNK_BYTES = 1024 * 1024


class SealBroken(Exception):
    """The file is not what was once written."""


def seal(file: IO[bytes]) -> None:
    """Append the digest of all that is in the file, and put it on disk."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    file.write(digest.digest())
    file.flush()
    os.fsync(file.fileno())


def verify(path: Path) -> int:
    """The size of what is sealed. Raises SealBroken, OSError."""
    size = path.stat().st_size - DIGEST_BYTES
    digest = hashlib.sha256()
    with path.open("rb") as file:
        left = size
        while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
            digest.update(chunk)
            left -= len(chunk)
        if size < 0 or file.read() != digest.digest():
            raise SealBroken(f"{path} is damaged, or no snapshot: its hash does not agree with it")
    return size

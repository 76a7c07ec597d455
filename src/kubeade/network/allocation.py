"""Which sandbox has which address: one per sandbox from a block, kept in a file over restarts.

Addresses are given out in turn, so that one that has just been freed rests as long as possible: a client that
still believes in the old pod should not reach a new one.
"""

import contextlib
import ipaddress
import os
from pathlib import Path

import msgspec

from kubeade.cni import NetworkError


class Addresses:
    """The addresses of `cidr`; the first `reserved` (network, gateway) and the last are not given out."""

    def __init__(self, cidr: str, path: Path | None, *, reserved: int = 2) -> None:
        self.block = ipaddress.ip_network(cidr)
        self._path = path
        self._reserved = reserved
        self._taken: dict[str, str] = {}
        self._used: set[str] = set()
        self._next = reserved
        if path is not None and path.exists():
            self._taken, self._next = msgspec.json.decode(path.read_bytes(), type=tuple[dict[str, str], int])
            self._used = set(self._taken.values())

    def get(self, sandbox_id: str) -> str | None:
        return self._taken.get(sandbox_id)

    def sandboxes(self) -> list[str]:
        return list(self._taken)

    def take(self, sandbox_id: str) -> str:
        """The sandbox's address, a new one if it has none. Raises NetworkError if all are taken."""
        if known := self._taken.get(sandbox_id):
            return known
        size = self.block.num_addresses
        last = size - 1
        for step in range(last - self._reserved):
            offset = self._reserved + (self._next - self._reserved + step) % (last - self._reserved)
            address = str(self.block[offset])
            if address not in self._used:
                self._next = offset + 1
                self._taken[sandbox_id] = address
                self._used.add(address)
                self._save()
                return address
        raise NetworkError(f"no address left in {self.block}: {len(self._used)} pods have one")

    def release(self, sandbox_id: str) -> None:
        address = self._taken.pop(sandbox_id, None)
        if address is not None:
            self._used.discard(address)
            self._save()

    def purge(self) -> None:
        self._taken.clear()
        self._used.clear()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(self._path.name + ".new")
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        new.write_bytes(msgspec.json.encode((self._taken, self._next)))
        os.replace(new, self._path)

"""What the event loop asks of the writer thread. Each request carries the future that it resolves."""

from asyncio import Future
from dataclasses import dataclass
from typing import Any

import msgspec

from kubeade.store.ledger import Record
from kubeade.store.transaction import Transacted, Transaction


class Put(msgspec.Struct):
    """Write a key. `expected_revision` None: it must not be there."""

    key: bytes
    value: bytes
    expected_revision: int | None
    stamp_at: int | None
    lease: int
    author: str
    done: "Future[Record]"


class Delete(msgspec.Struct):
    """Remove a key that is at `expected_revision`."""

    key: bytes
    expected_revision: int
    author: str
    done: "Future[Record]"


class Transact(msgspec.Struct):
    """`keys`: those that it names, if nothing else decides it."""

    transaction: Transaction
    keys: frozenset[bytes] | None
    author: str
    done: "Future[Transacted]"


@dataclass(slots=True)
class GrantLease:
    """`lease` 0: any id that no lease has had."""

    seconds: int
    lease: int
    done: "Future[int]"


@dataclass(slots=True)
class RevokeLease:
    """Delete the lease and, at one revision, its keys."""

    lease: int
    done: "Future[None]"


@dataclass(slots=True)
class Compact:
    """`wait`: answer only when the rows are gone, not as soon as they cannot be read any more."""

    revision: int
    wait: bool
    done: "Future[None]"


@dataclass(slots=True)
class Tidy:
    """Give unused room back to the disk. True: there is more to give.

    Revisions up to `aged_revision` are no longer young; 0 says nothing of that.
    """

    aged_revision: int
    done: "Future[bool]"


@dataclass(slots=True)
class Stop:
    done: "Future[None]"


Write = Put | Delete | Transact
Request = Put | Delete | Transact | GrantLease | RevokeLease | Compact | Tidy | Stop
Answer = tuple["Future[Any]", Any]
"""A future and what resolves it: a result, or an exception to raise."""

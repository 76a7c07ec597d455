"""What a transaction asks and answers: conditions, then one of two lists of operations. Only data.

All changes of a transaction have one revision; it is used up only if there is a change. A key may be
written once in it. A range is [start, end); `key_range` makes one of a single key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

import msgspec

from kubeade.store.ledger import Range, Record

LAST_KEY = b"\xff" * 128
"""Above all keys that a ledger takes: the end of a range that has none."""


def key_range(key: bytes) -> tuple[bytes, bytes]:
    """The range of one key."""
    return key, key + b"\0"


class Sort(Enum):
    KEY = "key"
    VERSION = "version"
    CREATED = "create_revision"
    MODIFIED = "mod_revision"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Between:
    """A closed interval of revisions; 0: open on that side."""

    least: int = 0
    most: int = 0

    def __contains__(self, revision: int) -> bool:
        return self.least <= revision and (not self.most or revision <= self.most)


@dataclass(frozen=True, slots=True)
class Query:
    """A range to read, now or at `revision`; what to leave out, and in which order."""

    start: bytes
    end: bytes
    revision: int = 0
    limit: int = 0
    sort: Sort = Sort.KEY
    descending: bool = False
    keys_only: bool = False
    count_only: bool = False
    created: Between = field(default_factory=Between)
    modified: Between = field(default_factory=Between)

    @property
    def plain(self) -> bool:
        """Key order and nothing filtered: the limit holds for the reading itself."""
        return self.sort is Sort.KEY and not self.descending and self.unfiltered

    @property
    def unfiltered(self) -> bool:
        return self.created == self.modified == Between()


class PutKey(msgspec.Struct, frozen=True):
    """Write a key, whatever is there. None keeps the present value or lease, which must be there."""

    key: bytes
    value: bytes | None
    lease: int | None = 0


@dataclass(frozen=True, slots=True)
class DeleteRange:
    start: bytes
    end: bytes


class Relation(Enum):
    EQUAL = "="
    GREATER = ">"
    LESS = "<"
    NOT_EQUAL = "!="

    def holds(self, left: int | bytes, right: int | bytes) -> bool:
        if self is Relation.EQUAL:
            return left == right
        if self is Relation.NOT_EQUAL:
            return left != right
        return left > right if self is Relation.GREATER else left < right  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds if `field` of every record in the range stands in the relation to `operand`.

    A range without records is compared as one record whose numbers are 0 and whose value is unlike
    any operand.
    """

    start: bytes
    end: bytes
    field: str
    relation: Relation
    operand: int | bytes

    def holds(self, records: Sequence[Record]) -> bool:
        if records:
            return all(self.relation.holds(getattr(each, self.field), self.operand) for each in records)
        return self.field != "value" and self.relation.holds(0, self.operand)


class Transaction(msgspec.Struct, frozen=True):
    conditions: Sequence[Condition]
    then: Sequence["Operation"]
    otherwise: Sequence["Operation"] = ()

    def named_keys(self) -> frozenset[bytes] | None:
        """The keys whose present state decides it; None where that takes more than single keys."""
        keys: set[bytes] = set()
        return frozenset(keys) if self._name(keys) else None

    def _name(self, keys: set[bytes]) -> bool:
        for condition in self.conditions:
            if condition.end != condition.start + b"\0":
                return False
            keys.add(condition.start)
        for each in (*self.then, *self.otherwise):
            if isinstance(each, PutKey):
                keys.add(each.key)
            elif isinstance(each, Transaction):
                if not each._name(keys):
                    return False
            elif each.end != each.start + b"\0" or (isinstance(each, Query) and each.revision):
                return False
            else:
                keys.add(each.start)
        return True

    def spans(self) -> Iterator[tuple[bytes, bytes]]:
        """Every range that it may look at or change."""
        for condition in self.conditions:
            yield condition.start, condition.end
        for operation in (*self.then, *self.otherwise):
            if isinstance(operation, Transaction):
                yield from operation.spans()
            elif isinstance(operation, PutKey):
                yield key_range(operation.key)
            else:
                yield operation.start, operation.end

    @property
    def size(self) -> int:
        """The bytes that it would write, at most."""
        total = 0
        for each in (*self.then, *self.otherwise):
            if isinstance(each, PutKey):
                total += len(each.value or b"")
            elif isinstance(each, Transaction):
                total += each.size
        return total


Operation = Query | PutKey | DeleteRange | Transaction


class WasPut(msgspec.Struct, frozen=True):
    """`revision`, here and below: the ledger's after this step of the transaction."""

    previous: Record | None
    revision: int


@dataclass(frozen=True, slots=True)
class WereDeleted:
    previous: Sequence[Record]
    revision: int


class Transacted(msgspec.Struct, frozen=True):
    """`revision`: the newest one after it, its own if it changed anything. One result an operation."""

    succeeded: bool
    results: Sequence["Result"]
    revision: int


Result = Range | WasPut | WereDeleted | Transacted

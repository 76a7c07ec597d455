"""etcd's errors, by their words: clients compare them."""

from dataclasses import dataclass
from enum import Enum

from kubeade.store import ledger


class Code(Enum):
    """gRPC's status codes, as far as etcd's errors have them."""

    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14


@dataclass(frozen=True)
class Refusal(Exception):
    """What a call ends with instead of an answer."""

    code: Code
    message: str

    def anew(self) -> "Refusal":
        """To be raised: an exception gathers the frames that it passes; a constant would keep them all."""
        return Refusal(self.code, self.message)


EMPTY_KEY = Refusal(Code.INVALID_ARGUMENT, "etcdserver: key is not provided")
KEY_NOT_FOUND = Refusal(Code.INVALID_ARGUMENT, "etcdserver: key not found")
UNKNOWN_COMPARISON = Refusal(Code.INVALID_ARGUMENT, "etcdserver: unknown target or result of a comparison")
VALUE_PROVIDED = Refusal(Code.INVALID_ARGUMENT, "etcdserver: value is provided")
LEASE_PROVIDED = Refusal(Code.INVALID_ARGUMENT, "etcdserver: lease is provided")
TOO_MANY_OPERATIONS = Refusal(Code.INVALID_ARGUMENT, "etcdserver: too many operations in txn request")
DUPLICATE_KEY = Refusal(Code.INVALID_ARGUMENT, "etcdserver: duplicate key given in txn request")
INVALID_SORT = Refusal(Code.INVALID_ARGUMENT, "etcdserver: invalid sort option")
REQUEST_TOO_LARGE = Refusal(Code.INVALID_ARGUMENT, "etcdserver: request is too large")
COMPACTED = Refusal(Code.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted")
FUTURE_REVISION = Refusal(Code.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision")
NO_SPACE = Refusal(Code.RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded")
LEASE_NOT_FOUND = Refusal(Code.NOT_FOUND, "etcdserver: requested lease not found")
LEASE_EXISTS = Refusal(Code.FAILED_PRECONDITION, "etcdserver: lease already exists")
LEASE_TOO_LONG = Refusal(Code.OUT_OF_RANGE, "etcdserver: too large lease TTL")
AUTH_NOT_ENABLED = Refusal(Code.FAILED_PRECONDITION, "etcdserver: authentication is not enabled")
STOPPED = Refusal(Code.UNAVAILABLE, "etcdserver: server stopped")

_OF_ERROR: dict[type[ledger.LedgerError], Refusal] = {
    ledger.Compacted: COMPACTED,
    ledger.FutureRevision: FUTURE_REVISION,
    ledger.KeyMissing: KEY_NOT_FOUND,
    ledger.LeaseNotFound: LEASE_NOT_FOUND,
    ledger.LeaseExists: LEASE_EXISTS,
    ledger.TransactionTooLarge: REQUEST_TOO_LARGE,
    ledger.LedgerFull: NO_SPACE,
    ledger.LedgerClosed: STOPPED,
}


def refusal_of(error: ledger.LedgerError) -> Refusal:
    """What etcd says in the ledger's place."""
    return _OF_ERROR.get(type(error)) or Refusal(Code.INTERNAL, f"etcdserver: {error}")

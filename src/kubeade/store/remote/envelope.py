"""Where our keys are in etcd, and what a value looks like there: a short head with what etcd does not know,
then the bytes. Pure.

etcd gives a write its revision only when it commits it, so a revision cannot be written into a value
there: the head says where it goes, and it is put in on every reading. Author and creator are in the
head, too. Who deleted a key is written, in the same transaction, under a key of its own.
"""

import msgspec

from kubeade.store.etcd.messages import KeyValue
from kubeade.store.group import Slip
from kubeade.store.ledger import LedgerUnusable, Record
from kubeade.store.stamp import stamp

DEFAULT_PREFIX = "/kubeade"
"""Not upstream's /registry: what is there a real kube-apiserver would take for its own, and cannot read."""

_MAGIC = b"\x00k8\x01"
_HEAD_LENGTH_BYTES = 2

Head = tuple[int | None, str, str]
"""Where the stamp goes, who wrote this version, who wrote the first one."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Head)


def seal(value: bytes, stamp_at: int | None, author: str, creator: str) -> bytes:
    head = _encoder.encode((stamp_at, author, creator))
    return b"%b%b%b%b" % (_MAGIC, len(head).to_bytes(_HEAD_LENGTH_BYTES), head, value)


class Branch:
    """Everything of one ledger is below one prefix."""

    def __init__(self, prefix: str = DEFAULT_PREFIX) -> None:
        self.prefix = prefix
        root = prefix.encode()
        self.ledger = root + b"/ledger"
        self.deleted_by = root + b"/deleted-by"
        self.owner = root + b"/owner"
        self.span = root + b"/", root + b"0"
        self.ledger_span = self.ledger + b"/", self.ledger + b"0"

    def unseal(self, kv: KeyValue) -> Slip:
        """The record of a key below `ledger`. Raises LedgerUnusable for what is not ours."""
        return _unseal(kv, kv.key[len(self.ledger) :])


def _unseal(kv: KeyValue, key: bytes) -> Slip:
    value = kv.value
    start = len(_MAGIC) + _HEAD_LENGTH_BYTES
    if value[: len(_MAGIC)] != _MAGIC:
        raise LedgerUnusable(f"{kv.key!r} in etcd was not written by kubeade")
    end = start + int.from_bytes(value[len(_MAGIC) : start])
    stamp_at, author, creator = _decoder.decode(value[start:end])
    record = Record(
        key,
        stamp(value[end:], stamp_at, kv.mod_revision),
        kv.create_revision,
        kv.mod_revision,
        kv.version,
        kv.lease,
        author,
        creator,
    )
    return Slip(record, stamp_at)

"""What a value looks like in etcd: a short head with what etcd does not know, then the bytes. Pure.

etcd gives a write its revision only when it commits it, so a revision cannot be written into a value
there: the head says where it goes, and it is put in on every reading. Author and creator are in the
head, too. Who deleted a key is written, in the same transaction, under a key of its own.
"""

import msgspec

from kubeade.store.etcd.messages import KeyValue
from kubeade.store.group import Slip
from kubeade.store.ledger import LedgerUnusable, Record
from kubeade.store.stamp import stamp

PREFIX = b"/kubeade/ledger"
DELETED_BY = b"/kubeade/deleted-by"

_MAGIC = b"\x00k8\x01"
_HEAD_LENGTH_BYTES = 2

Head = tuple[int | None, str, str]
"""Where the stamp goes, who wrote this version, who wrote the first one."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Head)


def seal(value: bytes, stamp_at: int | None, author: str, creator: str) -> bytes:
    head = _encoder.encode((stamp_at, author, creator))
    return b"%b%b%b%b" % (_MAGIC, len(head).to_bytes(_HEAD_LENGTH_BYTES), head, value)


def unseal(kv: KeyValue) -> Slip:
    """The record of a key under PREFIX. Raises LedgerUnusable for what is not ours."""
    value = kv.value
    start = len(_MAGIC) + _HEAD_LENGTH_BYTES
    if value[: len(_MAGIC)] != _MAGIC:
        raise LedgerUnusable(f"{kv.key!r} in etcd was not written by kubeade")
    end = start + int.from_bytes(value[len(_MAGIC) : start])
    stamp_at, author, creator = _decoder.decode(value[start:end])
    record = Record(
        kv.key[len(PREFIX) :],
        stamp(value[end:], stamp_at, kv.mod_revision),
        kv.create_revision,
        kv.mod_revision,
        kv.version,
        kv.lease,
        author,
        creator,
    )
    return Slip(record, stamp_at)

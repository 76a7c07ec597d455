"""etcd's Maintenance service: status, snapshot, hashes, defragmentation, alarms."""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from kubeade.lib.protobuf.message import Message
from kubeade.store.etcd import messages as m
from kubeade.store.etcd.refusals import Code, Refusal
from kubeade.store.face.service import MEMBER_ID, RAFT_TERM, VERSION, Desk, Service
from kubeade.store.ledger import Record
from kubeade.store.transaction import LAST_KEY

CHUNK_BYTES = 64 * 1024
_ACTIVATE = 1
_NO_SPACE = 1


class Maintenance:
    """One answer a method. `folder` is where a snapshot waits while it is sent."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._folder = folder

    @property
    def service(self) -> Service:
        service = Service("etcdserverpb.Maintenance")
        service.unary("Status", m.Empty, self.status)
        service.unary("Alarm", m.AlarmRequest, self.alarm)
        service.unary("Defragment", m.Empty, self.defragment)
        service.unary("Hash", m.Empty, self.hash)
        service.unary("HashKV", m.HashKVRequest, self.hash_kv)
        service.download("Snapshot", m.Empty, self.snapshot)
        service.unary("MoveLeader", m.Empty, self.refuse)
        service.unary("Downgrade", m.Empty, self.refuse)
        return service

    async def status(self, request: m.Empty) -> m.StatusResponse:
        size = await self._ledger.size()
        header = self._desk.header()
        return m.StatusResponse(
            header,
            VERSION,
            dbSize=size.total_bytes,
            leader=MEMBER_ID,
            raftIndex=header.revision,
            raftTerm=RAFT_TERM,
            raftAppliedIndex=header.revision,
            dbSizeInUse=size.used_bytes,
            errors=[f"memberID:{MEMBER_ID} alarm:NOSPACE "] if self._ledger.full else [],
        )

    async def alarm(self, request: m.AlarmRequest) -> m.AlarmResponse:
        """A full ledger refuses writes while it is full. Nobody needs to take the alarm back: it ends with
        the next write that finds room."""
        if request.action == _ACTIVATE:
            raise Refusal(Code.UNIMPLEMENTED, "kubeade: alarms cannot be set by hand")
        alarms = [m.AlarmMember(MEMBER_ID, _NO_SPACE)] if self._ledger.full else []
        return m.AlarmResponse(self._desk.header(), alarms)

    async def defragment(self, request: m.Empty) -> m.DefragmentResponse:
        await self._ledger.defragment()
        return m.DefragmentResponse(self._desk.header())

    async def hash(self, request: m.Empty) -> m.HashResponse:
        answer = await self.hash_kv(m.HashKVRequest())
        return m.HashResponse(answer.header, answer.hash)

    async def hash_kv(self, request: m.HashKVRequest) -> m.HashKVResponse:
        """Of what there is at a revision. Two ledgers with the same keys have the same one."""
        found = await self._ledger.range(b"\0", LAST_KEY, revision=max(request.revision, 0))
        digest = await asyncio.to_thread(checksum, found.records)
        compacted = self._ledger.compact_revision
        return m.HashKVResponse(self._desk.header(), digest, compacted, found.revision)

    async def snapshot(self, request: m.Empty) -> AsyncIterator[m.SnapshotResponse]:
        """The ledger's file, then its SHA-256, as etcd ends its own."""
        with ExitStack() as stack:
            folder = stack.enter_context(TemporaryDirectory(dir=self._folder, prefix="snapshot-"))
            copy = Path(folder) / "ledger.db"
            await self._ledger.copy_to(copy)
            digest = hashlib.sha256()
            left = copy.stat().st_size
            file = stack.enter_context(copy.open("rb"))
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                left -= len(chunk)
                yield m.SnapshotResponse(self._desk.header(), left, chunk)
            yield m.SnapshotResponse(self._desk.header(), 0, digest.digest())

    async def refuse(self, request: m.Empty) -> Message:
        raise Refusal(Code.UNIMPLEMENTED, "kubeade: the ledger has one member and one version")


def checksum(records: Sequence[Record]) -> int:
    digest = 0
    for each in records:
        numbers = b"%d %d %d %d" % (each.create_revision, each.mod_revision, each.version, each.lease)
        for part in (each.key, numbers, each.value):
            digest = zlib.crc32(part, digest)
    return digest

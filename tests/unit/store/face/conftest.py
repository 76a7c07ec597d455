"""A ledger with its etcd face on a port, and a client."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc.aio
import pytest
from face_lab import FaceLab

from kubeade.store.face.server import EtcdFace
from kubeade.store.sqlite import SqliteLedger


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[FaceLab]:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db")
    face = EtcdFace(ledger, "http://127.0.0.1:1", tmp_path)
    port = await face.start("127.0.0.1:0", None)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield FaceLab(ledger, channel)
    await face.stop()
    await ledger.close()

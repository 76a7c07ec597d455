"""Every ledger that keeps the contract. An implementation joins by adding itself to OPENERS.

`face` is the SQLite ledger behind its own etcd API, with the client of a real etcd in front of it: so
both ends of that API are checked on every machine.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from etcd_processes import ETCD, MISSING, EtcdCluster

from kubeade.store.face.server import EtcdFace
from kubeade.store.ledger import Ledger
from kubeade.store.remote.ledger import EtcdLedger
from kubeade.store.remote.members import EtcdAddress
from kubeade.store.sqlite import SqliteLedger

Opener = Callable[[Path], Awaitable[Ledger]]


async def open_sqlite(folder: Path) -> Ledger:
    return await SqliteLedger.open(folder / "ledger.db")


async def open_face(folder: Path) -> Ledger:
    stored = await SqliteLedger.open(folder / "ledger.db")
    face = EtcdFace(stored, "", folder)
    port = await face.start("127.0.0.1:0", None)

    async def close() -> None:
        await face.stop()
        await stored.close()

    return _closing(await EtcdLedger.open(EtcdAddress((f"http://127.0.0.1:{port}",))), close)


async def open_etcd(folder: Path) -> Ledger:
    return await _open_cluster(folder, 1)


async def open_three_etcds(folder: Path) -> Ledger:
    return await _open_cluster(folder, 3)


async def _open_cluster(folder: Path, size: int) -> Ledger:
    cluster = EtcdCluster(folder, size)

    async def close() -> None:
        cluster.stop()

    return _closing(await EtcdLedger.open(EtcdAddress(cluster.servers)), close)


def _closing(ledger: EtcdLedger, after: Callable[[], Awaitable[None]]) -> Ledger:
    """The ledger, whose close also ends what was started for it."""
    close = ledger.close

    async def close_all() -> None:
        await close()
        await after()

    found: Any = ledger
    found.close = close_all
    return ledger


OPENERS: dict[str, Opener] = {
    "sqlite": open_sqlite,
    "face": open_face,
    "etcd": open_etcd,
    "three-etcds": open_three_etcds,
}
NEED_ETCD = {"etcd", "three-etcds"}


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.skipif(name in NEED_ETCD and ETCD is None, reason=MISSING))
        for name in OPENERS
    ]
)
def opener(request: pytest.FixtureRequest) -> Opener:
    """Opens the ledger that lives in a folder, again if it was there before."""
    return OPENERS[request.param]


@pytest.fixture
async def ledger(opener: Opener, tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await opener(tmp_path)
    yield opened
    await opened.close()

"""Every ledger that keeps the contract. An implementation joins by adding itself to OPENERS."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from kubeade.store.ledger import Ledger
from kubeade.store.sqlite import SqliteLedger

Opener = Callable[[Path], Awaitable[Ledger]]


async def open_sqlite(folder: Path) -> Ledger:
    return await SqliteLedger.open(folder / "ledger.db")


OPENERS: dict[str, Opener] = {"sqlite": open_sqlite}


@pytest.fixture(params=sorted(OPENERS))
def opener(request: pytest.FixtureRequest) -> Opener:
    """Opens the ledger that lives in a folder, again if it was there before."""
    return OPENERS[request.param]


@pytest.fixture
async def ledger(opener: Opener, tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await opener(tmp_path)
    yield opened
    await opened.close()

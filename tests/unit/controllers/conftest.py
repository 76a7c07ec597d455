from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from controller_lab import ControllerLab, controller_lab


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ControllerLab]:
    async with controller_lab(tmp_path) as lab:
        yield lab

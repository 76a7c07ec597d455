"""A small run of the fuzzer, always the same: `python tests/fuzz` is the big one."""

import subprocess
import sys
from pathlib import Path

import pytest
from fuzz_face import fuzz_face
from fuzz_session import Session

KUBEADE = [sys.executable, "-m", "kubeade.cli.main"]
SEED = 2026


async def test_random_requests_do_no_harm(tmp_path: Path) -> None:
    data = tmp_path / "data"
    up = ["up", "--detach", "--runtime", "simulated", "--port", "0", "--data-dir", str(data)]
    subprocess.run([*KUBEADE, *up], check=True, timeout=60)
    try:
        session = Session(data)
        await session.prepare()
        await session.requests(SEED, 2500, workers=8)
        await session.raw_bytes(SEED, 150)
        face = await fuzz_face(data, SEED, 150)
        await session.verify()
        log = (data / "kubeade.log").read_text()
    finally:
        subprocess.run([*KUBEADE, "down", "--delete", "--data-dir", str(data)], check=True, timeout=60)
    assert session.findings.failures == []
    assert face.failures == []
    assert "Traceback" not in log
    if sum(session.findings.statuses[status] for status in (200, 201)) < 100:
        pytest.fail(f"hardly anything succeeds: {session.findings.statuses}")

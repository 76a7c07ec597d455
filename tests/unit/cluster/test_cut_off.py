"""Saving, restoring and forking, killed at every step and failing at every write: what is left is the old or the
new, whole, and never half of it taken for whole. Trying again works."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("cut_off.py")
LEAST_TRIES = {"die_at_call": 20, "die_at_bytes": 4, "fail_at_bytes": 4}


def cut_off(*words: str) -> list[str]:
    done = subprocess.run([sys.executable, PROGRAM, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.timeout(180)  # a hundred tries and more, on a machine that may be busy
@pytest.mark.parametrize("operation", ["save", "restore", "fork"])
def test_leaves_nothing_half_done(operation: str, tmp_path: Path) -> None:
    lines = cut_off(operation, str(tmp_path))
    tries = {line.split()[0]: int(line.split()[1]) for line in lines if line.endswith(" tries")}
    assert len(lines) == len(tries), lines
    for cut, least in LEAST_TRIES.items():
        assert tries[cut] >= least


@pytest.mark.timeout(180)
@pytest.mark.parametrize("operation", ["save", "restore", "fork"])
def test_a_careless_one_is_found_out(operation: str, tmp_path: Path) -> None:
    findings = [line for line in cut_off(operation, str(tmp_path), "careless") if not line.endswith(" tries")]
    assert findings

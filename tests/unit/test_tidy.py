"""The style guide, kept by a program."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from tidy import findings  # noqa: E402


def test_the_source_is_tidy():
    assert list(findings(ROOT / "src" / "kubeade")) == []

"""The style guide, kept by a program."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from tidy import findings  # noqa: E402


def test_the_source_is_tidy():
    assert list(findings(ROOT / "src" / "kubeade")) == []


def test_every_test_file_has_a_name_of_its_own():
    """Without packages among the tests, pytest tells files apart by their name alone."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))

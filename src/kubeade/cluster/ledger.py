"""Looking after a stopped cluster's ledger."""

from pathlib import Path

from kubeade.store.check import check_file


def check(path: Path) -> list[str]:
    """What is wrong with the ledger file; empty when nothing is. Raises OSError, LedgerUnusable."""
    return check_file(path)

"""The name by which everything of one data directory is found outside it: resource groups, interfaces."""

import hashlib
from pathlib import Path


def group_name(directory: Path) -> str:
    """Stable for a directory, different for every other."""
    return "kubeade-" + short_hash(directory)


def short_hash(directory: Path) -> str:
    return hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:8]

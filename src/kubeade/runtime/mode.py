"""How containers are isolated on this machine: what was asked for, and what really works.

`detect_mode` tries rather than guesses: a child of ours makes the namespaces and an overlay mount. Its reason
is a text for the user; the caller says it aloud.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Mode(Enum):
    """From most to least isolation."""

    NAMESPACES = "namespaces"
    PROCESS = "process"
    SIMULATED = "simulated"


class ModeRefused(Exception):
    """The mode that was asked for does not work here; the message says why."""


@dataclass(frozen=True, slots=True)
class Detected:
    mode: Mode
    reason: str


_WARNING = "containers are plain processes of this user without isolation"


def detect_mode(requested: str, directory: Path | None = None) -> Detected:
    """The mode to use for `requested` (auto, namespaces, rootless, process, simulated).

    `directory` is where containers would live: its filesystem takes part in the trial. Raises ModeRefused.
    """
    if requested == "simulated":
        return Detected(Mode.SIMULATED, "simulated: no container is really started")
    if requested == "process":
        return Detected(Mode.PROCESS, f"process: as asked for; {_WARNING}")
    if requested == "rootless":
        raise ModeRefused("runtime mode rootless is not available yet: use process, or namespaces as root")
    if requested not in ("auto", "namespaces"):
        raise ModeRefused(f"unknown runtime mode {requested!r}")
    obstacle = _obstacle_to_namespaces(directory)
    if obstacle is None:
        return Detected(Mode.NAMESPACES, "namespaces: every container has its own namespaces and root")
    if requested == "namespaces":
        raise ModeRefused(f"runtime mode namespaces does not work here: {obstacle}")
    return Detected(Mode.PROCESS, f"process, because {obstacle}: {_WARNING}")


def _obstacle_to_namespaces(directory: Path | None) -> str | None:
    """What is in the way of namespaces; None if nothing."""
    if not sys.platform.startswith("linux"):
        return f"{sys.platform} has no namespaces"
    if os.geteuid() != 0:
        return "namespaces need root"
    with tempfile.TemporaryDirectory(prefix="kubeade-", dir=_existing(directory)) as scratch:
        return _try_in_child(scratch)


def _existing(directory: Path | None) -> Path | None:
    while directory is not None and not directory.is_dir():
        directory = directory.parent
    return directory


_TRIAL = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from kubeade.runtime.launcher.trial import main; sys.exit(main(sys.argv[2]))"
)


def _try_in_child(scratch: str) -> str | None:
    source = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-I", "-S", "-c", _TRIAL, source, scratch]
    with contextlib.suppress(subprocess.TimeoutExpired):
        trial = subprocess.run(command, capture_output=True, timeout=10, check=False, text=True)
        return (
            trial.stderr.strip() or f"the trial ended with {trial.returncode}" if trial.returncode else None
        )
    return "the trial did not end"

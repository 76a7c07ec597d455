"""`kubeade kubectl ...`: a real kubectl, pointed at this cluster."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from kubeade.cli.errors import CommandError

HELP = "run a real kubectl against this cluster"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="what kubectl shall do")


def run(options: argparse.Namespace) -> int:
    kubectl = find_kubectl()
    arguments = options.arguments[1:] if options.arguments[:1] == ["--"] else options.arguments
    if kubectl is None:
        raise CommandError("no kubectl here: install one, for example with pip install 'kubeade[kubectl]'")
    if not options.data.kubeconfig.exists():
        raise CommandError(f"no cluster in {options.data.root}: start one with 'kubeade up'")
    environment = {**os.environ, "KUBECONFIG": str(options.data.kubeconfig)}
    os.execve(kubectl, ["kubectl", *arguments], environment)  # noqa: S606 - replaced, not shelled out


def find_kubectl() -> str | None:
    """The kubectl installed beside this Python (the `kubectl` extra), else the one on PATH."""
    beside = Path(sys.executable).with_name("kubectl")
    return str(beside) if beside.exists() else shutil.which("kubectl")

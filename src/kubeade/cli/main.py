"""`kubeade`: one file of this folder per command, read here in the order the help shows them.

Errors reach the user as one line on stderr: exit code 1 for a request that failed, 2 for bad usage. Command
modules import what they need inside `run`, so that `kubeade --help` and small commands stay fast.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from kubeade.cli.errors import CommandError
from kubeade.cluster.layout import DataDirectory, default_data_directory

COMMANDS = (
    "up",
    "down",
    "status",
    "token",
    "join",
    "gap",
    "why",
    "track",
    "receipt",
    "kubectl",
    "image",
    "ledger",
    "apiserver",
    "kubelet",
    "scheduler",
    "controllers",
    "cloud",
    "proxy",
    "dns",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script. Returns the exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    options.data = DataDirectory(Path(options.data_dir).resolve())
    try:
        return int(options.run(options))
    except CommandError as error:
        print(f"kubeade: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"kubeade: {error}", file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """All commands with their arguments."""
    parser = argparse.ArgumentParser(prog="kubeade", description="Kubernetes, freshly squeezed.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f"kubeade.cli.{name}")
        command = subparsers.add_parser(name, help=module.HELP, description=module.HELP)
        command.add_argument(
            "--data-dir",
            metavar="DIR",
            default=str(default_data_directory(dict(os.environ))),
            help="where the cluster lives (default: %(default)s)",
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())

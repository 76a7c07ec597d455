"""`kubeade`: one file of this folder per command, read here in the order the help shows them.

Errors reach the user as one line on stderr: exit code 1 for a request that failed, 2 for bad usage. Command
modules import what they need inside `run`, so that `kubeade --help` and small commands stay fast.
"""

import argparse
import contextlib
import importlib
import io
import os
import signal
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
    "history",
    "get",
    "diff",
    "kubectl",
    "image",
    "ledger",
    "snapshot",
    "fork",
    "apiserver",
    "kubelet",
    "scheduler",
    "controllers",
    "cloud",
    "proxy",
    "dns",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # never fail for a letter that a terminal lacks
    words = sys.argv[1:] if arguments is None else list(arguments)
    strange = next((word for word in words if not _is_text(word)), None)
    if strange is not None:
        advice = "use a UTF-8 one, for example LC_ALL=C.UTF-8"
        print(f"kubeade: {strange!r} is not text in this locale: {advice}", file=sys.stderr)
        return 2
    options = build_parser(next((word for word in words if word in COMMANDS), "")).parse_args(words)
    options.data = DataDirectory(Path(options.data_dir).resolve())
    try:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = int(options.run(options))
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a pipe that is closed can still be told apart
        return code
    except CommandError as error:
        print(f"kubeade: {_line(error)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _drop_output()
        return 1
    except OSError as error:
        _drop_output()
        print(f"kubeade: {_line(error)}", file=sys.stderr)
        return 1


def _drop_output() -> None:
    """What is still buffered goes nowhere, so that the interpreter does not fail on it at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_text(word: str) -> bool:
    """False for bytes that the locale could not decode."""
    return not any("\ud800" <= letter <= "\udfff" for letter in word)


def _line(error: Exception) -> str:
    """Errors are one line, whatever somebody's library put into them."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return " ".join(str(error).split())


def build_parser(only: str = "") -> argparse.ArgumentParser:
    """All commands with their arguments, or those of `only` one, which spares loading the others."""
    parser = argparse.ArgumentParser(prog="kubeade", description="Kubernetes, freshly squeezed.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        if only not in ("", name):
            subparsers.add_parser(name)
            continue
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

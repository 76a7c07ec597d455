"""The arguments about who may come in and what is kept of it, by kube-apiserver's names."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kubeade.cli.errors import CommandError

if TYPE_CHECKING:
    from kubeade.cluster.access import Access, AuditFiles


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_audit(parser.add_argument_group("the audit log (default: none)"))


def _add_audit(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--audit-policy-file", default="", metavar="FILE", help="what is kept of which request"
    )
    parser.add_argument("--audit-log-path", default="", metavar="FILE", help="where it goes; - is the output")
    for flag, default, what in (
        ("maxsize", 100, "megabytes of one file (0: no limit)"),
        ("maxbackup", 100, "files that are kept (0: all)"),
        ("maxage", 366, "days that they are kept (0: for ever)"),
    ):
        parser.add_argument(
            f"--audit-log-{flag}",
            type=int,
            default=default,
            metavar="N",
            help=f"{what}; default: %(default)s",
        )
    parser.add_argument("--audit-log-compress", action="store_true", help="gzip what is put aside")


def read(options: argparse.Namespace) -> "Access":
    """Raises CommandError (2) for what does not fit together."""
    from kubeade.cluster.access import Access

    return Access(_audit(options))


def _audit(options: argparse.Namespace) -> "AuditFiles":
    from kubeade.apiserver.audit.rotation import Retention
    from kubeade.cluster.access import STANDARD_OUTPUT, AuditFiles

    limits = (options.audit_log_maxsize, options.audit_log_maxbackup, options.audit_log_maxage)
    if any(limit < 0 for limit in limits):
        raise CommandError("--audit-log-maxsize, -maxbackup and -maxage cannot be negative", exit_code=2)
    if bool(options.audit_policy_file) != bool(options.audit_log_path):
        raise CommandError("--audit-policy-file and --audit-log-path go together", exit_code=2)
    log = options.audit_log_path
    return AuditFiles(
        _absolute(options.audit_policy_file),
        log if log == STANDARD_OUTPUT else _absolute(log),
        Retention(*limits, options.audit_log_compress),
    )


def _absolute(file: str) -> str:
    """A detached process works in another directory."""
    return str(Path(file).absolute()) if file else ""

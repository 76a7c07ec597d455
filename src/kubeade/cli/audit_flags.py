"""The arguments about the audit log, by kube-apiserver's names."""

import argparse
from typing import TYPE_CHECKING

from kubeade.cli.errors import CommandError
from kubeade.cli.flag_values import absolute, seconds

if TYPE_CHECKING:
    from kubeade.apiserver.audit.delivery import Batching, Delivery, Truncation
    from kubeade.cluster.access import AuditFiles

MODES = ("batch", "blocking", "blocking-strict")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the audit log (default: none)")
    _add_log(group)
    _add_webhook(group)
    for backend in ("log", "webhook"):
        _add_truncation(group, backend)


def _add_log(parser: argparse._ActionsContainer) -> None:
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


def _add_webhook(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--audit-webhook-config-file", default="", metavar="FILE", help="a kubeconfig of who is sent events"
    )
    parser.add_argument("--audit-webhook-version", default="audit.k8s.io/v1", choices=["audit.k8s.io/v1"])
    parser.add_argument(
        "--audit-webhook-mode", default="batch", choices=MODES, help="whether requests wait; default: batch"
    )
    parser.add_argument("--audit-webhook-initial-backoff", default="10s", metavar="TIME")
    for flag, default in (("buffer-size", 10_000), ("max-size", 400), ("throttle-burst", 15)):
        parser.add_argument(f"--audit-webhook-batch-{flag}", type=int, default=default, metavar="N")
    parser.add_argument("--audit-webhook-batch-max-wait", default="30s", metavar="TIME")
    parser.add_argument("--audit-webhook-batch-throttle-qps", type=float, default=10.0, metavar="N")
    parser.add_argument(
        "--audit-webhook-batch-throttle-enable",
        nargs="?",
        const="true",
        default="true",
        choices=["true", "false"],
    )


def _add_truncation(parser: argparse._ActionsContainer, backend: str) -> None:
    parser.add_argument(
        f"--audit-{backend}-truncate-enabled",
        nargs="?",
        const="true",
        default="false",
        choices=["true", "false"],
        help="cut what is too large",
    )
    for flag, default in (("batch-size", 10 * 1024 * 1024), ("event-size", 100 * 1024)):
        parser.add_argument(
            f"--audit-{backend}-truncate-max-{flag}", type=int, default=default, metavar="BYTES"
        )


def read(options: argparse.Namespace) -> "AuditFiles":
    """Raises CommandError (2) for what does not fit together."""
    from kubeade.apiserver.audit.rotation import Retention
    from kubeade.cluster.access import STANDARD_OUTPUT, AuditFiles, WebhookFile

    limits = (options.audit_log_maxsize, options.audit_log_maxbackup, options.audit_log_maxage)
    if any(limit < 0 for limit in limits):
        raise CommandError("--audit-log-maxsize, -maxbackup and -maxage cannot be negative", exit_code=2)
    log, webhook = options.audit_log_path, options.audit_webhook_config_file
    if bool(options.audit_policy_file) != bool(log or webhook):
        raise CommandError(
            "--audit-policy-file and --audit-log-path or --audit-webhook-config-file go together", exit_code=2
        )
    return AuditFiles(
        absolute(options.audit_policy_file),
        log if log == STANDARD_OUTPUT else absolute(log),
        Retention(*limits, options.audit_log_compress),
        _truncation(options, "log"),
        WebhookFile(absolute(webhook), options.audit_webhook_version) if webhook else None,
        _truncation(options, "webhook"),
        _delivery(options),
    )


def _truncation(options: argparse.Namespace, backend: str) -> "Truncation | None":
    from kubeade.apiserver.audit.delivery import Truncation

    prefix = f"audit_{backend}_truncate"
    if getattr(options, f"{prefix}_enabled") == "false":
        return None
    event_bytes: int = getattr(options, f"{prefix}_max_event_size")
    batch_bytes: int = getattr(options, f"{prefix}_max_batch_size")
    if not 0 < event_bytes <= batch_bytes:
        flag = f"--audit-{backend}-truncate-max"
        raise CommandError(f"{flag}-event-size must be positive, and no more than -batch-size", exit_code=2)
    return Truncation(event_bytes, batch_bytes)


def _delivery(options: argparse.Namespace) -> "Delivery":
    from kubeade.apiserver.audit.delivery import Delivery

    backoff = seconds(options, "audit_webhook_initial_backoff")
    return Delivery(options.audit_webhook_mode, _batching(options), backoff)


def _batching(options: argparse.Namespace) -> "Batching":
    from kubeade.apiserver.audit.delivery import Batching

    prefix = "audit_webhook_batch"
    found = vars(options)
    throttled = found[f"{prefix}_throttle_enable"] == "true"
    positive = ["buffer_size", "max_size", *(["throttle_qps", "throttle_burst"] if throttled else [])]
    for name in positive:
        if found[f"{prefix}_{name}"] <= 0:
            flag = f"--{prefix}_{name}".replace("_", "-")
            raise CommandError(f"{flag} must be a positive number", exit_code=2)
    return Batching(
        found[f"{prefix}_buffer_size"],
        found[f"{prefix}_max_size"],
        seconds(options, f"{prefix}_max_wait"),
        found[f"{prefix}_throttle_qps"] if throttled else None,
        found[f"{prefix}_throttle_burst"],
    )

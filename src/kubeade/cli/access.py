"""The arguments about who may come in and what is kept of it, by kube-apiserver's names."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from kubeade.cli.errors import CommandError

if TYPE_CHECKING:
    from kubeade.apiserver.fairness.limits import RequestLimits
    from kubeade.cluster.access import Access, AuditFiles, OidcFlags, Rights, Users, WebhookFile

MODES = ("Node", "RBAC", "Webhook")
_DURATION = re.compile(r"(?:(?P<h>[\d.]+)h)?(?:(?P<m>[\d.]+)m)?(?:(?P<s>[\d.]+)s)?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_users(parser.add_argument_group("further users (default: none, and anonymous ones)"))
    _add_rights(parser.add_argument_group("who says what is allowed"))
    parser.add_argument(
        "--encryption-provider-config",
        default="",
        metavar="FILE",
        help="an EncryptionConfiguration: which objects are encrypted on disk (default: none)",
    )
    _add_limits(parser.add_argument_group("how much is worked on at a time"))
    _add_audit(parser.add_argument_group("the audit log (default: none)"))


def _add_limits(parser: argparse._ActionsContainer) -> None:
    for kind, default in (("", 400), ("mutating-", 200)):
        parser.add_argument(
            f"--max-{kind}requests-inflight",
            type=int,
            default=default,
            metavar="N",
            help="default: %(default)s",
        )
    parser.add_argument(
        "--enable-priority-and-fairness",
        default="true",
        choices=["true", "false"],
        help="share the sum of both out among priority levels; default: %(default)s",
    )


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


def _add_users(parser: argparse._ActionsContainer) -> None:
    files = (
        ("token-auth-file", "static tokens: a CSV of token, user, uid, groups"),
        ("authentication-config", "an AuthenticationConfiguration: issuers of tokens, anonymous users"),
        ("authentication-token-webhook-config-file", "a kubeconfig of who knows tokens"),
    )
    for flag, what in files:
        parser.add_argument(f"--{flag}", default="", metavar="FILE", help=what)
    parser.add_argument(
        "--authentication-token-webhook-version", default="v1beta1", choices=["v1", "v1beta1"]
    )
    parser.add_argument("--authentication-token-webhook-cache-ttl", default="2m0s", metavar="TIME")
    parser.add_argument("--anonymous-auth", default="", choices=["true", "false"], help="default: true")
    parser.add_argument("--oidc-issuer-url", default="", metavar="URL", help="who issues OpenID tokens")
    parser.add_argument("--oidc-client-id", default="", metavar="ID", help="whom they must be for")
    parser.add_argument("--oidc-username-claim", default="", metavar="CLAIM", help="default: sub")
    parser.add_argument("--oidc-groups-claim", default="", metavar="CLAIM")
    for what in ("username", "groups"):
        parser.add_argument(f"--oidc-{what}-prefix", default="", metavar="TEXT")
    parser.add_argument(
        "--oidc-ca-file", default="", metavar="FILE", help="who signed the issuer's certificate"
    )
    parser.add_argument("--oidc-required-claim", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--oidc-signing-algs", default="", metavar="LIST", help="default: RS256")


def _add_rights(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--authorization-mode", default="Node,RBAC", metavar="LIST", help="also Webhook; default: %(default)s"
    )
    parser.add_argument(
        "--authorization-webhook-config-file", default="", metavar="FILE", help="a kubeconfig of whom to ask"
    )
    parser.add_argument("--authorization-webhook-version", default="v1beta1", choices=["v1", "v1beta1"])
    for answer, default in (("authorized", "5m0s"), ("unauthorized", "30s")):
        parser.add_argument(f"--authorization-webhook-cache-{answer}-ttl", default=default, metavar="TIME")


def read(options: argparse.Namespace) -> "Access":
    """Raises CommandError (2) for what does not fit together."""
    from kubeade.cluster.access import Access

    encryption = _absolute(options.encryption_provider_config)
    limits = _limits(options)
    return Access(_audit(options), _users(options), _rights(options), encryption, limits)


def _limits(options: argparse.Namespace) -> "RequestLimits":
    from kubeade.apiserver.fairness.limits import RequestLimits

    reads, writes = options.max_requests_inflight, options.max_mutating_requests_inflight
    fair = options.enable_priority_and_fairness == "true"
    if min(reads, writes) < 0 or (fair and reads + writes == 0):
        raise CommandError(
            "--max-requests-inflight and --max-mutating-requests-inflight: their sum must be positive",
            exit_code=2,
        )
    return RequestLimits(reads, writes, fair)


def _users(options: argparse.Namespace) -> "Users":
    from kubeade.cluster.access import Users

    oidc = _oidc(options)
    if options.authentication_config and (oidc or options.anonymous_auth):
        raise CommandError(
            "--authentication-config and --oidc-* or --anonymous-auth are mutually exclusive", exit_code=2
        )
    return Users(
        _absolute(options.token_auth_file),
        oidc,
        _absolute(options.authentication_config),
        _webhook(
            options.authentication_token_webhook_config_file, options.authentication_token_webhook_version
        ),
        _seconds(options, "authentication_token_webhook_cache_ttl"),
        options.anonymous_auth != "false",
    )


def _oidc(options: argparse.Namespace) -> "OidcFlags | None":
    from kubeade.cluster.access import OidcFlags

    given = {name: value for name, value in vars(options).items() if name.startswith("oidc_") and value}
    if not given:
        return None
    if not (options.oidc_issuer_url and options.oidc_client_id):
        raise CommandError(
            "--oidc-issuer-url and --oidc-client-id must be specified together when any --oidc-* flag is set",
            exit_code=2,
        )
    claims = [tuple(each.split("=", 1)) for each in options.oidc_required_claim]
    if any(len(each) != 2 for each in claims):
        raise CommandError("--oidc-required-claim must be KEY=VALUE", exit_code=2)
    return OidcFlags(
        options.oidc_issuer_url,
        options.oidc_client_id,
        options.oidc_username_claim or "sub",
        options.oidc_username_prefix,
        options.oidc_groups_claim,
        options.oidc_groups_prefix,
        _absolute(options.oidc_ca_file),
        tuple((claim, value) for claim, value in claims),
        tuple(each for each in options.oidc_signing_algs.split(",") if each) or ("RS256",),
    )


def _rights(options: argparse.Namespace) -> "Rights":
    from kubeade.cluster.access import Rights

    modes = tuple(each.strip() for each in options.authorization_mode.split(","))
    unknown = [each for each in modes if each not in MODES]
    if unknown:
        raise CommandError(
            f"--authorization-mode {unknown[0]} is not supported: use {', '.join(MODES)}", exit_code=2
        )
    if len(set(modes)) != len(modes) or not {"Node", "RBAC"} <= set(modes):
        raise CommandError("--authorization-mode must name Node and RBAC, each mode once", exit_code=2)
    if ("Webhook" in modes) != bool(options.authorization_webhook_config_file):
        raise CommandError(
            "--authorization-webhook-config-file and --authorization-mode ...,Webhook go together",
            exit_code=2,
        )
    return Rights(
        modes,
        _webhook(options.authorization_webhook_config_file, options.authorization_webhook_version),
        _seconds(options, "authorization_webhook_cache_authorized_ttl"),
        _seconds(options, "authorization_webhook_cache_unauthorized_ttl"),
    )


def _webhook(file: str, version: str) -> "WebhookFile | None":
    from kubeade.cluster.access import WebhookFile

    return WebhookFile(_absolute(file), version) if file else None


def _seconds(options: argparse.Namespace, name: str) -> float:
    """A duration as Go writes it: 2m0s."""
    text: str = getattr(options, name)
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        raise CommandError(f"--{name.replace('_', '-')} {text} is not a duration such as 2m0s", exit_code=2)
    return sum(float(match[unit] or 0) * seconds for unit, seconds in (("h", 3600), ("m", 60), ("s", 1)))


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

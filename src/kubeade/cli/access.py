"""The arguments about who may come in and what is kept of it, by kube-apiserver's names."""

import argparse
from typing import TYPE_CHECKING

from kubeade.cli import audit_flags
from kubeade.cli.errors import CommandError
from kubeade.cli.flag_values import absolute, seconds

if TYPE_CHECKING:
    from kubeade.apiserver.fairness.limits import RequestLimits
    from kubeade.cluster.access import Access, OidcFlags, Rights, Users, WebhookFile

MODES = ("Node", "RBAC", "ABAC", "Webhook")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_users(parser.add_argument_group("further users (default: none, and anonymous ones)"))
    _add_rights(parser.add_argument_group("who says what is allowed"))
    parser.add_argument(
        "--encryption-provider-config",
        default="",
        metavar="FILE",
        help="an EncryptionConfiguration: which objects are encrypted on disk (default: none)",
    )
    parser.add_argument(
        "--encryption-provider-config-automatic-reload",
        nargs="?",
        const="true",
        default="false",
        choices=["true", "false"],
        help="use it as soon as it is changed; default: %(default)s",
    )
    _add_limits(parser.add_argument_group("how much is worked on at a time"))
    audit_flags.add_arguments(parser)


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
        "--authorization-mode", default="", metavar="LIST", help="also ABAC, Webhook; default: Node,RBAC"
    )
    for flag, what in (
        ("config", "an AuthorizationConfiguration: who is asked, in which order"),
        ("policy-file", "what ABAC allows: a JSON policy a line"),
    ):
        parser.add_argument(f"--authorization-{flag}", default="", metavar="FILE", help=what)
    parser.add_argument(
        "--authorization-webhook-config-file", default="", metavar="FILE", help="a kubeconfig of whom to ask"
    )
    parser.add_argument("--authorization-webhook-version", default="v1beta1", choices=["v1", "v1beta1"])
    for answer, default in (("authorized", "5m0s"), ("unauthorized", "30s")):
        parser.add_argument(f"--authorization-webhook-cache-{answer}-ttl", default=default, metavar="TIME")


def read(options: argparse.Namespace) -> "Access":
    """Raises CommandError (2) for what does not fit together."""
    from kubeade.cluster.access import Access

    encryption, reload = absolute(options.encryption_provider_config), _reload(options)
    audit, users, rights = audit_flags.read(options), _users(options), _rights(options)
    return Access(audit, users, rights, encryption, reload, _limits(options))


def _reload(options: argparse.Namespace) -> bool:
    reload: bool = options.encryption_provider_config_automatic_reload == "true"
    if reload and not options.encryption_provider_config:
        raise CommandError(
            "--encryption-provider-config-automatic-reload needs --encryption-provider-config", exit_code=2
        )
    return reload


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
        absolute(options.token_auth_file),
        oidc,
        absolute(options.authentication_config),
        _webhook(
            options.authentication_token_webhook_config_file, options.authentication_token_webhook_version
        ),
        seconds(options, "authentication_token_webhook_cache_ttl"),
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
        absolute(options.oidc_ca_file),
        tuple((claim, value) for claim, value in claims),
        tuple(each for each in options.oidc_signing_algs.split(",") if each) or ("RS256",),
    )


def _rights(options: argparse.Namespace) -> "Rights":
    from kubeade.cluster.access import Rights

    configuration, policies = options.authorization_config, options.authorization_policy_file
    if configuration and (options.authorization_mode or options.authorization_webhook_config_file):
        raise CommandError(
            "--authorization-config and --authorization-mode or --authorization-webhook-* are mutually "
            "exclusive",
            exit_code=2,
        )
    modes = tuple(each.strip() for each in (options.authorization_mode or "Node,RBAC").split(","))
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
    if ("ABAC" in modes) != bool(policies) and not configuration:
        raise CommandError(
            "--authorization-policy-file and --authorization-mode ...,ABAC go together", exit_code=2
        )
    return Rights(
        modes,
        _webhook(options.authorization_webhook_config_file, options.authorization_webhook_version),
        seconds(options, "authorization_webhook_cache_authorized_ttl"),
        seconds(options, "authorization_webhook_cache_unauthorized_ttl"),
        absolute(policies),
        absolute(configuration),
    )


def _webhook(file: str, version: str) -> "WebhookFile | None":
    from kubeade.cluster.access import WebhookFile

    return WebhookFile(absolute(file), version) if file else None

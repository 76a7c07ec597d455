"""Users that the cluster does not make itself, and webhooks that are asked about users: from files and flags
to what the API server asks.

Most clusters have none of it: each part is imported where it is ordered.
"""

import ssl
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubeade.apiserver.authentication.anonymous import AnonymousRule
from kubeade.apiserver.authentication.authenticator import FurtherUsers
from kubeade.apiserver.authentication.bearer import TokenAuthenticator
from kubeade.cluster.access import OidcFlags, Rights, Users, WebhookFile
from kubeade.lib.clock import Clock

if TYPE_CHECKING:
    from kubeade.apiserver.authentication.jwt.config import AuthenticationConfiguration, JwtIssuer
    from kubeade.apiserver.authorization.webhook import AuthorizationWebhook
    from kubeade.apiserver.webhooks.remote import WebhookPlace
    from kubeade.client.kubeconfig import Credentials


def further_users(
    users: Users, own_issuers: Sequence[str], audiences: Sequence[str], clock: Clock
) -> FurtherUsers:
    """In upstream's order: static tokens, issuers, webhook. Raises ConfigError, OSError."""
    tokens: list[TokenAuthenticator] = []
    if users.static_tokens:
        from kubeade.apiserver.authentication.static_tokens import StaticTokens

        tokens.append(StaticTokens(users.static_tokens))
    anonymous = AnonymousRule(users.anonymous)
    source, config = _configuration(users, tuple(own_issuers))
    if config is not None and config.anonymous is not None:
        anonymous = config.anonymous.rule()
    if config is not None and config.jwt:
        from kubeade.apiserver.authentication.jwt.authenticator import ALGORITHMS, JwtAuthenticator

        algorithms = users.oidc.signing_algorithms if users.oidc else ALGORITHMS
        tokens.append(JwtAuthenticator(source, config.jwt, algorithms, clock))
    if users.webhook is not None:
        from kubeade.apiserver.authentication.webhook import TokenWebhook

        tokens.append(
            TokenWebhook(webhook_place(users.webhook), clock, audiences, users.webhook_kept_seconds)
        )
    return FurtherUsers(tokens, anonymous)


def authorization_webhook(rights: Rights, clock: Clock) -> "AuthorizationWebhook | None":
    """Raises ConfigError."""
    if rights.webhook is None:
        return None
    from kubeade.apiserver.authorization.webhook import AnswerTimes, AuthorizationWebhook

    times = AnswerTimes(rights.authorized_seconds, rights.unauthorized_seconds)
    return AuthorizationWebhook(webhook_place(rights.webhook), clock, times)


def _configuration(
    users: Users, own_issuers: tuple[str, ...]
) -> "tuple[str, AuthenticationConfiguration | None]":
    if not users.configuration and users.oidc is None:
        return "", None
    from kubeade.apiserver.authentication.jwt.config import (
        AuthenticationConfiguration,
        check_issuers,
        read_configuration,
    )

    if users.oidc is None:
        return users.configuration, read_configuration(users.configuration, own_issuers)
    issuers = (_issuer(users.oidc),)
    check_issuers("--oidc-issuer-url", issuers, own_issuers)
    return "--oidc-issuer-url", AuthenticationConfiguration(issuers)


def _issuer(flags: OidcFlags) -> "JwtIssuer":
    """What the flags say, as one entry of an AuthenticationConfiguration."""
    from kubeade.apiserver.authentication.jwt.config import Claim, ClaimMappings, ClaimRule, Issuer, JwtIssuer

    prefix = flags.username_prefix
    if not prefix and flags.username_claim != "email":
        prefix = f"{flags.issuer_url}#"
    groups = Claim(flags.groups_claim, flags.groups_prefix) if flags.groups_claim else Claim()
    authority = Path(flags.authority_file).read_text() if flags.authority_file else ""
    return JwtIssuer(
        Issuer(flags.issuer_url, (flags.client_id,), certificate_authority=authority),
        ClaimMappings(Claim(flags.username_claim, "" if prefix == "-" else prefix), groups),
        tuple(ClaimRule(claim, value) for claim, value in flags.required_claims),
    )


def webhook_place(file: WebhookFile) -> "WebhookPlace":
    """Raises ConfigError."""
    from kubeade.apiserver.config_file import ConfigError
    from kubeade.apiserver.webhooks.remote import Remote, WebhookPlace
    from kubeade.client import kubeconfig
    from kubeade.client.kubeconfig import KubeconfigError

    try:
        found = kubeconfig.load(file.kubeconfig)
        context = _context(found) if urlsplit(found.server).scheme == "https" else None
    except (KubeconfigError, ValueError, ssl.SSLError) as error:
        raise ConfigError(f"{file.kubeconfig}: {error}") from error
    remote = Remote(context, found.token, found.token_file, found.tls_server_name)
    return WebhookPlace(found.server, remote, file.version)


def _context(found: "Credentials") -> ssl.SSLContext:
    from kubeade.apiserver.webhooks.remote import trusting

    context = trusting(found.ca_pem)
    if found.skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if found.certificate_pem:
        with NamedTemporaryFile() as pair:  # ssl reads keys from files alone
            pair.write(found.certificate_pem + b"\n" + found.key_pem)
            pair.flush()
            context.load_cert_chain(pair.name)
    return context

"""Users that the cluster does not make itself, and webhooks that are asked about users: from files and flags
to what the API server asks.

Most clusters have none of it: each part is imported where it is ordered.
"""

import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubeade.apiserver.authentication.anonymous import AnonymousRule
from kubeade.apiserver.authentication.authenticator import FurtherUsers
from kubeade.apiserver.authentication.bearer import TokenAuthenticator
from kubeade.apiserver.seams import User
from kubeade.cluster.access import OidcFlags, Users, WebhookFile
from kubeade.cluster.reloading import Close
from kubeade.lib.clock import Clock

if TYPE_CHECKING:
    from kubeade.apiserver.authentication.jwt.authenticator import JwtAuthenticator
    from kubeade.apiserver.authentication.jwt.config import AuthenticationConfiguration, JwtIssuer
    from kubeade.apiserver.webhooks.remote import WebhookPlace
    from kubeade.client.kubeconfig import Credentials


class ConfiguredUsers:
    """Tokens of the issuers that flags or a file name, and whom the file lets in anonymously. Raises
    ConfigError, OSError."""

    def __init__(self, users: Users, own_issuers: Sequence[str], clock: Clock) -> None:
        self._users = users
        self._own_issuers = tuple(own_issuers)
        self._clock = clock
        self._tokens, self._anonymous = self._read()

    async def authenticate(self, token: str, audiences: Sequence[str]) -> tuple[User, tuple[str, ...]] | None:
        return None if self._tokens is None else await self._tokens.authenticate(token, audiences)

    def admits(self, path: str) -> bool:
        """Whether somebody who shows nothing may ask for it."""
        return self._anonymous.admits(path)

    async def reload(self) -> Close:
        """Read the file again. Raises ConfigError, OSError, and nothing is exchanged."""
        old = self._tokens
        self._tokens, self._anonymous = self._read()
        return partial(_close, old)

    async def close(self) -> None:
        await _close(self._tokens)

    def _read(self) -> "tuple[JwtAuthenticator | None, AnonymousRule]":
        anonymous = AnonymousRule(self._users.anonymous)
        source, config = _configuration(self._users, self._own_issuers)
        if config is None:
            return None, anonymous
        if config.anonymous is not None:
            anonymous = config.anonymous.rule()
        if not config.jwt:
            return None, anonymous
        from kubeade.apiserver.authentication.jwt.authenticator import ALGORITHMS, JwtAuthenticator

        oidc = self._users.oidc
        algorithms = oidc.signing_algorithms if oidc else ALGORITHMS
        return JwtAuthenticator(source, config.jwt, algorithms, self._clock), anonymous


async def _close(tokens: "JwtAuthenticator | None") -> None:
    if tokens is not None:
        await tokens.close()


def further_users(
    users: Users, configured: ConfiguredUsers, audiences: Sequence[str], clock: Clock
) -> FurtherUsers:
    """In upstream's order: static tokens, issuers, webhook. Raises ConfigError, OSError."""
    tokens: list[TokenAuthenticator] = []
    if users.static_tokens:
        from kubeade.apiserver.authentication.static_tokens import StaticTokens

        tokens.append(StaticTokens(users.static_tokens))
    tokens.append(configured)
    if users.webhook is not None:
        from kubeade.apiserver.authentication.webhook import TokenWebhook

        place = webhook_place(users.webhook)
        tokens.append(TokenWebhook(place, clock, audiences, users.webhook_kept_seconds))
    return FurtherUsers(tokens, configured)


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

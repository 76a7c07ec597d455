"""From flags and files to who is let in, asked over real TLS connections."""

import base64
import json
from pathlib import Path

import jwt
import pytest
import yaml
from api_lab import HandClock
from cryptography.hazmat.primitives.asymmetric import ec
from webhook_stand import WebhookServer, webhook_server

from kubeade.apiserver.authentication.authenticator import FurtherUsers
from kubeade.apiserver.config_file import ConfigError
from kubeade.apiserver.seams import Attributes, User
from kubeade.cluster.access import OidcFlags, Rights, Users, WebhookFile
from kubeade.cluster.rights import find_rights
from kubeade.cluster.users import ConfiguredUsers
from kubeade.cluster.users import further_users as further_users_of

KEY = ec.generate_private_key(ec.SECP256R1())
OWN = ("https://own.example",)


def kubeconfig(path: Path, server: WebhookServer, place: str) -> WebhookFile:
    cluster = {
        "server": f"https://localhost:{server.port}{place}",
        "certificate-authority-data": server.ca_bundle,
    }
    document = {
        "clusters": [{"name": "hook", "cluster": cluster}],
        "users": [{"name": "me", "user": {"token": "our-own"}}],
        "contexts": [{"name": "it", "context": {"cluster": "hook", "user": "me"}}],
        "current-context": "it",
    }
    file = path / "webhook.kubeconfig"
    file.write_text(yaml.safe_dump(document))
    return WebhookFile(str(file), "v1")


def further_users(
    users: Users, own: tuple[str, ...], audiences: tuple[str, ...], clock: HandClock
) -> FurtherUsers:
    return further_users_of(users, ConfiguredUsers(users, own, clock), audiences, clock)


async def test_an_openid_issuer_named_by_flags(tmp_path: Path) -> None:
    async with webhook_server(tmp_path) as server:
        url = f"https://localhost:{server.port}"
        key = {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key())), "kid": "a"}
        server.on("/.well-known/openid-configuration", lambda _: {"issuer": url, "jwks_uri": f"{url}/keys"})
        server.on("/keys", lambda _: {"keys": [key]})
        authority = tmp_path / "ca.pem"
        authority.write_bytes(base64.b64decode(server.ca_bundle))
        flags = OidcFlags(url, "shop", authority_file=str(authority), signing_algorithms=("ES256",))
        further = further_users(Users(oidc=flags), OWN, (), HandClock())
        token = jwt.encode(
            {"iss": url, "aud": "shop", "sub": "alice", "exp": 10**10}, KEY, "ES256", {"kid": "a"}
        )
        found = await further.tokens[0].authenticate(token, ())
        await further.tokens[0].close()
    assert found is not None
    assert found[0].name == f"{url}#alice"


async def test_webhooks_named_by_kubeconfigs(tmp_path: Path) -> None:
    async with webhook_server(tmp_path) as server:
        server.on("/tokens", lambda _: {"status": {"authenticated": True, "user": {"username": "alice"}}})
        users = Users(webhook=kubeconfig(tmp_path, server, "/tokens"))
        _, tokens = further_users(users, OWN, OWN, HandClock()).tokens
        found = await tokens.authenticate("secret", ())
        assert found == (User("alice", groups=("system:authenticated",)), OWN)
        await tokens.close()

        server.on("/rights", lambda _: {"status": {"allowed": True, "reason": "why not"}})
        found = find_rights(Rights(("Webhook",), kubeconfig(tmp_path, server, "/rights")), HandClock())
        (webhook,) = found.webhooks
        assert webhook is not None
        assert (await webhook.authorize(Attributes(User("alice"), "get"))).reason == "why not"
        await webhook.close()


def test_files_that_do_not_serve_are_named(tmp_path: Path) -> None:
    file = tmp_path / "webhook.kubeconfig"
    file.write_text("{}")
    with pytest.raises(ConfigError, match=r"webhook\.kubeconfig"):
        further_users(Users(webhook=WebhookFile(str(file))), OWN, OWN, HandClock())
    with pytest.raises(ConfigError, match=r"--oidc-issuer-url: .*must be https"):
        further_users(Users(oidc=OidcFlags("http://issuer", "shop")), OWN, OWN, HandClock())


def test_anonymous_users_can_be_kept_out() -> None:
    assert not further_users(Users(anonymous=False), OWN, OWN, HandClock()).anonymous.admits("/livez")

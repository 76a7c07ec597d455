"""Users by header: only from a front proxy, and neither authority can do the other's work."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from kubeade.api.errors import Unauthorized
from kubeade.apiserver.authentication.authenticator import RequestAuthenticator
from kubeade.apiserver.authentication.issuers import Issuers
from kubeade.apiserver.authentication.request_header import RequestHeaderAuthenticator, RequestHeaders
from kubeade.apiserver.authentication.x509 import CertificateAuthenticator
from kubeade.cluster.pki import Authority, Subject
from kubeade.lib.http.message import Request


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 31, tzinfo=UTC)


class NoTokens:
    def authenticate(self, token: str) -> Any:
        raise AssertionError("no token was sent")


class Gate:
    """Both authorities, and an authenticator that trusts them."""

    def __init__(self, path: Path, **headers: tuple[str, ...]) -> None:
        for name in ("users", "proxies"):
            (path / name).mkdir()
        self.users = Authority(path / "users", FixedClock())
        self.proxies = Authority(path / "proxies", FixedClock(), "front-proxy-ca")
        config = RequestHeaders(
            self.proxies.certificate_pem, self.users.certificate_pem, ("front-proxy-client",), **headers
        )
        self.authenticator = RequestAuthenticator(
            CertificateAuthenticator(FixedClock(), Issuers(config.user_authority_pem)),
            NoTokens(),  # type: ignore[arg-type]
            RequestHeaderAuthenticator(config, FixedClock()),
        )

    async def ask(self, certificate: bytes, **headers: str | list[str]) -> Any:
        plain = {name.replace("_", "-"): value for name, value in headers.items()}
        joined = {n: value if isinstance(value, str) else ", ".join(value) for n, value in plain.items()}
        repeated = {name: value for name, value in plain.items() if isinstance(value, list)}
        request = Request("GET", "/", headers=joined, peer_certificate=certificate, repeated=repeated)
        return await self.authenticator.authenticate(request)


def signed(authority: Authority, name: str, *groups: str) -> bytes:
    pem = authority.sign(Subject(name, groups)).certificate_pem
    return load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


async def test_a_front_proxy_says_who_asks(gate: Gate) -> None:
    headers: dict[str, Any] = {
        "x_remote_user": "j\u00f6rg".encode().decode("latin-1"),
        "x_remote_uid": "42",
        "x_remote_group": ["a, system:masters", "b"],
        "x_remote_extra_acme.org%2fscope": ["x", "y,z"],
    }
    user = await gate.ask(signed(gate.proxies, "front-proxy-client"), **headers)
    assert (user.name, user.uid) == ("j\u00f6rg", "42")
    assert user.groups == ("a, system:masters", "b", "system:authenticated")
    assert user.extra == {"acme.org/scope": ("x", "y,z")}


async def test_a_user_s_certificate_speaks_for_nobody_else(gate: Gate) -> None:
    user = await gate.ask(signed(gate.users, "jane"), x_remote_user="root", x_remote_group="system:masters")
    assert (user.name, user.groups) == ("jane", ("system:authenticated",))


async def test_the_proxies_authority_makes_no_users(gate: Gate) -> None:
    with pytest.raises(Unauthorized):
        await gate.ask(signed(gate.proxies, "jane", "system:masters"))


async def test_a_proxy_of_another_name_is_refused(gate: Gate) -> None:
    with pytest.raises(Unauthorized):
        await gate.ask(signed(gate.proxies, "other"), x_remote_user="jane")


async def test_the_anonymous_user_stays_so(gate: Gate) -> None:
    proxy = signed(gate.proxies, "front-proxy-client")
    user = await gate.ask(proxy, x_remote_user="system:anonymous", x_remote_group="system:unauthenticated")
    assert user.groups == ("system:unauthenticated",)


async def test_headers_of_other_names_are_read_and_never_sent_on(tmp_path: Path) -> None:
    gate = Gate(tmp_path, username_headers=("X-User", "X-Remote-User"), extra_prefixes=("X-More-",))
    sent = {"x-user": "root", "x-remote-group": "system:masters", "x-more-a": "1", "x-user-agent": "kept"}
    for certificate, name in (
        (signed(gate.proxies, "front-proxy-client"), "root"),
        (signed(gate.users, "jane"), "jane"),
    ):
        request = Request("GET", "/", headers=dict(sent), peer_certificate=certificate)
        assert (await gate.authenticator.authenticate(request)).name == name
        assert request.headers == {"x-user-agent": "kept"}


async def test_authorities_can_be_exchanged(gate: Gate, tmp_path: Path) -> None:
    jane = signed(gate.users, "jane")
    assert (await gate.ask(jane)).name == "jane"
    (tmp_path / "new").mkdir()
    new = Authority(tmp_path / "new", FixedClock())
    for broken in (b"", b"-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n"):
        with pytest.raises(ValueError, match=r"PEM|certificate|parsing"):
            gate.authenticator.trust(RequestHeaders(gate.proxies.certificate_pem, broken))
    assert (await gate.ask(jane)).name == "jane"
    gate.authenticator.trust(RequestHeaders(new.certificate_pem, new.certificate_pem))
    assert (await gate.ask(signed(new, "ann"))).name == "ann"
    assert (await gate.ask(signed(new, "front-proxy-client"), x_remote_user="bob")).name == "bob"
    with pytest.raises(Unauthorized):
        await gate.ask(jane)

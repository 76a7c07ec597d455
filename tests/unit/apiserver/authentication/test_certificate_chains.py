"""Who signed a client certificate: directly, by intermediates, or nobody whom we trust."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kubeade.api.errors import Unauthorized
from kubeade.apiserver.authentication.authenticator import RequestAuthenticator
from kubeade.apiserver.authentication.issuers import Issuers
from kubeade.apiserver.authentication.jws import InvalidToken
from kubeade.apiserver.authentication.x509 import CertificateAuthenticator
from kubeade.apiserver.seams import User
from kubeade.lib.http.message import Request

NOW = datetime(2026, 1, 31, tzinfo=UTC)
DAY = timedelta(days=1)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


class FixedClock:
    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment


class Party:
    """A key and its certificate, signed by another party or itself."""

    def __init__(self, name: str, by: "Party | None" = None, **how: Any) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = by or self
        begins, ends = how.get("begins", NOW - DAY), how.get("ends", NOW + 30 * DAY)
        builder = x509.CertificateBuilder().subject_name(self.name).issuer_name(signer.name)
        builder = builder.public_key(self.key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(begins).not_valid_after(ends)
        if "ca" in how:
            constraints = x509.BasicConstraints(how["ca"], how.get("path_length"))
            builder = builder.add_extension(constraints, critical=True)
        if "usage" in how:
            builder = builder.add_extension(x509.ExtendedKeyUsage([how["usage"]]), critical=False)
        if "critical" in how:
            builder = builder.add_extension(how["critical"], critical=True)
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def until(root: Party, *chain: Party, now: datetime = NOW) -> datetime | None:
    leaf, *others = chain
    return Issuers(root.pem).good_until(leaf.der, [other.der for other in others], now)


def authority(name: str = "root", by: Party | None = None, **how: Any) -> Party:
    return Party(name, by, ca=True, **how)


def test_what_the_authority_signed_is_good_until_the_first_of_both_ends() -> None:
    root = authority()
    assert until(root, Party("jane", root, usage=CLIENT, ends=NOW + 5 * DAY)) == NOW + 5 * DAY
    assert until(root, Party("jane", root, ends=NOW + 90 * DAY)) == NOW + 30 * DAY


def test_intermediates_are_climbed_in_any_order() -> None:
    root = authority()
    upper = authority("upper", root, ends=NOW + 3 * DAY)
    lower = authority("lower", upper)
    jane = Party("jane", lower)
    assert until(root, jane, upper, authority("other"), lower) == NOW + 3 * DAY
    assert until(root, jane, lower) is None


def test_nobody_is_believed_who_is_not_an_authority_in_time_for_this() -> None:
    root = authority()
    below = Party("jane", root)
    plain = Party("plain", root)
    short = authority("short", authority_of_none := authority("none", root, path_length=0))
    constrained = x509.NameConstraints([x509.DNSName("shop.example")], None)
    other = authority("root")  # the same name, another key
    for chain in (
        [Party("jane")],
        [Party("jane", other)],
        [Party("jane", plain), plain],
        [Party("jane", short), short, authority_of_none],
        [Party("jane", root, usage=SERVER)],
        [Party("jane", serving := authority("serving", root, usage=SERVER)), serving],
        [Party("jane", root, ends=NOW - timedelta(hours=1), begins=NOW - DAY)],
        [Party("jane", root, begins=NOW + timedelta(hours=1))],
        [Party("jane", old := authority("old", root, ends=NOW - timedelta(hours=1))), old],
        [Party("jane", limited := authority("limited", root, critical=constrained)), limited],
    ):
        assert until(root, *chain) is None, chain
    assert until(root, below) is not None
    assert until(root, below, now=NOW + 31 * DAY) is None


def test_a_certificate_that_is_trusted_itself_needs_no_authority() -> None:
    jane = Party("jane")
    assert until(jane, jane) == NOW + 30 * DAY


def test_what_is_no_certificate_is_nobodys() -> None:
    root = authority()
    assert Issuers(root.pem).good_until(b"0", [], NOW) is None
    assert Issuers(root.pem).good_until(Party("jane", root).der, [b"0"], NOW) is None


class OneToken:
    async def authenticate(self, token: str) -> tuple[User, tuple[str, ...]]:
        if token != "good":
            raise InvalidToken("no")
        return User("ann"), ()


class Gate:
    def __init__(self) -> None:
        self.root = authority()
        self.clock = FixedClock()
        certificates = CertificateAuthenticator(self.clock, Issuers(self.root.pem))
        self._authenticator = RequestAuthenticator(certificates, OneToken())  # type: ignore[arg-type]

    async def ask(self, *chain: Party, token: str = "") -> User | None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        leaf, *others = [each.der for each in chain]
        return await self._authenticator.authenticate(
            Request("GET", "/", headers=headers, peer_certificate=leaf, peer_intermediates=tuple(others))
        )


async def test_an_unknown_or_expired_certificate_alone_is_unauthorized_and_not_anonymous() -> None:
    gate = Gate()
    for chain in (Party("jane"), Party("jane", gate.root, begins=NOW - 2 * DAY, ends=NOW - DAY)):
        with pytest.raises(Unauthorized):
            await gate.ask(chain)
        with pytest.raises(Unauthorized):
            await gate.ask(chain, token="bad")
        user = await gate.ask(chain, token="good")
        assert user is not None
        assert user.name == "ann"


async def test_a_chain_is_verified_once_and_ends_with_its_first_certificate() -> None:
    gate = Gate()
    middle = authority("middle", gate.root, ends=NOW + DAY)
    jane = Party("jane", middle)
    with pytest.raises(Unauthorized):
        await gate.ask(jane)
    for chain in ([jane, middle], [jane]):
        user = await gate.ask(*chain)
        assert user is not None
        assert user.name == "jane"
    gate.clock.moment = NOW + 2 * DAY
    with pytest.raises(Unauthorized):
        await gate.ask(jane, middle)

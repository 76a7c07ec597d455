"""The cluster's own certificates."""

import contextlib
import ssl
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from kubeade.cluster.pki import Authority, Subject, signing_key
from kubeade.lib.clock import SystemClock


class FixedClock:
    def __init__(self):
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self):
        return self.moment


@pytest.fixture
def clock():
    return FixedClock()


def test_a_server_certificate_names_its_hosts_and_addresses(tmp_path, clock):
    pair = Authority(tmp_path, clock).issue(
        "server", Subject("kube-apiserver", names=("localhost", "127.0.0.1"))
    )
    certificate = x509.load_pem_x509_certificate(pair.certificate_pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_a_client_certificate_carries_user_and_groups(tmp_path, clock):
    pair = Authority(tmp_path, clock).sign(Subject("alice", ("dev", "ops")))
    certificate = x509.load_pem_x509_certificate(pair.certificate_pem)
    assert certificate.subject.rfc4514_string() == "CN=alice,O=ops,O=dev"


def test_pairs_are_kept_until_they_near_their_end(tmp_path, clock):
    subject = Subject("alice")
    first = Authority(tmp_path, clock).issue("alice", subject)
    assert Authority(tmp_path, clock).issue("alice", subject) == first
    clock.moment += timedelta(days=300)
    assert Authority(tmp_path, clock).issue("alice", subject) != first


def test_another_subject_gets_another_pair(tmp_path, clock):
    authority = Authority(tmp_path, clock)
    first = authority.issue("server", Subject("s", names=("a",)))
    assert authority.issue("server", Subject("s", names=("a", "b"))) != first


def test_private_keys_are_private(tmp_path, clock):
    Authority(tmp_path, clock).issue("alice", Subject("alice"))
    signing_key(tmp_path / "sa.key")
    assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.glob("*.key")} == {0o600}


def test_the_chain_is_accepted_by_tls(tmp_path, clock):
    clock.moment = SystemClock().now()
    authority = Authority(tmp_path, clock)
    authority.issue("server", Subject("s", names=("localhost",)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    ssl.create_default_context(cadata=authority.certificate_pem.decode())


def test_strict_clients_accept_what_the_authority_signs(tmp_path):
    """Python 3.13 verifies strictly (VERIFY_X509_STRICT): a certificate must name its issuer's key."""
    authority = Authority(tmp_path, SystemClock())
    authority.issue("server", Subject("server", names=("127.0.0.1", "localhost")))
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    client.load_verify_locations(tmp_path / "ca.crt")
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname="localhost"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(3):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    assert ends[0].getpeercert()["subject"] == ((("commonName", "server"),),)

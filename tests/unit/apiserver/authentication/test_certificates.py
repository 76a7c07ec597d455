"""Client certificates: read without a library, so compared with one; and refused when broken or expired."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeade.api.errors import Unauthorized
from kubeade.apiserver.authentication.x509 import CertificateAuthenticator
from kubeade.lib.certificate import read_certificate

KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime(2026, 1, 31, tzinfo=UTC)


class FixedClock:
    def __init__(self, now=NOW):
        self.moment = now

    def now(self):
        return self.moment


def certificate(*attributes, not_after=NOW + timedelta(days=365)):
    name = x509.Name([x509.NameAttribute(kind, text) for kind, text in attributes])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW - timedelta(days=1)).not_valid_after(not_after)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


@settings(max_examples=30, deadline=None)
@given(
    name=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40),
    groups=st.lists(st.text("abc:-", min_size=1, max_size=60), max_size=5),
)
def test_names_are_read_as_a_library_reads_them(name, groups):
    attributes = [(NameOID.ORGANIZATION_NAME, group) for group in groups]
    found = read_certificate(certificate(*attributes, (NameOID.COMMON_NAME, name)))
    assert (found.common_name, found.organizations) == (name, tuple(groups))


@pytest.mark.parametrize("year", [2027, 2049, 2050, 2100])
def test_both_forms_of_dates_are_read(year):
    end = datetime(year, 6, 1, 12, 30, 15, tzinfo=UTC)
    assert read_certificate(certificate(not_after=end)).not_after == end


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 300))
def test_broken_certificates_are_refused_in_one_way(noise, cut):
    whole = certificate((NameOID.COMMON_NAME, "jane"))
    for broken in (noise, whole[:cut], whole[:cut] + noise):
        try:
            read_certificate(broken)
        except ValueError:
            continue


def test_the_common_name_is_the_user_and_the_organizations_are_the_groups():
    der = certificate((NameOID.ORGANIZATION_NAME, "devs"), (NameOID.COMMON_NAME, "jane"))
    user = CertificateAuthenticator(FixedClock()).authenticate(der)
    assert user.name == "jane"
    assert user.groups == ("devs", "system:authenticated")
    assert user.extra["authentication.kubernetes.io/credential-id"][0].startswith("X509SHA256=")


def test_a_certificate_that_expires_during_a_connection_is_refused_from_then_on():
    clock = FixedClock()
    authenticator = CertificateAuthenticator(clock)
    der = certificate((NameOID.COMMON_NAME, "jane"), not_after=NOW + timedelta(hours=1))
    assert authenticator.authenticate(der).name == "jane"
    clock.moment = NOW + timedelta(hours=2)
    with pytest.raises(Unauthorized):
        authenticator.authenticate(der)


def test_a_certificate_without_a_name_is_nobody():
    assert CertificateAuthenticator(FixedClock()).authenticate(certificate()) is None

"""Front proxies that somebody brings along, beside or instead of the cluster's own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kubeade.cluster.front_proxy import NAME, FrontProxyFiles, believed_proxies, own_proxy
from kubeade.cluster.pki import Authority


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, FixedClock(), "front-proxy-ca")


def test_without_files_the_server_believes_only_its_own(authority: Authority) -> None:
    found = believed_proxies(FrontProxyFiles(), authority, b"users")
    assert (found.authority_pem, found.allowed_names) == (authority.certificate_pem, (NAME,))
    published = found.published()
    assert published["requestheader-allowed-names"] == '["front-proxy-client"]'
    assert published["requestheader-username-headers"] == '["X-Remote-User"]'


def test_an_authority_brought_along_is_believed_too(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other.crt").write_bytes(b"other")
    files = FrontProxyFiles(str(tmp_path / "other.crt"), ("edge",), username_headers=("X-User",))
    found = believed_proxies(files, authority, b"users")
    assert found.authority_pem == b"other\n" + authority.certificate_pem
    assert found.allowed_names == ("edge", NAME)
    assert (found.username_headers, found.group_headers) == (("X-User",), ("X-Remote-Group",))


def test_who_brings_his_own_certificate_brings_its_authority(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other.crt").write_bytes(b"other")
    files = FrontProxyFiles(
        str(tmp_path / "other.crt"), client_certificate="/keys/own.crt", client_key="/keys/own.key"
    )
    assert believed_proxies(files, authority, b"users").authority_pem == b"other"
    proxy = own_proxy(files, authority, tmp_path)
    assert (str(proxy.certificate), str(proxy.key)) == ("/keys/own.crt", "/keys/own.key")


def test_its_own_certificate_is_made_once(authority: Authority, tmp_path: Path) -> None:
    first = own_proxy(FrontProxyFiles(), authority, tmp_path)
    made = first.certificate.read_bytes()
    assert own_proxy(FrontProxyFiles(), authority, tmp_path).certificate.read_bytes() == made

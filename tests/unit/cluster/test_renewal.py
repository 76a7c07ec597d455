"""Certificates are exchanged while everything runs: our own in time, others when their files change."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from kubeade.client.kubeconfig import Credentials, render
from kubeade.cluster import node_certificates
from kubeade.cluster.certificate_request import CertificateRefused, CertificateRequest
from kubeade.cluster.expiry import expiring
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.node_certificates import NodeCertificates
from kubeade.cluster.pki import CERTIFICATE_LIFETIME, Authority, KeyPair, Subject, is_due
from kubeade.cluster.trust import KeyFiles, Trust
from kubeade.lib.http.message import Request, Response
from kubeade.lib.http.server import HttpServer

NOW = datetime(2026, 1, 31, tzinfo=UTC)
SERVER = Subject("kube-apiserver", names=("127.0.0.1",))


class HandClock:
    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    found = DataDirectory(tmp_path / "data")
    found.prepare()
    return found


async def shown(context: ssl.SSLContext) -> x509.Certificate:
    """What a new client of a server with this context is shown."""

    async def handle(_: Request) -> Response:
        return Response(200)

    server = HttpServer(handle, context)
    port = await server.start()
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
    der = writer.get_extra_info("ssl_object").getpeercert(True)
    writer.close()
    await server.stop()
    return x509.load_der_x509_certificate(der)


async def test_a_running_server_shows_a_new_certificate_in_time(
    data: DataDirectory, clock: HandClock
) -> None:
    trust = Trust.of(data, clock)
    context = trust.api_context(data, SERVER)
    first = await shown(context)
    trust.renewal.check()
    assert await shown(context) == first
    clock.moment += CERTIFICATE_LIFETIME * 0.7
    trust.renewal.check()
    second = await shown(context)
    assert second.serial_number != first.serial_number
    assert second.not_valid_after_utc > first.not_valid_after_utc


async def test_certificates_that_were_brought_along_are_read_again_when_their_files_change(
    data: DataDirectory, clock: HandClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    somebody = Authority(tmp_path, clock, "somebody")
    somebody.issue("server", SERVER)
    files = KeyFiles(str(tmp_path / "server.crt"), str(tmp_path / "server.key"))
    trust = Trust.of(data, clock, files)
    context = trust.api_context(data, SERVER)
    first = await shown(context)
    other = somebody.sign(SERVER)
    (tmp_path / "server.crt").write_bytes(other.certificate_pem)
    trust.renewal.check()  # the key is another one's still
    assert "cannot be renewed" in caplog.text
    assert await shown(context) == first
    (tmp_path / "server.key").write_bytes(other.key_pem)
    trust.renewal.check()
    assert await shown(context) == x509.load_pem_x509_certificate(other.certificate_pem)


def test_the_front_proxy_and_who_asks_nodes_are_renewed(data: DataDirectory, clock: HandClock) -> None:
    trust = Trust.of(data, clock)
    front = trust.front_proxy(data).certificate
    trust.kubelet_context(data, Subject("kube-apiserver-kubelet-client"), verified=True)
    kubelet = data.pki / "apiserver-kubelet-client.crt"
    before = front.read_bytes(), kubelet.read_bytes()
    clock.moment += CERTIFICATE_LIFETIME * 0.7
    trust.renewal.check()
    assert front.read_bytes() != before[0]
    assert kubelet.read_bytes() != before[1]


def test_a_certificate_is_due_when_a_third_of_its_own_life_is_left(tmp_path: Path, clock: HandClock) -> None:
    pem = Authority(tmp_path, clock).sign(SERVER).certificate_pem
    assert not is_due(pem, NOW + CERTIFICATE_LIFETIME * 0.66)
    assert is_due(pem, NOW + CERTIFICATE_LIFETIME * 0.67)


def test_status_tells_what_expires_and_what_to_do(data: DataDirectory, clock: HandClock) -> None:
    authority = Authority(data.pki, clock)
    authority.issue("apiserver", SERVER)
    assert expiring(data, NOW) == []
    (found,) = expiring(data, NOW + CERTIFICATE_LIFETIME - timedelta(days=3))
    told = found.told(NOW + CERTIFICATE_LIFETIME - timedelta(days=3))
    assert "apiserver.crt expires in 3 days" in told
    assert "start it again" in told
    late = NOW + timedelta(days=3650)
    assert ["has expired" in each.told(late) for each in expiring(data, late)] == [True, True]
    assert "not renewed by itself" in expiring(data, late)[1].told(late)


class Signer:
    """In place of the requests to the cluster: refuses the first one."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.asked: list[CertificateRequest] = []

    async def obtain(self, client: Any, wanted: CertificateRequest) -> KeyPair:
        self.asked.append(wanted)
        if len(self.asked) == 1:
            raise CertificateRefused("not yet")
        return self.authority.sign(wanted.subject)


class Transport:
    def __init__(self) -> None:
        self.used: asyncio.Future[Credentials] = asyncio.get_running_loop().create_future()

    async def use(self, credentials: Credentials) -> None:
        self.used.set_result(credentials)


async def test_a_node_renews_what_it_shows_to_the_api_server(
    data: DataDirectory, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(data.pki, clock)
    signer, transport = Signer(authority), Transport()
    monkeypatch.setattr(node_certificates, "obtain", signer.obtain)
    monkeypatch.setattr(node_certificates, "CHECK_SECONDS", 0.001)
    monkeypatch.setattr(node_certificates, "_WAIT_SECONDS", 0.05)
    subject = Subject("system:node:shop", ("system:nodes",))
    pair = authority.sign(subject)
    old = Credentials("https://127.0.0.1:1", authority.certificate_pem, pair.certificate_pem, pair.key_pem)
    clock.moment += CERTIFICATE_LIFETIME * 0.7
    certificates = NodeCertificates(data, None, clock)  # type: ignore[arg-type]
    keeping = asyncio.ensure_future(certificates.keep_client(transport, old, subject))  # type: ignore[arg-type]
    async with asyncio.timeout(10):
        new = await transport.used
    keeping.cancel()
    assert new.certificate_pem != old.certificate_pem
    assert data.kubeconfig.read_bytes() == render("kubeade", new)
    assert [each.signer for each in signer.asked] == ["kubernetes.io/kube-apiserver-client-kubelet"] * 2

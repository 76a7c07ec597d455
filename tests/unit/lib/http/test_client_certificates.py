"""TLS that asks for certificates: whatever clients show reaches the handler, who judges it."""

import asyncio
import ssl
from pathlib import Path

import pytest

from kubeade.cluster.pki import Authority, Subject
from kubeade.lib.clock import SystemClock
from kubeade.lib.http.client_certificates import ask_for_certificates
from kubeade.lib.http.message import Request, Response
from kubeade.lib.http.server import HttpServer


def authority(folder: Path) -> Authority:
    folder.mkdir()
    return Authority(folder, SystemClock())


async def asked(server: HttpServer, port: int, context: ssl.SSLContext) -> bytes:
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        writer.write(b"GET / HTTP/1.1\r\nhost: it\r\nconnection: close\r\n\r\n")
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_certificate_of_an_unknown_authority_comes_with_all_that_was_shown(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    own, foreign = authority(tmp_path / "own"), authority(tmp_path / "foreign")
    own.issue("server", Subject("server", names=("127.0.0.1",)))
    shown: list[tuple[bytes | None, tuple[bytes, ...]]] = []

    async def handle(request: Request) -> Response:
        shown.append((request.peer_certificate, request.peer_intermediates))
        return Response(200)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own" / "server.crt", tmp_path / "own" / "server.key")
    context.load_verify_locations(cadata=own.certificate_pem.decode())
    assert ask_for_certificates(context), "this Python should be one that we know"
    server = HttpServer(handle, context)
    port = await server.start()
    pair = foreign.sign(Subject("jane"))
    together = tmp_path / "jane.pem"
    together.write_bytes(pair.key_pem + pair.certificate_pem + foreign.certificate_pem)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.maximum_version = version
    client.load_cert_chain(together)
    try:
        for _ in range(2):
            assert (await asked(server, port, client)).startswith(b"HTTP/1.1 200")
        assert (await asked(server, port, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))).startswith(
            b"HTTP/1.1 200"
        )
    finally:
        await server.stop()
    jane = ssl.PEM_cert_to_DER_cert(pair.certificate_pem.decode())
    signer = ssl.PEM_cert_to_DER_cert(foreign.certificate_pem.decode())
    assert shown == [(jane, (signer,)), (jane, (signer,)), (None, ())]

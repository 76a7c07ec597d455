"""A KMS plugin on a Unix socket, as others write them; it seals by turning bytes over, and notes what it
did."""

from pathlib import Path
from typing import Any

import grpc.aio

from kubeade.apiserver.encryption import kms_messages as m
from kubeade.lib.protobuf.message import decode, encode


class KmsPluginServer:
    def __init__(self, socket: Path) -> None:
        self.endpoint = f"unix://{socket}"
        self.key_id = "key-1"
        self.encrypts_with = ""
        self.version = "v2"
        self.healthz = "ok"
        self.encrypted = self.decrypted = 0
        self._server: Any = None

    async def start(self) -> None:
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(call)
            for name, call in (
                ("Status", self._status),
                ("Encrypt", self._encrypt),
                ("Decrypt", self._decrypt),
            )
        }
        self._server = grpc.aio.server()
        service = grpc.method_handlers_generic_handler("v2.KeyManagementService", handlers)
        self._server.add_generic_rpc_handlers((service,))
        self._server.add_insecure_port(self.endpoint)
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(None)

    async def _status(self, _: bytes, context: Any) -> bytes:
        return encode(m.StatusResponse(self.version, self.healthz, self.key_id))

    async def _encrypt(self, sent: bytes, context: Any) -> bytes:
        self.encrypted += 1
        request = decode(m.EncryptRequest, sent)
        assert request.uid
        key = self.encrypts_with or self.key_id
        return encode(
            m.EncryptResponse(turned(request.plaintext), key, [m.Annotation("kms.shop.example", b"1")])
        )

    async def _decrypt(self, sent: bytes, context: Any) -> bytes:
        self.decrypted += 1
        request = decode(m.DecryptRequest, sent)
        assert request.annotations == [m.Annotation("kms.shop.example", b"1")]
        return encode(m.DecryptResponse(turned(request.ciphertext)))


def turned(data: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in data)

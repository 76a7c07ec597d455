"""The gRPC server of the etcd face. Importing this imports gRPC: only where somebody has asked for it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio

from kubeade.store.face.keys import Keys
from kubeade.store.face.leases import Leases
from kubeade.store.face.maintenance import Maintenance
from kubeade.store.face.membership import Authentication, Membership
from kubeade.store.face.queueing import Elections, Locks
from kubeade.store.face.service import Desk, Provider
from kubeade.store.face.watches import Watches
from kubeade.store.sqlite import SqliteLedger

RECEIVED_BYTES = 16 * 1024 * 1024
"""More than is taken, so that a request that is too large gets etcd's answer, not gRPC's."""

_OPTIONS = (
    ("grpc.max_receive_message_length", RECEIVED_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 1000),
    ("grpc.http2.max_ping_strikes", 0),
)


@dataclass(frozen=True, slots=True)
class FaceTls:
    """PEM. A client must show a certificate of the authority."""

    certificate: bytes
    key: bytes
    client_authority: bytes


class EtcdFace:
    """Serves one ledger until `stop`. `folder` is for what it has to put down for a while."""

    def __init__(self, ledger: SqliteLedger, client_url: str, folder: Path) -> None:
        desk = Desk(ledger, client_url)
        services: list[Provider] = [
            Keys(desk),
            Watches(desk),
            Leases(desk),
            Maintenance(desk, folder),
            Membership(desk),
            Authentication(desk),
            Locks(desk),
            Elections(desk),
        ]
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers(tuple(each.service.handler for each in services))

    async def start(self, address: str, tls: Callable[[], FaceTls] | None) -> int:
        """Listen at HOST:PORT or unix:PATH. Returns the port. Raises OSError. `tls` is asked for every
        connection, in a thread of gRPC's; None: for tests."""
        try:
            port = self._add_port(address, tls)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}: {error}") from error
        await self._server.start()
        return port

    async def stop(self) -> None:
        await self._server.stop(grace=None)

    def _add_port(self, address: str, tls: Callable[[], FaceTls] | None) -> int:
        if tls is None:
            return int(self._server.add_insecure_port(address))
        credentials = grpc.dynamic_ssl_server_credentials(
            _shown(tls()), lambda: _shown(tls()), require_client_authentication=True
        )
        return int(self._server.add_secure_port(address, credentials))


def _shown(tls: FaceTls) -> Any:
    return grpc.ssl_server_certificate_configuration([(tls.key, tls.certificate)], tls.client_authority)

"""The ledger's etcd face in a cluster: its keys, its door, and where the door is.

It has an authority of its own: whoever may talk to the API server must not get at the ledger by that.
`pki/etcd/endpoint.json` says who serves it where, for `kubeade ledger flags`.
"""

import os
import shlex
from pathlib import Path

import msgspec

from kubeade.cluster import daemon
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.pki import Authority, Subject, write_private
from kubeade.cluster.settings import EtcdSettings
from kubeade.lib.clock import Clock
from kubeade.store.sqlite import SqliteLedger

LOOPBACK = "127.0.0.1"
AUTHORITY_NAME = "kubeade-ledger"
_SERVER_NAME = "kubeade-ledger-server"
"""Not the authority's: to OpenSSL a certificate whose issuer has its own name has signed itself."""


class Endpoint(msgspec.Struct):
    """Where the ledger's door is, as long as the process lives."""

    url: str
    process: daemon.Process


def running(data: DataDirectory) -> Endpoint | None:
    """Who serves the ledger now."""
    try:
        endpoint = msgspec.json.decode(_endpoint_path(data).read_bytes(), type=Endpoint)
    except (OSError, msgspec.MsgspecError):
        return None
    return endpoint if endpoint.process.alive else None


def flags(data: DataDirectory, endpoint: Endpoint, clock: Clock) -> str:
    """What etcdctl needs; makes the client's certificate where there is none yet."""
    _authority(data, clock).issue("client", Subject("kubeade-ledger-client"))
    folder = data.pki / "etcd"
    return shlex.join(
        [
            f"--endpoints={endpoint.url}",
            f"--cacert={folder / 'ca.crt'}",
            f"--cert={folder / 'client.crt'}",
            f"--key={folder / 'client.key'}",
        ]
    )


def flags_of_etcd(etcd: EtcdSettings) -> str:
    """What etcdctl needs to reach a real etcd that is the ledger."""
    files = {"cacert": etcd.authority_file, "cert": etcd.certificate_file, "key": etcd.key_file}
    given = [f"--{name}={file}" for name, file in files.items() if file]
    return shlex.join([f"--endpoints={','.join(etcd.servers)}", *given])


class LedgerDoor:
    """Serves a ledger on loopback until `stop`. gRPC and the keys come with the first visitor."""

    def __init__(self, data: DataDirectory, ledger: SqliteLedger, clock: Clock) -> None:
        from kubeade.store.face.door import Door

        self._data = data
        self.ledger = ledger
        self._clock = clock
        self._door = Door(self._open)
        self._stop_face = _nothing
        self._url = ""

    async def start(self, port: int = 0) -> str:
        """Returns the URL. Raises OSError."""
        chosen = await self._door.start(LOOPBACK, port)
        self._url = f"https://{LOOPBACK}:{chosen}"
        (self._data.pki / "etcd").mkdir(mode=0o700, exist_ok=True)
        endpoint = Endpoint(self._url, daemon.this_process())
        write_private(_endpoint_path(self._data), msgspec.json.encode(endpoint))
        return self._url

    async def stop(self) -> None:
        await self._door.stop()
        await self._stop_face()
        _endpoint_path(self._data).unlink(missing_ok=True)

    async def _open(self) -> int:
        silence_grpc()
        from kubeade.store.face.server import EtcdFace, FaceTls

        authority = _authority(self._data, self._clock)

        def tls() -> FaceTls:
            own = authority.issue("server", Subject(_SERVER_NAME, names=("localhost", LOOPBACK)))
            return FaceTls(own.certificate_pem, own.key_pem, authority.certificate_pem)

        face = EtcdFace(self.ledger, self._url, self._data.root)
        self._stop_face = face.stop
        return await face.start(f"{LOOPBACK}:0", tls)


def silence_grpc() -> None:
    """It writes of every failed handshake to stderr. What matters comes as an error; set it to see more."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")


async def _nothing() -> None:
    """Stops a server that was never started."""


def _authority(data: DataDirectory, clock: Clock) -> Authority:
    folder = data.pki / "etcd"
    folder.mkdir(mode=0o700, exist_ok=True)
    return Authority(folder, clock, AUTHORITY_NAME)


def _endpoint_path(data: DataDirectory) -> Path:
    return data.pki / "etcd" / "endpoint.json"

"""The ledger's door in a cluster: who comes with the keys of `kubeade ledger flags` is let in."""

import asyncio
import ssl
from pathlib import Path

from kubeade.cluster.etcd_face import LedgerDoor, flags, running
from kubeade.cluster.layout import DataDirectory
from kubeade.lib.clock import SystemClock
from kubeade.store.sqlite import SqliteLedger


async def test_openssl_trusts_the_doors_certificate(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.pki.mkdir()
    ledger = await SqliteLedger.open(tmp_path / "ledger.db")
    door = LedgerDoor(data, ledger, SystemClock())
    await door.start()
    endpoint = running(data)
    assert endpoint is not None
    told = dict(each[2:].split("=", 1) for each in flags(data, endpoint, SystemClock()).split())
    context = ssl.create_default_context(cafile=told["cacert"])
    context.load_cert_chain(told["cert"], told["key"])
    port = int(endpoint.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    writer.close()
    await door.stop()
    await ledger.close()

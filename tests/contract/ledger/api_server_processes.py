"""Several API servers of one cluster for tests: processes with shared keys on one etcd, killed and started
again."""

import asyncio
import random
import socket
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from kubeade.client.client import Client
from kubeade.client.kubeconfig import Credentials
from kubeade.client.socket import SocketTransport
from kubeade.cluster.pki import Authority, Subject, signing_key
from kubeade.lib.clock import SystemClock


@dataclass
class ApiServerProcess:
    """One of them, at an address of its own; started again it has it again."""

    folder: Path
    keys: Path
    address: str
    port: int
    etcd: str
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    async def start(self) -> None:
        """Until it answers."""
        keys = self.keys
        arguments = {
            "data-dir": self.folder,
            "bind-address": self.address,
            "advertise-address": self.address,
            "secure-port": self.port,
            "etcd-servers": self.etcd,
            "tls-cert-file": keys / "server.crt",
            "tls-private-key-file": keys / "server.key",
            "client-ca-file": keys / "ca.crt",
            "service-account-signing-key-file": keys / "sa.key",
        }
        flags = [f"--{name}={value}" for name, value in arguments.items()]
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kubeade.cli.main", "apiserver", *flags),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=(self.folder.with_suffix(".log")).open("ab"),
        )
        while not await self._answers():
            assert self.process.returncode is None, self.folder.with_suffix(".log").read_text()
            await asyncio.sleep(0.02)

    async def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
            self.process = None

    @property
    def url(self) -> str:
        return f"https://{self.address}:{self.port}"

    def credentials(self, token: str = "") -> Credentials:
        """The administrator's, or those of whoever has a token."""
        authority = (self.keys / "ca.crt").read_bytes()
        if token:
            return Credentials(self.url, authority, token=token)
        pair = [(self.keys / name).read_bytes() for name in ("admin.crt", "admin.key")]
        return Credentials(self.url, authority, *pair)

    async def _answers(self) -> bool:
        """Whether bootstrap is over: the `kubernetes` Service leads here."""
        from kubeade.api.errors import ApiError
        from kubeade.api.resources import ENDPOINTS

        try:
            async with SocketTransport(self.credentials()) as transport:
                found = await Client(transport, user_agent="test").get(ENDPOINTS, "kubernetes", "default")
        except (OSError, ApiError):
            return False
        return self.address in {each["ip"] for each in found["subsets"][0]["addresses"]}


class ApiServerProcesses:
    """So many of them, at 127.0.0.1, 127.0.0.2, ...; all are killed at the end."""

    def __init__(self, folder: Path, etcd: str, size: int) -> None:
        addresses = [f"127.0.0.{number}" for number in range(1, size + 1)]
        keys = folder / "keys"
        keys.mkdir()
        authority = Authority(keys, SystemClock())
        authority.issue("server", Subject("server", names=tuple(addresses)))
        authority.issue("admin", Subject("jane", ("system:masters",)))
        signing_key(keys / "sa.key")
        port = _free_port(addresses)
        self.all = [
            ApiServerProcess(folder / f"api-{number}", keys, address, port, etcd)
            for number, address in enumerate(addresses)
        ]
        self._transports = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.TaskGroup() as group:
                for each in self.all:
                    group.create_task(each.start())
        except BaseException:
            await self._kill_all()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transports.aclose()
        await self._kill_all()

    async def _kill_all(self) -> None:
        for each in self.all:
            await each.kill()

    async def client(self, number: int, token: str = "") -> Client:
        transport = SocketTransport(self.all[number].credentials(token))
        return Client(await self._transports.enter_async_context(transport), user_agent="test")

    async def clients(self, token: str = "") -> list[Client]:
        """One for each server."""
        return [await self.client(number, token) for number in range(len(self.all))]


def _free_port(addresses: list[str]) -> int:
    """Free at all of them, and outside the range that the kernel gives to clients."""
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError):
            for address in addresses:
                with socket.socket() as probe:
                    probe.bind((address, port))
            return port

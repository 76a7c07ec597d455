"""Addresses without a network, for sandboxes that are only simulated."""

from pathlib import Path

from kubeade.cni import Attachment, NetworkRequest
from kubeade.network.allocation import Addresses


class SimulatedNetwork:
    """Addresses from `cidr`, remembered in `path` if there is one."""

    def __init__(self, cidr: str, path: Path | None = None) -> None:
        self._addresses = Addresses(cidr, path)

    async def add(self, request: NetworkRequest) -> Attachment:
        return Attachment((self._addresses.take(request.sandbox_id),))

    async def remove(self, sandbox_id: str) -> None:
        self._addresses.release(sandbox_id)

    async def purge(self) -> None:
        self._addresses.purge()

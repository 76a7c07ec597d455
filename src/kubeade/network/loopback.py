"""Pod addresses on the host's loopback: every sandbox gets its own 127.x address, without any privilege.

For the runtime mode `process`, in which pods share the host's network: what listens on the pod's address
(not on all addresses) keeps out of the other pods' way. Linux answers on all of 127.0.0.0/8 without set-up;
elsewhere only 127.0.0.1 exists, and that is what every sandbox gets.
"""

import sys
from pathlib import Path

from kubeade.cni import Attachment, NetworkRequest
from kubeade.network.allocation import Addresses


class LoopbackNetwork:
    """Addresses from `cidr`, a block inside 127.0.0.0/8, remembered in `path`."""

    def __init__(self, cidr: str, path: Path) -> None:
        self._addresses = Addresses(cidr, path)

    async def add(self, request: NetworkRequest) -> Attachment:
        if not sys.platform.startswith("linux"):
            return Attachment(("127.0.0.1",))
        return Attachment((self._addresses.take(request.sandbox_id),))

    async def remove(self, sandbox_id: str) -> None:
        self._addresses.release(sandbox_id)

    async def purge(self) -> None:
        self._addresses.purge()

"""The Services' addresses as this machine's own, for a proxy that runs alone on a node of any cluster.

The ranges are those that the cluster tells (ServiceCIDR objects). The routes stay when the proxy ends, as
upstream's rules do: a kubelet on the same node may count on them. Without root nothing is changed, and the
proxy names each Service that it cannot listen for.
"""

import asyncio
import logging
from collections.abc import Callable

from kubeade.api.parts import values
from kubeade.api.resource import Resource
from kubeade.client.client import Client
from kubeade.cni import NetworkError
from kubeade.network.service_route import add_service_route

SERVICE_CIDRS = Resource("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", namespaced=False)
_log = logging.getLogger(__name__)


async def take_service_addresses(client: Client, add: Callable[[str], None] = add_service_route) -> None:
    """Make every range that Services get addresses from local. Raises ApiError, OSError."""
    found = (await client.list(SERVICE_CIDRS)).items
    for block in sorted({str(block) for one in found for block in values(one, "spec", "cidrs")}):
        try:
            await asyncio.to_thread(add, block)
        except NetworkError as error:
            _log.warning("%s: only what else is made local answers there", error)

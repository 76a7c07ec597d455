"""All gaps of a cluster or namespace at once. Reads only."""

from kubeade.api.errors import NotFound
from kubeade.api.resource import Object
from kubeade.api.resources import (
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    SERVICES,
    STATEFUL_SETS,
)
from kubeade.client.client import Client
from kubeade.courier.gap import Gap, gap_of

ORDERS = (
    DEPLOYMENTS,
    STATEFUL_SETS,
    DAEMON_SETS,
    JOBS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    PODS,
    SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
)


async def survey(client: Client, namespace: str = "") -> list[Gap]:
    """The gaps of what somebody ordered; objects that a controller made speak through their owner."""
    found: list[Gap] = []
    for resource in ORDERS if namespace else (NODES, *ORDERS):
        try:
            items = (await client.list(resource, namespace)).items
        except NotFound:
            continue
        gaps = (gap_of(item) for item in items if not _is_made(item))
        found += [gap for gap in gaps if gap is not None]
    return found


def _is_made(item: Object) -> bool:
    return any(owner.get("controller") for owner in item["metadata"].get("ownerReferences") or [])

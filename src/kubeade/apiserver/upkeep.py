"""The loops that the API server runs for itself, next to requests."""

import asyncio

from kubeade.apiserver.admission.quota_ledger import QuotaLedger
from kubeade.apiserver.admission.quota_status import QuotaStatus
from kubeade.apiserver.authorization.aggregation import Aggregation
from kubeade.apiserver.bootstrap.ensure import KeptObjects
from kubeade.apiserver.bootstrap.objects import ClusterConfig
from kubeade.apiserver.bootstrap.servers import ApiServers
from kubeade.apiserver.seams import Reader, Writer


async def keep_current(
    reader: Reader, writer: Writer, config: ClusterConfig, quotas: QuotaLedger, servers: ApiServers | None
) -> None:
    """Put lost system objects back, gather cluster roles, count quotas. Ends only by cancellation. `servers`
    where there may be others."""
    kept = KeptObjects(reader, writer, config, servers)
    loops = [kept.run(), Aggregation(reader, writer).run(), QuotaStatus(reader, writer, quotas).run()]
    if servers is not None:
        loops.append(servers.keep(kept.look_again))
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(loop)

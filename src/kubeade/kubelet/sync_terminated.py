"""The state of a pod whose containers have all ended: the last status, and in the end no trace of it.

A pod that merely finished keeps its containers and logs, to be read, until it is deleted. A deleted pod
leaves nothing: when its resources are free the API object is deleted for good, by its uid.
"""

import asyncio
import shutil

from kubeade.api.errors import Conflict, NotFound
from kubeade.api.resources import PODS
from kubeade.kubelet.pod_context import PodContext


async def sync_terminated(context: PodContext) -> None:
    """The final report; volumes are given up."""
    context.probes.stop()
    observed = await context.observe()
    context.report(observed, terminal=True)
    await context.node.volumes.remove(context.uid)
    context.node.objects.release(context.uid)
    await context.node.statuses.flush(context.uid)


async def remove_pod(context: PodContext) -> None:
    """Remove all that is left of a deleted pod on this node, then the object."""
    node = context.node
    if not context.gone:
        await _delete_object(context)
    observed = await context.observe()
    for sandbox in observed.sandboxes:
        await node.runtime.remove_pod_sandbox(sandbox.id)
    for container in observed.containers:
        await node.runtime.remove_container(container.id)
    node.statuses.forget(context.uid)
    node.images.forget(context.uid)
    for directory in (context.directory, context.log_directory):
        if directory.exists():
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)


async def _delete_object(context: PodContext) -> None:
    metadata = context.pod["metadata"]
    try:
        await context.node.client.delete(
            PODS, metadata["name"], metadata["namespace"], grace_period_seconds=0, uid=metadata["uid"]
        )
    except (NotFound, Conflict):
        return  # gone already, or another pod of the same name: either way not ours any more

"""A kubelet on the simulated runtime in front of an API server in memory."""

import asyncio
import contextlib
import itertools

from memory_api import MemoryApi

from kubeade.client.client import Client
from kubeade.cni import Attachment, NetworkRequest
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.kubelet import Kubelet
from kubeade.lib.clock import SystemClock
from kubeade.runtime.simulated import SimulatedImages, SimulatedRuntime


class CountingNetwork:
    """Gives out 10.0.0.1, 10.0.0.2, ..."""

    def __init__(self):
        self._numbers = itertools.count(1)

    async def add(self, request: NetworkRequest) -> Attachment:
        return Attachment((f"10.0.0.{next(self._numbers)}",))

    async def remove(self, sandbox_id: str) -> None:
        return None


class Lab:
    def __init__(self, directory, *, simulated=True):
        self.api = MemoryApi()
        self.runtime = SimulatedRuntime(CountingNetwork(), SystemClock())
        self.images = SimulatedImages()
        self.config = KubeletConfig(
            "n1", directory, addresses=["192.0.2.1"], cluster_dns=["10.96.0.10"], simulated=simulated
        )
        self.kubelet = None
        self._task = None

    async def start(self):
        client = Client(self.api, user_agent="kubelet")
        self.kubelet = Kubelet(self.config, client, self.runtime, self.images, SystemClock())
        self._task = asyncio.create_task(self.kubelet.run())
        await self.kubelet.wait_registered()

    async def stop(self):
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def restart(self):
        await self.stop()
        await self.start()

    def kubelet_cpus(self):
        return self.api.objects["/api/v1/nodes/n1"]["status"]["allocatable"]["cpu"]

    def path(self, name):
        return f"/api/v1/namespaces/shop/pods/{name}"

    def pod(self, name):
        return self.api.objects.get(self.path(name))

    def order(self, manifest):
        return self.api.put(self.path(manifest["metadata"]["name"]), manifest)

    def delete(self, name, grace_seconds=1):
        pod = dict(self.pod(name))
        pod["metadata"] = {
            **pod["metadata"],
            "deletionTimestamp": "2026-01-01T00:00:00Z",
            "deletionGracePeriodSeconds": grace_seconds,
        }
        self.order(pod)

    async def until_phase(self, name, phase):
        def reached():
            pod = self.pod(name)
            found = pod is not None and (pod.get("status") or {}).get("phase") == phase
            return pod if found else None

        return await self.api.until(reached)

    async def until_idle(self, name):
        """Until no worker for the pod is left."""
        async with asyncio.timeout(10):
            while self.kubelet.workers.find("shop", name) is not None:
                await asyncio.sleep(0)

    async def settle(self):
        """Let everything that can run now run."""
        for _ in range(200):
            await asyncio.sleep(0)


def pod_manifest(name, *, env=None, resources=None, **spec):
    container = {"name": "app", "image": "lemonade:1", "imagePullPolicy": "IfNotPresent"}
    if env is not None:
        container["env"] = env
    if resources is not None:
        container["resources"] = resources
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}"},
        "spec": {"nodeName": "n1", "restartPolicy": "Always", "containers": [container], **spec},
    }

"""The manager of one node: registers it, and makes the pods that are assigned to it.

`run` registers the node first, so that it is Ready before anything else costs time, then follows the pods of
this node, the services (for environment variables) and the runtime's events. Containers of an earlier run are
found by their labels and go on. A crash at any moment loses nothing: what was ordered is in the API, what was
delivered is in the runtime.
"""

import asyncio
import logging

from kubeade.api.pod_requests import amount
from kubeade.api.resource import Object
from kubeade.api.resources import NODES, PODS, SERVICES
from kubeade.client.client import Client
from kubeade.cri.service import CriError, ImageService, RuntimeService
from kubeade.cri.types import DnsConfig
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.dns import DnsSettings, parse_resolv_conf
from kubeade.kubelet.eviction.images import ImageCollector
from kubeade.kubelet.eviction.manager import EvictionManager, Surroundings
from kubeade.kubelet.eviction.pressure import Pressure
from kubeade.kubelet.image_puller import ImagePuller
from kubeade.kubelet.log_rotation import LogRotation
from kubeade.kubelet.node_agent import NodeAgent
from kubeade.kubelet.node_status import allocatable
from kubeade.kubelet.observer import Observer
from kubeade.kubelet.pod_access import PodAccess
from kubeade.kubelet.pod_context import NodeServices, PodContext
from kubeade.kubelet.pod_workers import PodWorkers
from kubeade.kubelet.referenced_objects import ReferencedObjects
from kubeade.kubelet.static.manifests import Manifests
from kubeade.kubelet.static.static_pods import StaticPods
from kubeade.kubelet.stats.usage import UsageReader
from kubeade.kubelet.status_writer import StatusWriter
from kubeade.kubelet.volumes.manager import VolumeManager
from kubeade.kubelet.volumes.mounter import Mounter, NoMounter
from kubeade.kubelet.volumes.tokens import Tokens
from kubeade.lib.clock import Clock
from kubeade.reconcile.events import EventRecorder
from kubeade.reconcile.informer import Informer

log = logging.getLogger(__name__)

EVENTS_RETRY_SECONDS = 1.0


class Kubelet:
    """`services` may be an informer that several components share; without one the kubelet runs its own."""

    def __init__(
        self,
        config: KubeletConfig,
        client: Client,
        runtime: RuntimeService,
        images: ImageService,
        clock: Clock,
        *,
        mounter: Mounter | None = None,
        services: Informer | None = None,
    ) -> None:
        self._config = config
        self._client = client
        self._runtime = runtime
        self._images = images
        self._clock = clock
        self._mounter = mounter or NoMounter()
        self._pressure = Pressure(config.eviction_transition_seconds)
        self._agent = NodeAgent(config, client, runtime, images, clock, self._pressure)
        self._events = EventRecorder(client, "kubelet", clock, host=config.node_name)
        self._shared_services = services
        self._make_informers()
        self._registered = asyncio.Event()
        self._workers: PodWorkers | None = None

    def _make_informers(self) -> None:
        """Those of an earlier run would show an old copy, to workers that have gone."""
        name = self._config.node_name
        self._pods = Informer(self._client, PODS, field_selector=f"spec.nodeName={name}")
        self._own_node = Informer(self._client, NODES, field_selector=f"metadata.name={name}")
        self._services = self._shared_services or Informer(self._client, SERVICES)

    @property
    def workers(self) -> PodWorkers | None:
        """The pods of this node; None before `run` has begun."""
        return self._workers

    @property
    def access(self) -> PodAccess:
        """Logs, exec and port forwarding find containers through this."""
        return PodAccess(self._runtime, self._find, self._contexts)

    @property
    def usage(self) -> UsageReader:
        """What the node, its pods and their containers use."""
        return UsageReader(self._config, self._runtime, self._images, self._clock, self._contexts)

    async def wait_registered(self) -> None:
        """Return once the server has this node, Ready."""
        await self._registered.wait()

    async def run(self) -> None:
        """Work until cancelled; may be called again then. Containers go on running afterwards."""
        self._make_informers()
        (self._config.root_directory / "pods").mkdir(parents=True, exist_ok=True, mode=0o750)
        if self._config.register_node:
            await self._agent.register()
        self._registered.set()
        objects = ReferencedObjects(self._client, self._poke)
        workers = self._workers = PodWorkers(await self._node_services(objects), self._pods, self._own_node)
        try:
            async with asyncio.TaskGroup() as tasks:
                for informer in self._informers():
                    tasks.create_task(informer.run(), name=f"kubelet informer {informer.resource.plural}")
                tasks.create_task(self._events.run(), name="kubelet events")
                tasks.create_task(self._follow_runtime(), name="kubelet runtime events")
                tasks.create_task(self._work(workers), name="kubelet pods")
                if not self._config.simulated:
                    tasks.create_task(self._evictions(workers).run(), name="kubelet evictions")
                    rotation = LogRotation(self._config, self._runtime, self._clock, self._contexts)
                    tasks.create_task(rotation.run(), name="kubelet logs")
                if self._config.register_node:
                    tasks.create_task(self._agent.run(), name="kubelet node")
        finally:
            await workers.close()
            objects.close()

    async def _work(self, workers: PodWorkers) -> None:
        self._events.event(self._agent.node or _node(self._config), "Normal", "Starting", "Starting kubelet.")
        await self._own_node.wait_synced()
        await self._services.wait_synced()
        workers.start()
        await self._pods.wait_synced()
        directory = self._config.static_pod_directory
        if directory is None:
            await workers.remove_orphans()
            return
        manifests = Manifests(directory, self._config.node_name)
        static = StaticPods(manifests, self._client, workers, self._pods, lambda: self._agent.node)
        static.load()
        await workers.remove_orphans()
        await static.run()

    def _informers(self) -> list[Informer]:
        own = [self._pods, self._own_node]
        return own if self._shared_services is not None else [*own, self._services]

    async def _node_services(self, objects: ReferencedObjects) -> NodeServices:
        config = self._config
        version = await self._runtime.version()
        images = ImagePuller(
            self._images,
            objects,
            self._events,
            self._clock,
            backoff=config.image_pull_backoff,
            parallel=config.max_parallel_image_pulls,
        )
        tokens = Tokens(self._client, self._clock)
        return NodeServices(
            config=config,
            client=self._client,
            clock=self._clock,
            events=self._events,
            runtime=self._runtime,
            runtime_name=version.runtime_name,
            observer=Observer(self._runtime),
            images=images,
            objects=objects,
            volumes=VolumeManager(config, self._client, objects, tokens, self._mounter),
            statuses=StatusWriter(self._client),
            dns=DnsSettings(config.cluster_dns, config.cluster_domain, self._host_dns()),
            services=lambda: list(self._services),
            allocatable=allocatable(config),
            memory_capacity_bytes=amount("memory", config.full_capacity()["memory"]),
            pressure=self._pressure,
        )

    def _evictions(self, workers: PodWorkers) -> EvictionManager:
        return EvictionManager(
            Surroundings(
                usage=self.usage,
                images=ImageCollector(self._config, self._runtime, self._images, self._clock),
                pressure=self._pressure,
                clock=self._clock,
                events=self._events,
                node=lambda: self._agent.node or _node(self._config),
                workers=workers.all,
            )
        )

    def _host_dns(self) -> DnsConfig:
        try:
            return parse_resolv_conf(self._config.resolv_conf.read_text())
        except OSError:
            return DnsConfig()

    async def _follow_runtime(self) -> None:
        """Wake the worker of every pod whose containers change."""
        while True:
            try:
                async for event in self._runtime.container_events():
                    self._poke(event.sandbox_metadata.uid)
            except (CriError, OSError) as error:
                log.warning("following the runtime's events: %s", error)
            await asyncio.sleep(EVENTS_RETRY_SECONDS)
            for worker in self._workers.all() if self._workers else []:
                worker.poke()

    def _find(self, namespace: str, name: str) -> PodContext | None:
        worker = self._workers.find(namespace, name) if self._workers is not None else None
        return worker.context if worker is not None else None

    def _contexts(self) -> list[PodContext]:
        return [worker.context for worker in self._workers.all()] if self._workers is not None else []

    def _poke(self, uid: str) -> None:
        if self._workers is not None:
            self._workers.poke(uid)


def _node(config: KubeletConfig) -> Object:
    metadata = {"name": config.node_name, "uid": config.node_name}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata}

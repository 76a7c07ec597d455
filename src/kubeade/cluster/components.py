"""Everything that stands around the API server, each with a client and an identity of its own."""

import asyncio
import ssl
from dataclasses import replace

from kubeade.client.client import Client
from kubeade.client.shelf import Shelf
from kubeade.cloud.manager import CloudManager
from kubeade.cloud.providers.local import local_provider
from kubeade.cluster import descriptors, dns_service, shop
from kubeade.cluster.identities import API_SERVER, client_of, component, controller, node
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.pki import Subject
from kubeade.cluster.roles import CLOUD_USER, COURIER_USER, DNS_USER
from kubeade.cluster.settings import CLUSTER_DOMAIN, Settings
from kubeade.cluster.supervise import Start, anew
from kubeade.cluster.trust import Trust
from kubeade.controllers.certificate.signer import SigningKey
from kubeade.controllers.manager import ControllerManager, ControllerManagerConfig
from kubeade.courier.probe import LastMile
from kubeade.dns.forward import Forwarder, name_servers
from kubeade.dns.server import DnsServer
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.kubelet import Kubelet
from kubeade.kubelet.server.node_server import NodeServer
from kubeade.lib.clock import Clock
from kubeade.lib.http.message import Handler
from kubeade.lib.http.server import HttpServer
from kubeade.lib.ids import Ids
from kubeade.network.simulated import SimulatedNetwork
from kubeade.proxy.pod_routes import PodRoutes
from kubeade.proxy.proxy import Proxy
from kubeade.runtime.mode import Mode
from kubeade.scheduler.scheduler import Scheduler


class Components:
    """All of them, for one start of one cluster."""

    def __init__(
        self,
        data: DataDirectory,
        settings: Settings,
        mode: Mode,
        handler: Handler,
        trust: Trust,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._data = data
        self._settings = settings
        self._mode = mode
        self._handler = handler
        self._shelf = Shelf()
        self._trust = trust
        self._clock = clock
        self._ids = ids
        self.network = shop.NodeNetwork(data, settings)
        self._kubelets: list[Kubelet] = []
        self._listening_dns: DnsServer | None = None
        self._runtime: shop.NodeRuntime | None = None
        self._node_servers: list[HttpServer] = []

    @property
    def api_addresses(self) -> list[str]:
        """Where, besides loopback, the API must be reached: by other machines, and by pods of this one."""
        wanted = [self._settings.advertise_address, self.network.address]
        return [one for one in dict.fromkeys(wanted) if one not in ("", shop.LOOPBACK)]

    @property
    def _node_address(self) -> str:
        """Where others find this node: on other machines too, where the cluster is open to them."""
        return self._settings.advertise_address or self.network.address

    async def all(self) -> list[tuple[str, Start]]:
        """Every component by name, ready to be run. Raises CriError, OSError, NetworkError."""
        runners: list[tuple[str, Start]] = [
            ("controllers", anew(self._controllers)),
            ("scheduler", anew(lambda: Scheduler(self._as("system:kube-scheduler"), self._clock))),
            ("cloud", anew(self._cloud)),
        ]
        if not self._settings.fork_of:
            runners += await self._roads()
        self._kubelets = [await self._kubelet(), *await self._simulated_kubelets()]
        return [*((f"kubelet {n}", one.run) for n, one in enumerate(self._kubelets)), *runners]

    async def _roads(self) -> list[tuple[str, Start]]:
        """What listens at the Services' addresses, or goes there: in a fork those are another cluster's."""
        self._listening_dns = await self._dns()
        node_name = self._settings.node_name
        return [
            *self._pod_routes(node_name),
            ("proxy", anew(lambda: Proxy(self._as("system:kube-proxy"), node_name, self._clock))),
            ("dns", self._run_dns),
            ("courier", anew(lambda: LastMile(self._as(COURIER_USER), self._clock))),
        ]

    def _pod_routes(self, node_name: str) -> list[tuple[str, Start]]:
        reach = self.network.reach
        if reach is None:
            return []
        client = self._as("system:kube-proxy")
        return [("pod routes", anew(lambda: PodRoutes(client, node_name, self._clock, reach)))]

    async def _run_dns(self) -> None:
        """The first time the one that listens already, so that no pod asks too early."""
        server, self._listening_dns = self._listening_dns or await self._dns(), None
        await server.run()

    async def wait_node_ready(self) -> None:
        """Return once every node is registered and Ready."""
        for kubelet in self._kubelets:
            await kubelet.wait_registered()

    async def close(self) -> None:
        """Let go of the container runtime; containers run on."""
        await asyncio.gather(*(server.stop() for server in self._node_servers))
        if self._runtime is not None:
            await self._runtime.close()

    def _as(self, user: str) -> Client:
        return client_of(self._handler, component(user), self._shelf)

    def _controllers(self) -> ControllerManager:
        config = ControllerManagerConfig(
            root_ca_pem=self._trust.authority.certificate_pem.decode(),
            pod_cidr=self._settings.pod_cidr,
            signing_key=SigningKey(self._trust.authority.certificate_pem, self._trust.authority.key_pem),
        )
        return ControllerManager(
            lambda name: client_of(self._handler, controller(name), self._shelf),
            self._clock,
            self._ids,
            config,
        )

    def _cloud(self) -> CloudManager:
        pool = self._settings.load_balancer_range
        return CloudManager(
            self._as(CLOUD_USER), self._clock, lambda services: local_provider(pool, services)
        )

    async def _dns(self) -> DnsServer:
        config = self._kubelet_config()
        servers = [
            one for one in name_servers(config.resolv_conf) if one != self._settings.dns_service_address
        ]
        server = DnsServer(self._as(DNS_USER), CLUSTER_DOMAIN, Forwarder(servers))
        port = await server.start(self.network.address, 0)
        admin = client_of(self._handler, API_SERVER)
        await dns_service.ensure(admin, self._settings.dns_service_address, self.network.address, port)
        return server

    async def _kubelet(self) -> Kubelet:
        runtime, images = await shop.open_runtime(
            self._data, self._mode, self.network.pods, self._clock, self._ids
        )
        self._runtime = runtime
        client = client_of(self._handler, node(self._settings.node_name), self._shelf)
        server = NodeServer(self._settings.node_name, client, self._clock)
        config = replace(self._kubelet_config(), serve_port=await self._serve_node(server))
        mounter = shop.open_mounter(self._mode)
        kubelet = Kubelet(config, client, runtime, images, self._clock, mounter=mounter)
        server.serve(kubelet.access, kubelet.usage)
        return kubelet

    async def _serve_node(self, server: NodeServer) -> int:
        """The port on which the API server reaches the node's logs and commands."""
        name, address = self._settings.node_name, self._node_address
        subject = Subject(f"system:node:{name}", ("system:nodes",), (name, address))
        context = self._trust.serving_context(self._data, "kubelet", subject)
        return await self._listen(server, context, address)

    async def _listen(self, server: NodeServer, context: ssl.SSLContext, address: str) -> int:
        http = HttpServer(server.handle, context, clock=self._clock)
        self._node_servers.append(http)
        return await http.start(address, 0)

    def _kubelet_config(self) -> KubeletConfig:
        return shop.kubelet_config(self._data, self._settings, self._mode, self._node_address)

    async def _simulated_kubelets(self) -> list[Kubelet]:
        count = self._settings.simulated_nodes
        configs = [shop.simulated_config(self._data.kubelet, self._settings, index) for index in range(count)]
        if not configs:
            return []
        descriptors.allow(count)
        names = tuple(each for config in configs for each in (config.node_name, *config.addresses))
        subject = Subject("system:node:simulated", ("system:nodes",), names)
        context = self._trust.serving_context(self._data, "kubelet-simulated", subject)
        return [await self._simulated_kubelet(config, index, context) for index, config in enumerate(configs)]

    async def _simulated_kubelet(self, config: KubeletConfig, index: int, context: ssl.SSLContext) -> Kubelet:
        """A node with a server of its own, which says what it is when asked for a log or a command."""
        network = SimulatedNetwork(shop.node_subnet(self._settings.pod_cidr, index + 1))
        runtime, images = shop.simulated_runtime(network, self._clock)
        client = client_of(self._handler, node(config.node_name), self._shelf)
        server = NodeServer(config.node_name, client, self._clock)
        port = await self._listen(server, context, config.addresses[0])
        kubelet = Kubelet(replace(config, serve_port=port), client, runtime, images, self._clock)
        server.serve(kubelet.access, kubelet.usage)
        return kubelet

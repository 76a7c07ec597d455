"""One node of any cluster: this machine's runtime, network and kubelet, and the service proxy if wanted.

Order: Node, so that the cluster can give it a pod range; network and runtime; the node's server; kubelet. The
server starts with a certificate of its own making and changes to one that the cluster signed as soon as there
is one. SIGTERM and SIGINT stop it; its pods run on, and the next start finds them.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from kubeade.api.errors import AlreadyExists, NotFound
from kubeade.api.parts import text
from kubeade.api.resource import Object
from kubeade.api.resources import NODES, SERVICES
from kubeade.client.client import Client
from kubeade.client.kubeconfig import Credentials
from kubeade.client.socket import SocketTransport
from kubeade.cluster import daemon, settings, shop
from kubeade.cluster.addresses import machine_address
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.node_certificates import NodeCertificates
from kubeade.cluster.pki import Authority, Subject
from kubeade.cluster.progress import Report, Step
from kubeade.cluster.renewed_kubeconfig import follow_kubeconfig
from kubeade.cluster.settings import CLUSTER_DOMAIN, KUBERNETES_VERSION, Settings
from kubeade.cluster.supervise import supervise
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.kubelet import Kubelet
from kubeade.kubelet.server.node_server import NodeServer
from kubeade.lib.clock import SystemClock
from kubeade.lib.http.server import HttpServer
from kubeade.lib.ids import Ids
from kubeade.proxy.pod_routes import PodRoutes
from kubeade.proxy.proxy import Proxy
from kubeade.runtime.mode import Detected, Mode, detect_mode

log = logging.getLogger(__name__)

POD_RANGE_TIMEOUT_SECONDS = 20.0
POD_RANGE_RETRY_SECONDS = 0.1
READY_TIMEOUT_SECONDS = 60.0


class NodeRefused(Exception):
    """The node cannot be what was ordered; the message says what to do."""


@dataclass(frozen=True, slots=True)
class NodeOrder:
    """What was asked for. An empty `pod_cidr` is the cluster's choice, an empty `node_ip` this machine's
    address, `tls_certificate` a certificate instead of one that the cluster signs."""

    name: str
    runtime: str = "auto"
    node_ip: str = ""
    pod_cidr: str = ""
    port: int = 0
    cluster_dns: tuple[str, ...] = ()
    cluster_domain: str = CLUSTER_DOMAIN
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[Object, ...] = ()
    max_pods: int = 110
    provider_id: str = ""
    resolv_conf: Path = Path("/etc/resolv.conf")
    register_node: bool = True
    tls_certificate: str = ""
    tls_key: str = ""
    client_authority: str = ""
    with_proxy: bool = False
    kubeconfig: Path | None = None


class Worker:
    """One start of one node."""

    def __init__(
        self, data: DataDirectory, order: NodeOrder, credentials: Credentials, report: Report
    ) -> None:
        self._data = data
        self._order = order
        self._credentials = credentials
        self._report = report
        self._clock = SystemClock()
        self._ids = Ids()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`. Raises NodeRefused, CriError, NetworkError, OSError, ApiError."""
        began = asyncio.get_running_loop().time()
        detected = detect_mode(self._order.runtime, self._data.runtime)
        async with SocketTransport(self._credentials) as transport:
            client = Client(transport, user_agent="kubelet")
            keeping = asyncio.ensure_future(self._keep_credentials(client, transport))
            chosen = await self._settings(client, detected)
            settings.save(self._data.settings, chosen)
            daemon.record(self._data.process, daemon.this_process())
            try:
                await self._run(client, chosen, detected, began, stopping)
            finally:
                keeping.cancel()
                self._data.process.unlink(missing_ok=True)

    async def _keep_credentials(self, client: Client, transport: SocketTransport) -> None:
        """Those that the node asked for itself are renewed, others followed in their file."""
        if self._order.kubeconfig is not None:
            await follow_kubeconfig(self._order.kubeconfig, transport)
            return
        subject = Subject(f"system:node:{self._order.name}", ("system:nodes",))
        certificates = NodeCertificates(self._data, client, self._clock)
        await certificates.keep_client(transport, self._credentials, subject)

    async def _run(
        self, client: Client, chosen: Settings, detected: Detected, began: float, stopping: asyncio.Event
    ) -> None:
        network = shop.NodeNetwork(self._data, chosen)
        await network.open()
        runtime, images = await shop.open_runtime(
            self._data, detected.mode, network.pods, self._clock, self._ids
        )
        address = self._address(network.address)
        context = self._own_context(address)
        server = NodeServer(self._order.name, client, self._clock)
        http = HttpServer(server.handle, context, clock=self._clock)
        try:
            port = await self._listen(http, address)
            config = await self._config(client, chosen, detected.mode, address, port)
            mounter = shop.open_mounter(detected.mode)
            kubelet = Kubelet(config, client, runtime, images, self._clock, mounter=mounter)
            server.serve(kubelet.access, kubelet.usage)
            work: dict[str, Callable[[], Awaitable[None]]] = {"kubelet": kubelet.run}
            if self._order.with_proxy:
                work["proxy"] = Proxy(client, self._order.name, self._clock).run
                if network.reach is not None:
                    work["pod routes"] = PodRoutes(client, self._order.name, self._clock, network.reach).run
            certificates = NodeCertificates(self._data, client, self._clock)
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(supervise(name, start)) for name, start in work.items()]
                async with asyncio.timeout(READY_TIMEOUT_SECONDS):
                    await kubelet.wait_registered()
                if not self._order.tls_certificate:
                    subject = self._subject(address)
                    running.append(tasks.create_task(certificates.keep_serving(context, subject)))
                seconds = asyncio.get_running_loop().time() - began
                said = f"node {self._order.name} works for {self._credentials.server} ({detected.reason})"
                self._report(Step("ready", said, seconds))
                await stopping.wait()
                for task in running:
                    task.cancel()
        finally:
            await http.stop()
            await runtime.close()

    async def _listen(self, http: HttpServer, address: str) -> int:
        try:
            return await http.start(address, self._order.port)
        except OSError as error:
            message = f"the node cannot listen on {address}:{self._order.port}: {error.strerror}"
            raise NodeRefused(f"{message}; choose another --port or --node-ip") from error

    async def _settings(self, client: Client, detected: Detected) -> Settings:
        service = await client.get(SERVICES, "kubernetes", "default")
        first, second, *_ = text(service, "spec", "clusterIP").split(".")
        network = shop.NETWORK_OF_MODE[detected.mode]
        pod_cidr = self._order.pod_cidr or await self._pod_range(client)
        _check_range(network, pod_cidr, detected.mode)
        return Settings(
            network=network,
            api_port=0,
            pod_cidr=pod_cidr,
            service_cidr=f"{first}.{second}.0.0/17",
            node_name=self._order.name,
            simulated_nodes=0,
            kubernetes_version=KUBERNETES_VERSION,
        )

    async def _pod_range(self, client: Client) -> str:
        """What the cluster gives to the Node of that name, which is made where there is none."""
        name = self._order.name
        if self._order.register_node:
            labels = {"kubernetes.io/hostname": name}
            node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
            try:
                await client.create(NODES, node)
            except AlreadyExists:
                log.info("node %s is known to the cluster", name)
        deadline = asyncio.get_running_loop().time() + POD_RANGE_TIMEOUT_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            try:
                given = text(await client.get(NODES, name), "spec", "podCIDR")
            except NotFound:
                raise NodeRefused(f"there is no Node {name}, and --register-node=false") from None
            if given:
                return given
            await asyncio.sleep(POD_RANGE_RETRY_SECONDS)
        raise NodeRefused("the cluster gives this node no range for its pods: choose one with --pod-cidr")

    async def _config(
        self, client: Client, chosen: Settings, mode: Mode, address: str, port: int
    ) -> KubeletConfig:
        order = self._order
        own = shop.kubelet_config(self._data, chosen, mode, address)
        return replace(
            own,
            cluster_dns=list(order.cluster_dns) or await self._cluster_dns(client),
            cluster_domain=order.cluster_domain,
            labels=order.labels,
            taints=list(order.taints),
            max_pods=order.max_pods,
            provider_id=order.provider_id,
            resolv_conf=order.resolv_conf,
            register_node=order.register_node,
            serve_port=port,
        )

    async def _cluster_dns(self, client: Client) -> list[str]:
        try:
            service = await client.get(SERVICES, "kube-dns", "kube-system")
        except NotFound:
            log.warning("the cluster has no DNS yet: pods get this machine's name servers")
            return []
        return [text(service, "spec", "clusterIP")]

    def _address(self, of_network: str) -> str:
        """Where others find this node; beside its API server on one machine that may be the bridge."""
        host = urlsplit(self._credentials.server).hostname or ""
        beside = host == "localhost" or host.startswith("127.")
        return self._order.node_ip or (of_network if beside else machine_address())

    def _own_context(self, address: str) -> ssl.SSLContext:
        subject = self._subject(address)
        certificate, key = self._order.tls_certificate, self._order.tls_key
        if not certificate:
            Authority(self._data.pki, self._clock).issue("kubelet", subject)
            certificate, key = str(self._data.pki / "kubelet.crt"), str(self._data.pki / "kubelet.key")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key or None)
        if self._order.client_authority:
            context.load_verify_locations(self._order.client_authority)
        elif self._credentials.ca_pem:
            context.load_verify_locations(cadata=self._credentials.ca_pem.decode())
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _subject(self, address: str) -> Subject:
        return Subject(f"system:node:{self._order.name}", ("system:nodes",), (address,))


def _check_range(network: str, pod_cidr: str, mode: Mode) -> None:
    """Pods without namespaces can only have loopback addresses, and the others must have none of those."""
    loopback = ip_network(pod_cidr).is_loopback
    if network == "simulated" or loopback == (network == "loopback"):
        return
    raise NodeRefused(
        f"pods in runtime mode {mode.value} cannot have addresses of {pod_cidr}, this node's range: "
        f"use {'--runtime process' if loopback else '--runtime namespaces (as root)'}"
    )

"""A node, wired: runtime mode, pod network, container runtime, the kubelet's settings. The shop of the
story."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.settings import CLUSTER_DOMAIN, Settings
from kubeade.cni import PodNetwork
from kubeade.cri.service import ImageService, RuntimeService
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.volumes.mounter import LinuxMounter, Mounter, NoMounter
from kubeade.lib.clock import Clock
from kubeade.lib.ids import Ids
from kubeade.network.loopback import LoopbackNetwork
from kubeade.network.simulated import SimulatedNetwork
from kubeade.proxy.pod_routes import Reach
from kubeade.runtime.mode import Mode

if TYPE_CHECKING:
    from kubeade.runtime.images.service import Images

NETWORK_OF_MODE = {
    Mode.NAMESPACES: "bridge",
    Mode.PROCESS: "loopback",
    Mode.SIMULATED: "simulated",
}
LOOPBACK = "127.0.0.1"
UNKNOWN_POD_CIDR = "10.64.0.0/16"


class NodeRuntime(RuntimeService, Protocol):
    """A runtime in this process, which can be let go of."""

    async def close(self) -> None: ...


def node_subnet(pod_cidr: str, index: int = 0) -> str:
    """The /24 of the pod range that a node's pods live in."""
    first, second, third, _ = pod_cidr.partition("/")[0].split(".")
    return f"{first}.{second}.{int(third) + index}.0/24"


class NodeNetwork:
    """The pod network of this machine's node, with what it needs around it. Without `settings` it can only be
    purged, as far as the directory alone says what there is."""

    def __init__(self, data: DataDirectory, settings: Settings | None) -> None:
        self._settings = settings
        self._subnet = node_subnet(settings.pod_cidr if settings else UNKNOWN_POD_CIDR)
        self._directory = data.network
        self._bridge_name = f"kubeade{data.tag}"
        self.pods: PodNetwork
        self.address = LOOPBACK
        self.warnings: list[str] = []
        self.reach: Reach | None = None
        """Makes ways to the pods of other machines, where this network can."""

    async def open(self) -> None:
        """Make bridge and routes, or find them. Raises NetworkError."""
        assert self._settings is not None, "a network without settings can only be purged"
        addresses = self._directory / "addresses.json"
        if self._settings.network == "loopback":
            self.pods = LoopbackNetwork(self._subnet, addresses)
        elif self._settings.network == "simulated":
            self.pods = SimulatedNetwork(self._subnet, addresses)
        else:
            await self._open_bridge(self._settings.service_range)

    async def _open_bridge(self, service_range: str) -> None:
        from kubeade.network.bridge import BridgeNetwork
        from kubeade.network.service_route import add_service_route

        bridge = BridgeNetwork(self._subnet, self._directory, self._bridge_name)
        await bridge.open()
        add_service_route(service_range, self._bridge_name)
        self.pods, self.address, self.warnings = bridge, bridge.gateway, bridge.warnings
        self.reach = bridge.reach

    async def purge(self) -> None:
        """Leave nothing behind; works without `open`, from any process."""
        if self._settings is not None and self._settings.network != "bridge":
            (self._directory / "addresses.json").unlink(missing_ok=True)
            return
        from kubeade.network.bridge import BridgeNetwork

        await BridgeNetwork(self._subnet, self._directory, self._bridge_name).purge()


def open_images(data: DataDirectory) -> "Images":
    """The node's images. Whoever starts a cluster on his own machine may use that machine as an image."""
    from kubeade.runtime.images.service import Images

    return Images(data.images, allow_host_image=True, data_directory=data.root)


async def open_runtime(
    data: DataDirectory, mode: Mode, network: PodNetwork, clock: Clock, ids: Ids
) -> tuple[NodeRuntime, ImageService]:
    """The container runtime of this machine's node. Raises CriError, OSError."""
    if mode is Mode.SIMULATED:
        return simulated_runtime(network, clock)
    from kubeade.runtime.embedded import EmbeddedRuntime

    images = open_images(data)
    await images.open()
    runtime = EmbeddedRuntime(data.runtime, mode, images, network, clock=clock, ids=ids)
    await runtime.open()
    return runtime, images


def open_mounter(mode: Mode) -> Mounter:
    """Where containers have namespaces of their own, the node may mount."""
    return LinuxMounter() if mode is Mode.NAMESPACES else NoMounter()


def simulated_runtime(network: PodNetwork, clock: Clock) -> tuple[NodeRuntime, ImageService]:
    """A runtime whose containers have no processes."""
    from kubeade.runtime.simulated import SimulatedImages, SimulatedRuntime

    return SimulatedRuntime(network, clock), SimulatedImages()


def kubelet_config(data: DataDirectory, settings: Settings, mode: Mode, address: str) -> KubeletConfig:
    """The machine's own node."""
    return KubeletConfig(
        node_name=settings.node_name,
        root_directory=data.kubelet,
        addresses=[address],
        cluster_dns=[settings.dns_service_address],
        cluster_domain=CLUSTER_DOMAIN,
        kubernetes_version=f"v{settings.kubernetes_version}.0",
        annotations={"kubeade.dev/runtime": mode.value},
        static_pod_directory=data.manifests,
        simulated=mode is Mode.SIMULATED,
        isolated=mode is not Mode.PROCESS,
    )


def simulated_config(root: Path, settings: Settings, index: int) -> KubeletConfig:
    """One of the extra nodes of `--simulated-nodes`."""
    return KubeletConfig(
        node_name=f"simulated-{index}",
        root_directory=root / f"simulated-{index}",
        addresses=[f"127.0.{1 + index // 250}.{1 + index % 250}"],
        labels={"type": "simulated"},
        annotations={"kubeade.dev/runtime": "simulated"},
        capacity={"cpu": "32", "memory": "256Gi"},
        kubernetes_version=f"v{settings.kubernetes_version}.0",
        simulated=True,
    )

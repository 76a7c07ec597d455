"""How the cluster DNS is found: the Service `kube-system/kube-dns`, at the address that every kubelet tells
its pods.

The Service has no selector: its EndpointSlice names the DNS server's own address, so the server may be ours,
or a CoreDNS whose pods somebody gives the Service a selector for.
"""

from kubeade.api.errors import AlreadyExists, NotFound
from kubeade.api.resource import Object
from kubeade.api.resources import ENDPOINT_SLICES, SERVICES
from kubeade.client.client import Client

NAMESPACE = "kube-system"
NAME = "kube-dns"
PORT = 53


def service(address: str) -> Object:
    """The Service, at its fixed cluster address."""
    ports = [
        {"name": "dns", "protocol": "UDP", "port": PORT},
        {"name": "dns-tcp", "protocol": "TCP", "port": PORT},
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": NAME,
            "namespace": NAMESPACE,
            "labels": {"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"},
        },
        "spec": {"clusterIP": address, "ports": ports},
    }


def endpoint_slice(address: str, port: int) -> Object:
    """Where the DNS server listens."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{NAME}-kubeade",
            "namespace": NAMESPACE,
            "labels": {
                "kubernetes.io/service-name": NAME,
                "endpointslice.kubernetes.io/managed-by": "kubeade",
            },
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [
            {"name": "dns", "protocol": "UDP", "port": port},
            {"name": "dns-tcp", "protocol": "TCP", "port": port},
        ],
    }


async def ensure(client: Client, service_address: str, address: str, port: int) -> None:
    """Make both, or bring the slice up to date. A Service with a selector is somebody else's: left alone."""
    try:
        kept = await client.get(SERVICES, NAME, NAMESPACE)
    except NotFound:
        kept = await client.create(SERVICES, service(service_address), NAMESPACE)
    if kept["spec"].get("selector"):
        return
    wanted = endpoint_slice(address, port)
    try:
        await client.create(ENDPOINT_SLICES, wanted, NAMESPACE)
    except AlreadyExists:
        await client.update(ENDPOINT_SLICES, wanted)

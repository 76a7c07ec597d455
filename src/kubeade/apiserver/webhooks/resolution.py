"""Where a Service's webhook really listens.

A ready endpoint of the Service, from its EndpointSlices: cluster DNS and kube-proxy need not run where the
API server does (upstream: aggregator's NewEndpointServiceResolver). A Service that selects nothing and has
no endpoints is gone to by its address.
"""

from collections.abc import Iterator
from itertools import count

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import SERVICES
from kubeade.apiserver.seams import Reader

ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
_SERVICE_NAME = "kubernetes.io/service-name"


class ResolutionError(OSError):
    """There is nowhere to go; says why as upstream does."""


class ServiceResolver:
    """Takes the endpoints in turn."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._turns = count()

    def resolve(self, namespace: str, name: str, port: int) -> tuple[str, int]:
        """Host and port. Raises ResolutionError."""
        service = self._reader.read(SERVICES, name, namespace)
        if service is None:
            raise ResolutionError(f'service "{name}" not found')
        if text(service, "spec", "type") == "ExternalName":
            return text(service, "spec", "externalName"), port
        found = next((each for each in parts(service, "spec", "ports") if each.get("port") == port), None)
        if found is None:
            raise ResolutionError(f'no service port {port} found for service "{name}"')
        addresses = list(self._endpoints(namespace, name, found.get("name") or ""))
        if addresses:
            return addresses[next(self._turns) % len(addresses)]
        cluster_ip = text(service, "spec", "clusterIP")
        if part(service, "spec").get("selector") or cluster_ip in ("", "None"):
            raise ResolutionError(f'no endpoints available for service "{name}"')
        return cluster_ip, port

    def _endpoints(self, namespace: str, name: str, port_name: str) -> Iterator[tuple[str, int]]:
        for piece in self._reader.read_all(ENDPOINT_SLICES, namespace):
            if (part(piece, "metadata").get("labels") or {}).get(_SERVICE_NAME) == name:
                yield from _ready(piece, port_name)


def _ready(piece: Object, port_name: str) -> Iterator[tuple[str, int]]:
    for port in parts(piece, "ports"):
        if (port.get("name") or "") != port_name or not port.get("port"):
            continue
        for endpoint in parts(piece, "endpoints"):
            if part(endpoint, "conditions").get("ready") is not False:
                yield from ((address, port["port"]) for address in endpoint.get("addresses") or ())

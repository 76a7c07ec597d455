"""Where `pods/proxy`, `services/proxy` and `nodes/proxy` lead, from `name`, `name:port` or
`scheme:name:port` (upstream: ResourceLocation of each).

Addresses come from statuses, and are checked; of a Service's endpoints only those that are pods with that
address are gone to, so that nobody reaches elsewhere by writing Endpoints. What answers as a pod is not
verified (it has no name to be verified by); a node's kubelet is, by its certificate.
"""

import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count

from kubeade.api.errors import BadRequest, NotFound, ServiceUnavailable
from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import ENDPOINTS, PODS, SERVICES
from kubeade.apiserver.proxying.addresses import AllowedAddresses
from kubeade.apiserver.seams import Reader
from kubeade.apiserver.subresources.nodes import Nodes
from kubeade.lib.http.dial import Address

_SCHEMES = frozenset({"", "http", "https"})
_DEFAULT_PORTS = {"": "80", "http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The last part of the path before `/proxy`, taken apart."""

    scheme: str
    name: str
    port: str

    @classmethod
    def read(cls, given: str, kind: str) -> "Asked":
        """Raises BadRequest."""
        parts = given.split(":")
        if len(parts) == 1:
            parts = ["", parts[0], ""]
        elif len(parts) == 2:
            parts = ["", *parts]
        if len(parts) != 3 or parts[0] not in _SCHEMES or not parts[1]:
            raise BadRequest(f'invalid {kind} request "{given}"')
        return cls(*parts)


class Locations:
    """Looks locations up in the server's cache. Without `nodes`, no node can be reached."""

    def __init__(self, reader: Reader, allowed: AllowedAddresses, nodes: Nodes | None = None) -> None:
        self._reader = reader
        self._allowed = allowed
        self._nodes = nodes
        self._turn = count()
        self._unverified: ssl.SSLContext | None = None

    def pod(self, namespace: str, given: str) -> Address:
        """Without a port: the first that its containers declare."""
        asked = Asked.read(given, "pod")
        pod = self._find(PODS, namespace, asked.name)
        address = next((each.get("ip", "") for each in parts(pod, "status", "podIPs")), "")
        self._allowed.check_pod(address)
        return self._address(asked.scheme, address, asked.port or _first_port(pod))

    def service(self, namespace: str, given: str) -> Address:
        """One of the endpoints behind the port of that name or number; they take turns."""
        asked = Asked.read(given, "service")
        port_name = asked.port
        if asked.port.isdecimal():
            port_name = _name_of_port(self._find(SERVICES, namespace, asked.name), int(asked.port))
        endpoints = self._find(ENDPOINTS, namespace, asked.name)
        if not parts(endpoints, "subsets"):
            raise ServiceUnavailable(f'no endpoints available for service "{asked.name}"')
        found = [
            (each["ip"], port)
            for each, port in _candidates(endpoints, port_name)
            if self._is_pod(namespace, each)
        ]
        if not found:
            raise ServiceUnavailable(f'no endpoints available for service "{given}"')
        address, port = found[next(self._turn) % len(found)]
        self._allowed.check_pod(address)
        return self._address(asked.scheme, address, str(port))

    async def node(self, given: str) -> Address:
        """The node's kubelet; or, where another port is asked for, that port of the node's address.

        The kubelet's certificate is verified, so it may be on loopback; any other port may not.
        """
        asked = Asked.read(given, "node")
        if self._nodes is None:
            raise NotFound.of("nodes", asked.name)
        kubelet = self._nodes.address(asked.name)
        if asked.port in {"", str(kubelet.port)}:
            return kubelet
        resolved = await self._allowed.resolve(kubelet.host)
        return self._address(asked.scheme, resolved, asked.port)

    def _find(self, resource: Resource, namespace: str, name: str) -> Object:
        found = self._reader.read(resource, name, namespace)
        if found is None:
            raise NotFound.of(resource.plural, name)
        return found

    def _is_pod(self, namespace: str, endpoint: Object) -> bool:
        reference = part(endpoint, "targetRef")
        if reference.get("namespace") != namespace:
            return False
        pod = self._reader.read(PODS, text(reference, "name"), namespace)
        return any(each.get("ip") == endpoint.get("ip") for each in parts(pod, "status", "podIPs"))

    def _address(self, scheme: str, host: str, port: str) -> Address:
        wanted = port or _DEFAULT_PORTS[scheme]
        if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
            raise ServiceUnavailable(f"error trying to reach service: dial tcp: unknown port {port}")
        plain = Address(host, int(wanted))
        return replace(plain, tls=self._tls()) if scheme == "https" else plain

    def _tls(self) -> ssl.SSLContext:
        if self._unverified is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._unverified = context
        return self._unverified


def _first_port(pod: Object) -> str:
    ports: Iterable[Object] = (
        port for container in parts(pod, "spec", "containers") for port in parts(container, "ports")
    )
    return next((str(number(port, "containerPort")) for port in ports), "")


def _name_of_port(service: Object, wanted: int) -> str:
    for port in parts(service, "spec", "ports"):
        if number(port, "port") == wanted:
            return text(port, "name")
    name = service["metadata"]["name"]
    raise ServiceUnavailable(f'no service port {wanted} found for service "{name}"')


def _candidates(endpoints: Object, port_name: str) -> Iterator[tuple[Object, int]]:
    for subset in parts(endpoints, "subsets"):
        for port in parts(subset, "ports"):
            if text(port, "name") == port_name:
                for address in parts(subset, "addresses"):
                    yield address, number(port, "port")

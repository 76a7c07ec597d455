"""Which pods stand behind a Service, and under which ports: what Endpoints and EndpointSlices share.

Upstream: endpointslice/util and pkg/controller/util/endpoint.
"""

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import part, parts, text
from kubeade.api.pod_state import is_finished, is_ready
from kubeade.api.resource import Object

HEADLESS = "service.kubernetes.io/headless"
LAST_CHANGE_TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"


def addresses_of(pod: Object) -> list[str]:
    listed = [text(one, "ip") for one in parts(pod, "status", "podIPs")]
    single = text(pod, "status", "podIP")
    return [one for one in listed if one] or ([single] if single else [])


def is_ipv6(address: str) -> bool:
    return ":" in address


def address_of_family(pod: Object, family: str) -> str:
    """The pod's first address of `IPv4` or `IPv6`."""
    for address in addresses_of(pod):
        if is_ipv6(address) == (family == "IPv6"):
            return address
    return ""


def may_serve(pod: Object, *, include_terminating: bool) -> bool:
    """Whether a pod belongs to the endpoints at all, ready or not."""
    if is_finished(pod) or not addresses_of(pod):
        return False
    return include_terminating or not is_being_deleted(pod)


def ip_families(service: Object) -> list[str]:
    return [str(one) for one in part(service, "spec").get("ipFamilies") or ["IPv4"]]


def is_headless(service: Object) -> bool:
    return text(service, "spec", "clusterIP") == "None"


def hostname_of(pod: Object, service: Object) -> str:
    """The name that DNS gives the pod under a headless Service of its subdomain."""
    subdomain = text(pod, "spec", "subdomain")
    return text(pod, "spec", "hostname") if subdomain == service["metadata"]["name"] else ""


def ports_of(service: Object, pod: Object) -> list[Object]:
    """The Service's ports as this pod serves them; a named target that the pod lacks is left out."""
    found = []
    for service_port in parts(service, "spec", "ports"):
        number = _target(service_port, pod)
        if number is None:
            continue
        port: Object = {
            "name": service_port.get("name") or "",
            "port": number,
            "protocol": service_port.get("protocol") or "TCP",
        }
        if service_port.get("appProtocol"):
            port["appProtocol"] = service_port["appProtocol"]
        found.append(port)
    return found


def _target(service_port: Object, pod: Object) -> int | None:
    target = service_port.get("targetPort") or service_port.get("port")
    if isinstance(target, int):
        return target
    protocol = service_port.get("protocol") or "TCP"
    spec = part(pod, "spec")
    sidecars = [c for c in parts(spec, "initContainers") if c.get("restartPolicy") == "Always"]
    for container in [*parts(spec, "containers"), *sidecars]:
        for port in parts(container, "ports"):
            if port.get("name") == target and (port.get("protocol") or "TCP") == protocol:
                return int(port["containerPort"])
    return None


def relevant_state(pod: Object) -> tuple[object, ...]:
    """What of a pod the endpoints depend on: where it is equal, nothing has to be done."""
    return (
        tuple(addresses_of(pod)),
        is_ready(pod),
        is_being_deleted(pod),
        is_finished(pod),
        text(pod, "spec", "nodeName"),
        part(pod, "metadata").get("labels"),
    )

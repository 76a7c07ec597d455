"""How much of a node a pod asks for, and its quality of service (upstream: component-helpers/resource).

Amounts are integers: milli-CPUs for `cpu`, plain units (bytes, counts) for everything else.
"""

from collections.abc import Iterable

from kubeade.api.parts import part, parts
from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object

DEFAULT_CPU_REQUEST = 100
DEFAULT_MEMORY_REQUEST = 200 * 1024 * 1024

Amounts = dict[str, int]


def amount(name: str, quantity: object) -> int:
    """A quantity of the resource `name` as an integer, rounded up."""
    parsed = Quantity.parse(str(quantity))
    return parsed.milli_value() if name == "cpu" else parsed.value()


def amounts(quantities: Object) -> Amounts:
    return {name: amount(name, quantity) for name, quantity in quantities.items()}


def allocatable_of(node: Object) -> Amounts:
    """What a node has to give."""
    return amounts(part(node, "status", "allocatable") or part(node, "status", "capacity"))


def container_amounts(container: Object, field: str) -> Amounts:
    """A container's `requests` or `limits`."""
    return amounts(part(container, "resources", field))


def pod_requests(pod: Object) -> Amounts:
    """All that the pod needs at any one time: containers and sidecars together, or the greediest init
    container with the sidecars started before it; pod-level requests where they are set; overhead on
    top."""
    return pod_amounts(pod, "requests")


def pod_amounts(pod: Object, field: str) -> Amounts:
    """The pod's sum of `requests` or `limits`."""
    spec = part(pod, "spec")
    total = _sum(container_amounts(c, field) for c in parts(spec, "containers"))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in parts(spec, "initContainers"):
        own = container_amounts(container, field)
        if container.get("restartPolicy") == "Always":
            sidecars = _sum((sidecars, own))
            peak = _maximum(peak, sidecars)
        else:
            peak = _maximum(peak, _sum((sidecars, own)))
    total = _maximum(_sum((total, sidecars)), peak)
    total.update(amounts(part(spec, "resources", field)))
    return _sum((total, amounts(part(spec, "overhead"))))


def qos_class(pod: Object) -> str:
    """Guaranteed, Burstable or BestEffort."""
    spec = part(pod, "spec")
    containers = [*parts(spec, "containers"), *parts(spec, "initContainers")]
    holders = [spec] if part(spec, "resources") else containers
    requests = [_compute(container_amounts(holder, "requests")) for holder in holders]
    limits = [_compute(container_amounts(holder, "limits")) for holder in holders]
    if not any(requests) and not any(limits):
        return "BestEffort"
    complete = all(set(limit) == {"cpu", "memory"} for limit in limits)
    same = all(not request or request == limit for request, limit in zip(requests, limits, strict=True))
    return "Guaranteed" if complete and same else "Burstable"


def _compute(values: Amounts) -> Amounts:
    return {name: value for name, value in values.items() if name in ("cpu", "memory") and value}


def _sum(many: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for one in many:
        for name, value in one.items():
            total[name] = total.get(name, 0) + value
    return total


def _maximum(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in one.keys() | other.keys()}

"""How the core group's kinds other than workloads and storage are printed."""

from datetime import datetime

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.api.tables.column import Cells, printer
from kubeade.api.tables.formats import NONE, UNKNOWN, age, name_of, since

_ROLE_PREFIX = "node-role.kubernetes.io/"


def node_cells(node: Object, now: datetime) -> Cells:
    info = part(node, "status", "nodeInfo")
    kernel = text(info, "kernelVersion") or UNKNOWN
    if architecture := text(info, "architecture"):
        kernel += f" ({architecture})"
    return [
        name_of(node),
        _node_state(node),
        _roles(node) or NONE,
        age(node, now),
        text(info, "kubeletVersion"),
        _address(node, "InternalIP"),
        _address(node, "ExternalIP"),
        text(info, "osImage") or UNKNOWN,
        kernel,
        text(info, "containerRuntimeVersion") or UNKNOWN,
    ]


def _node_state(node: Object) -> str:
    conditions = parts(node, "status", "conditions")
    ready = next((c for c in reversed(conditions) if c.get("type") == "Ready"), None)
    if ready is None:
        state = "Unknown"
    else:
        state = "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{state},SchedulingDisabled" if part(node, "spec").get("unschedulable") else state


def _roles(node: Object) -> str:
    labels = part(node, "metadata", "labels")
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    roles.add(text(labels, "kubernetes.io/role"))
    return ",".join(sorted(roles - {""}))


def _address(node: Object, kind: str) -> str:
    addresses = parts(node, "status", "addresses")
    return next((text(a, "address") for a in addresses if a.get("type") == kind), NONE)


def namespace_cells(namespace: Object, now: datetime) -> Cells:
    return [name_of(namespace), text(namespace, "status", "phase"), age(namespace, now)]


def config_map_cells(config_map: Object, now: datetime) -> Cells:
    count = len(part(config_map, "data")) + len(part(config_map, "binaryData"))
    return [name_of(config_map), count, age(config_map, now)]


def secret_cells(secret: Object, now: datetime) -> Cells:
    return [name_of(secret), text(secret, "type"), len(part(secret, "data")), age(secret, now)]


def name_and_age_cells(obj: Object, now: datetime) -> Cells:
    return [name_of(obj), age(obj, now)]


def resource_quota_cells(quota: Object, now: datetime) -> Cells:
    used, hard = part(quota, "status", "used"), part(quota, "status", "hard")
    requests: list[str] = []
    limits: list[str] = []
    for name in sorted(hard):
        listed = limits if name.startswith("limits.") else requests
        listed.append(f"{name}: {used.get(name, 0)}/{hard[name]}")
    return [name_of(quota), ", ".join(requests), ", ".join(limits), age(quota, now)]


def component_status_cells(component: Object, _now: datetime) -> Cells:
    healthy = next((c for c in parts(component, "conditions") if c.get("type") == "Healthy"), None)
    if healthy is None:
        return [name_of(component), "Unknown", "", ""]
    state = "Healthy" if healthy.get("status") == "True" else "Unhealthy"
    return [name_of(component), state, text(healthy, "message"), text(healthy, "error")]


def event_cells(event: Object, now: datetime) -> Cells:
    """An event, of either group: events.k8s.io names the same things differently."""
    about = part(event, "involvedObject") or part(event, "regarding")
    first, last, count = _event_times(event, now)
    kind, name = text(about, "kind").lower(), text(about, "name")
    return [
        last,
        text(event, "type"),
        text(event, "reason"),
        f"{kind}/{name}" if name else kind,
        text(about, "fieldPath"),
        _event_source(event),
        (text(event, "message") or text(event, "note")).strip(),
        first,
        count,
        name_of(event),
    ]


def _event_times(event: Object, now: datetime) -> tuple[str, str, int]:
    first = since(event.get("firstTimestamp") or event.get("deprecatedFirstTimestamp"), now)
    if first == UNKNOWN:
        first = since(event.get("eventTime"), now)
    last = since(event.get("lastTimestamp") or event.get("deprecatedLastTimestamp"), now)
    if last == UNKNOWN:
        last = first
    if series := part(event, "series"):
        return first, since(series.get("lastObservedTime"), now), number(series, "count")
    return first, last, number(event, "count") or number(event, "deprecatedCount") or 1


def _event_source(event: Object) -> str:
    source = part(event, "source") or part(event, "deprecatedSource")
    controller = text(event, "reportingComponent") or text(event, "reportingController")
    component = text(source, "component") or controller
    instance = text(source, "host") or text(event, "reportingInstance")
    return f"{component}, {instance}" if instance else component


_EVENT = "Last Seen|Type|Reason|Object|+Subobject|+Source|Message|+First Seen|+Count|+Name"
_NODE_WIDE = "+Internal-IP|+External-IP|+OS-Image|+Kernel-Version|+Container-Runtime"

NODE = printer(node_cells, "Name|Status|Roles|Age|Version", _NODE_WIDE)
NAMESPACE = printer(namespace_cells, "Name|Status|Age")
CONFIG_MAP = printer(config_map_cells, "Name|Data|Age")
SECRET = printer(secret_cells, "Name|Type|Data|Age")
NAME_AND_AGE = printer(name_and_age_cells, "Name|Age")
RESOURCE_QUOTA = printer(resource_quota_cells, "Name|Request|Limit|Age")
COMPONENT_STATUS = printer(component_status_cells, "Name|Status|Message|Error")
EVENT = printer(event_cells, _EVENT)

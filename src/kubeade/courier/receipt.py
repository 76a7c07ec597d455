"""The receipt of an order: what was ordered, what was delivered, by whom and when. Pure, from facts the
cluster keeps."""

from collections.abc import Iterable
from dataclasses import dataclass

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.courier.facts import Facts, condition, when
from kubeade.courier.gap import gap_of, measure_of

REACHABLE = "Reachable"


@dataclass(frozen=True, slots=True)
class Line:
    """One image of the order: as ordered, and as delivered (digests, usually one)."""

    container: str
    image: str
    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Times are RFC 3339 texts, empty while they have not come. `gap` is empty when all was delivered."""

    kind: str
    name: str
    namespace: str
    ordered: int
    delivered: int
    unit: str
    lines: tuple[Line, ...]
    uid: str
    revision: str
    ordered_by: str
    accepted: str
    scheduled: str
    made: str
    ready: str
    reachable: str
    reachable_at: tuple[str, ...]
    gap: str


def receipt_of(facts: Facts) -> Receipt:
    """The receipt as things stand now; for an order that is under way it says so in its gap."""
    root, pods = facts.root, _delivered_pods(facts)
    metadata = root["metadata"]
    ordered, delivered, unit = measure_of(root) or (0, 0, "")
    gap = gap_of(root)
    reachable = [
        when(event) for event in facts.events if event.get("reason") == REACHABLE and _is_about(event, facts)
    ]
    return Receipt(
        kind=root["kind"],
        name=metadata["name"],
        namespace=metadata.get("namespace", ""),
        ordered=ordered,
        delivered=delivered,
        unit=unit,
        lines=tuple(_lines(root, pods)),
        uid=metadata["uid"],
        revision=str(facts.provenance.get("createRevision") or metadata["resourceVersion"]),
        ordered_by=str(facts.provenance.get("creator") or ""),
        accepted=text(metadata, "creationTimestamp"),
        scheduled=_latest(text(condition(pod, "PodScheduled"), "lastTransitionTime") for pod in pods),
        made=_latest(
            _started(status) for pod in pods for status in parts(pod, "status", "containerStatuses")
        ),
        ready=_latest(_true_since(pod, "Ready") for pod in pods),
        reachable=max(reachable, default=""),
        reachable_at=tuple(_addresses(facts.services)),
        gap=str(gap) if gap else "",
    )


def _delivered_pods(facts: Facts) -> list[Object]:
    """The pods that stand for the order: those not on their way out."""
    return [pod for pod in facts.pods() if not pod["metadata"].get("deletionTimestamp")]


def _lines(root: Object, pods: list[Object]) -> list[Line]:
    template = part(root, "spec", "template", "spec") or part(
        root, "spec", "jobTemplate", "spec", "template", "spec"
    )
    containers = parts(template or part(root, "spec"), "containers")
    lines = []
    for container in containers:
        name = text(container, "name")
        statuses = [
            one
            for pod in pods
            for one in parts(pod, "status", "containerStatuses")
            if one.get("name") == name
        ]
        digests = tuple(sorted({text(one, "imageID") for one in statuses if one.get("imageID")}))
        lines.append(Line(name, text(container, "image"), digests))
    return lines


def _started(status: Object) -> str:
    return text(status, "state", "running", "startedAt") or text(status, "state", "terminated", "startedAt")


def _true_since(pod: Object, type_: str) -> str:
    found = condition(pod, type_)
    return text(found, "lastTransitionTime") if found.get("status") == "True" else ""


def _latest(times: Iterable[str]) -> str:
    """The latest of RFC 3339 texts; empty when one is missing: that step is not complete."""
    listed = list(times)
    return max(listed) if listed and all(listed) else ""


def _is_about(event: Object, facts: Facts) -> bool:
    uids = {service["metadata"]["uid"] for service in facts.services}
    return text(event, "involvedObject", "uid") in uids


def _addresses(services: list[Object]) -> list[str]:
    found = []
    for service in services:
        addresses = [
            one["ip"] for one in parts(service, "status", "loadBalancer", "ingress") if one.get("ip")
        ]
        addresses = addresses or [text(service, "spec", "clusterIP")]
        for port in parts(service, "spec", "ports"):
            found += [f"{one}:{number(port, 'port')}" for one in addresses if one not in ("", "None")]
    return found

"""All that bears on one order, as it is now: the ordered object, what came of it, and what was said about
it."""

from dataclasses import dataclass, field

from kubeade.api.parts import parts, text
from kubeade.api.resource import Object


@dataclass(slots=True)
class Facts:
    """`objects` are the order and everything below it in the owner tree, the order first.

    `provenance` is what the ledger knows: who ordered, at which revision (empty from servers that do not
    tell).
    """

    root: Object
    objects: list[Object] = field(default_factory=list)
    events: list[Object] = field(default_factory=list)
    services: list[Object] = field(default_factory=list)
    slices: list[Object] = field(default_factory=list)
    nodes: list[Object] = field(default_factory=list)
    provenance: Object = field(default_factory=dict)

    def children(self, owner: Object) -> list[Object]:
        """What this object controls."""
        uid = owner["metadata"]["uid"]
        return [one for one in self.objects if uid in _owners(one)]

    def pods(self) -> list[Object]:
        return [one for one in self.objects if one["kind"] == "Pod"]

    def events_of(self, about: Object) -> list[Object]:
        """Its events, the latest first."""
        uid = about["metadata"].get("uid")
        found = [event for event in self.events if text(event, "involvedObject", "uid") == uid]
        return sorted(found, key=lambda event: when(event) or "", reverse=True)

    def node(self, name: str) -> Object | None:
        return next((node for node in self.nodes if node["metadata"]["name"] == name), None)


def when(event: Object) -> str:
    """When an event last happened."""
    return str(
        event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
        or ""
    )


def condition(about: Object, type_: str) -> Object:
    """The condition of that type; empty when the object has none."""
    return next((one for one in parts(about, "status", "conditions") if one.get("type") == type_), {})


def display(about: Object) -> str:
    """`Deployment default/lemonade`."""
    metadata = about["metadata"]
    namespace = metadata.get("namespace")
    return f"{about['kind']} {namespace + '/' if namespace else ''}{metadata['name']}"


def _owners(one: Object) -> set[str]:
    return {text(reference, "uid") for reference in parts(one, "metadata", "ownerReferences")}

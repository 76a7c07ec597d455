"""Collects the facts about one order through the API. Reads only."""

from kubeade.api.errors import ApiError
from kubeade.api.parts import part, text
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import (
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    EVENTS,
    JOBS,
    NODES,
    PODS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    SERVICES,
    STATEFUL_SETS,
)
from kubeade.api.selectors import LabelSelector
from kubeade.client.client import Client
from kubeade.courier.facts import Facts

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
BELOW: dict[str, tuple[Resource, ...]] = {
    DEPLOYMENTS.kind: (REPLICA_SETS, PODS),
    REPLICA_SETS.kind: (PODS,),
    REPLICATION_CONTROLLERS.kind: (PODS,),
    STATEFUL_SETS.kind: (PODS,),
    DAEMON_SETS.kind: (PODS,),
    JOBS.kind: (PODS,),
    CRON_JOBS.kind: (JOBS, PODS),
}
"""What each kind of order is made of, from the top down."""


async def gather(client: Client, resource: Resource, name: str, namespace: str) -> Facts:
    """The facts about one object. Raises NotFound when nobody ordered it."""
    namespace = namespace if resource.namespaced else ""
    facts = Facts(await client.get(resource, name, namespace))
    facts.root.setdefault("kind", resource.kind)
    facts.objects = [facts.root]
    facts.provenance = await provenance(client, resource, name, namespace)
    facts.nodes = (await client.list(NODES)).items
    if not namespace:
        facts.events = (await client.list(EVENTS, field_selector=f"involvedObject.name={name}")).items
        return facts
    for below in BELOW.get(resource.kind, ()):
        _add_owned(facts, (await client.list(below, namespace)).items)
    await _add_network(client, facts, namespace)
    facts.events = (await client.list(EVENTS, namespace)).items
    return facts


async def provenance(client: Client, resource: Resource, name: str, namespace: str) -> Object:
    """Who ordered it and at which revision; empty where the server does not keep that."""
    try:
        return await client.get(resource, name, namespace, subresource="order")
    except ApiError:
        return {}


def _add_owned(facts: Facts, candidates: list[Object]) -> None:
    """Those candidates whose owner is already among the facts."""
    known = {one["metadata"]["uid"] for one in facts.objects}
    for one in candidates:
        owners = one["metadata"].get("ownerReferences") or []
        if any(owner["uid"] in known for owner in owners):
            facts.objects.append(one)


async def _add_network(client: Client, facts: Facts, namespace: str) -> None:
    """The Services that lead to the order's pods, or the pods that a Service leads to; and the slices
    between."""
    services = (await client.list(SERVICES, namespace)).items
    if facts.root["kind"] == "Service":
        facts.services = [facts.root]
        selector = part(facts.root, "spec", "selector")
        if selector:
            chosen = LabelSelector.from_labels(selector)
            pods = (await client.list(PODS, namespace, label_selector=str(chosen))).items
            facts.objects += pods
    else:
        facts.services = [one for one in services if _leads_to(one, facts.pods())]
    names = {one["metadata"]["name"] for one in facts.services}
    slices = (await client.list(ENDPOINT_SLICES, namespace)).items
    facts.slices = [one for one in slices if text(one, "metadata", "labels", SERVICE_NAME_LABEL) in names]


def _leads_to(service: Object, pods: list[Object]) -> bool:
    selector = part(service, "spec", "selector")
    if not selector:
        return False
    chosen = LabelSelector.from_labels(selector)
    return any(chosen.matches(pod["metadata"].get("labels")) for pod in pods)

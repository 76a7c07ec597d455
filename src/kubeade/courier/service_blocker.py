"""The first thing that keeps a Service from answering: no pods, none ready, no address, nobody listening.
Pure."""

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.courier.facts import Facts, display
from kubeade.courier.verdict import Finding, State


def blocker_of_service(service: Object, facts: Facts) -> Finding | None:
    """None for a Service that has endpoints (and its address, for type LoadBalancer)."""
    spec = part(service, "spec")
    if text(spec, "type") == "ExternalName":
        return None
    if text(spec, "type") == "LoadBalancer" and not parts(service, "status", "loadBalancer", "ingress"):
        said = tuple(text(e, "message") for e in facts.events_of(service) if e.get("type") == "Warning")
        state = State.BLOCKED if said else State.UNDER_WAY
        advice = "see that a cloud controller runs that serves this Service's class"
        return Finding(state, display(service), "it has no load balancer address", said[:1], advice)
    for event in facts.events_of(service):
        if event.get("reason") == "FailedToListen":
            advice = "choose a port that is free and that the node may listen on"
            return Finding(
                State.BLOCKED, display(service), "the node cannot listen", (text(event, "message"),), advice
            )
    return None if ready_endpoints(facts.slices) else _without_endpoints(service, facts)


def ready_endpoints(slices: list[Object]) -> list[Object]:
    """The endpoints that take traffic."""
    found = [endpoint for one in slices for endpoint in parts(one, "endpoints")]
    return [one for one in found if part(one, "conditions").get("ready", True) is not False]


def _without_endpoints(service: Object, facts: Facts) -> Finding | None:
    selector = part(service, "spec", "selector")
    if not selector:
        advice = "give it a selector, or EndpointSlices of its own"
        return Finding(State.BLOCKED, display(service), "it selects nothing and has no endpoints", (), advice)
    labels = ",".join(f"{key}={value}" for key, value in selector.items())
    if not facts.pods():
        advice = "start pods with these labels, or correct the selector"
        return Finding(State.BLOCKED, display(service), f"no pod has the labels {labels}", (), advice)
    return Finding(State.UNDER_WAY, display(service), "none of its pods is ready")

"""The first thing that keeps one pod from being ready: node, volume, image, container, probe. Pure."""

import json
from collections.abc import Iterator

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.courier.facts import Facts, condition, display
from kubeade.courier.verdict import Finding, State

NODES_ANNOTATION = "scheduler.kubeade.dev/nodes"
_ADVICE_BY_REASON = {
    "ErrImagePull": "check the image's name and tag, the registry, and imagePullSecrets",
    "ImagePullBackOff": "check the image's name and tag, the registry, and imagePullSecrets",
    "InvalidImageName": "correct the image's name",
    "ErrImageNeverPull": "load the image onto the node, or change imagePullPolicy",
    "CreateContainerConfigError": "create what the message names, or mark it optional",
    "CreateContainerError": "change what the message names in the container's spec",
    "RunContainerError": "change the container's command so that it exists in the image",
    "CrashLoopBackOff": "read what it said last: kubectl logs --previous",
}
_JUST_STARTING = ("ContainerCreating", "PodInitializing", "")


def blocker_of_pod(pod: Object, facts: Facts) -> Finding | None:
    """None for a pod that is ready, or done."""
    if condition(pod, "Ready").get("status") == "True" or text(pod, "status", "phase") == "Succeeded":
        return None
    for finding in _findings(pod, facts):
        if finding is not None:
            return finding
    return Finding(State.UNDER_WAY, display(pod), f"it is {text(pod, 'status', 'phase') or 'Pending'}")


def _findings(pod: Object, facts: Facts) -> Iterator[Finding | None]:
    """In the order in which a pod comes into being."""
    yield _unscheduled(pod, facts)
    yield _failed(pod)
    yield _node_down(pod, facts)
    yield _not_prepared(pod, facts)
    yield from (_container(pod, status) for status in _statuses(pod))
    yield _not_ready(pod, facts)


def _unscheduled(pod: Object, facts: Facts) -> Finding | None:
    if text(pod, "spec", "nodeName"):
        return None
    gates = [text(gate, "name") for gate in parts(pod, "spec", "schedulingGates")]
    if gates:
        advice = "whoever set the gate has to remove it"
        return Finding(
            State.BLOCKED, display(pod), "it is held back by scheduling gates", tuple(gates), advice
        )
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("reason") == "Unschedulable":
        message = text(scheduled, "message")
        evidence = (message, *_per_node(facts.events_of(pod)))
        return Finding(State.BLOCKED, display(pod), "no node takes it", evidence, _scheduling_advice(message))
    if text(pod, "spec", "schedulerName") not in ("", "default-scheduler"):
        reason = f"it waits for the scheduler {text(pod, 'spec', 'schedulerName')!r}"
        return Finding(State.BLOCKED, display(pod), reason, (), "run that scheduler, or name no scheduler")
    return Finding(State.UNDER_WAY, display(pod), "it waits for a node")


def _per_node(events: list[Object]) -> list[str]:
    """What each node said, from the scheduler's latest event."""
    for event in events:
        said = text(event, "metadata", "annotations", NODES_ANNOTATION)
        if event.get("reason") == "FailedScheduling" and said:
            return [f"node {name}: {why}" for name, why in json.loads(said).items()]
    return []


def _scheduling_advice(message: str) -> str:
    if "no nodes available" in message:
        return "start a node"
    if "Insufficient" in message or "Too many pods" in message:
        return "ask for less, stop something, or add a node"
    if "untolerated taint" in message:
        return "tolerate the taint, or remove it from a node"
    if "unschedulable" in message:
        return "kubectl uncordon the node"
    if "affinity" in message or "selector" in message or "spread" in message:
        return "label a node so that it matches, or loosen the pod's rules"
    if "persistentvolumeclaim" in message.lower():
        return "create or bind the claim that the message names"
    return ""


def _failed(pod: Object) -> Finding | None:
    if text(pod, "status", "phase") != "Failed":
        return None
    reason = text(pod, "status", "reason") or "a container ended with an error"
    said = [text(pod, "status", "message"), *(_last_words(status) for status in _statuses(pod))]
    evidence = tuple(one for one in said if one)
    return Finding(
        State.BLOCKED, display(pod), f"it has failed: {reason}", evidence, "kubectl logs tells more"
    )


def _node_down(pod: Object, facts: Facts) -> Finding | None:
    name = text(pod, "spec", "nodeName")
    node = facts.node(name)
    if node is None:
        reason = f"its node {name} does not exist"
        return Finding(State.BLOCKED, display(pod), reason, (), "delete the pod, or bring the node back")
    ready = condition(node, "Ready")
    if ready.get("status") == "True":
        return None
    evidence = (f"{text(ready, 'reason')}: {text(ready, 'message')}",)
    return Finding(
        State.BLOCKED, display(node), "the pod's node is not ready", evidence, "look after the node"
    )


def _not_prepared(pod: Object, facts: Facts) -> Finding | None:
    """Sandbox and volumes, which only events tell of."""
    if any(status.get("containerID") for status in _statuses(pod)):
        return None
    for event in facts.events_of(pod):
        if event.get("reason") in ("FailedMount", "FailedAttachVolume", "FailedMapVolume"):
            advice = "create what the volume refers to, or mark it optional"
            return Finding(
                State.BLOCKED, display(pod), "a volume cannot be mounted", (text(event, "message"),), advice
            )
        if event.get("reason") == "FailedCreatePodSandBox":
            evidence = (text(event, "message"),)
            return Finding(
                State.BLOCKED, display(pod), "its sandbox cannot be made", evidence, "look at the node's log"
            )
    return None


def _container(pod: Object, status: Object) -> Finding | None:
    at = f"{display(pod)}, container {status.get('name')}"
    waiting = part(status, "state", "waiting")
    reason = text(waiting, "reason")
    if waiting and reason not in _JUST_STARTING:
        evidence = tuple(one for one in (text(waiting, "message"), _last_words(status)) if one)
        return Finding(State.BLOCKED, at, reason, evidence, _ADVICE_BY_REASON.get(reason, ""))
    ended = part(status, "state", "terminated")
    if ended and number(ended, "exitCode"):
        return Finding(
            State.BLOCKED, at, "it ended with an error", (_last_words(status),), "kubectl logs tells more"
        )
    return None


def _not_ready(pod: Object, facts: Facts) -> Finding | None:
    gates = [text(gate, "conditionType") for gate in parts(pod, "spec", "readinessGates")]
    closed = [gate for gate in gates if condition(pod, gate).get("status") != "True"]
    if closed:
        advice = "whoever keeps these conditions has to set them"
        return Finding(State.BLOCKED, display(pod), "readiness gates are not passed", tuple(closed), advice)
    unready = [one["name"] for one in parts(pod, "status", "containerStatuses") if not one.get("ready")]
    running = [one for one in parts(pod, "status", "containerStatuses") if part(one, "state", "running")]
    if not unready or not running:
        return None
    said = [text(event, "message") for event in facts.events_of(pod) if event.get("reason") == "Unhealthy"]
    at = f"{display(pod)}, container {unready[0]}"
    if said:
        return Finding(
            State.BLOCKED, at, "its probe fails", (said[0],), "make the container answer its probe"
        )
    return Finding(State.UNDER_WAY, at, "it runs, and is not ready yet")


def _last_words(status: Object) -> str:
    for state in ("state", "lastState"):
        ended = part(status, state, "terminated")
        if ended:
            how = f"ended with exit code {number(ended, 'exitCode')} ({text(ended, 'reason')})"
            message = text(ended, "message")
            return f"{status.get('name')} {how}{': ' + message if message else ''}"
    return ""


def _statuses(pod: Object) -> list[Object]:
    return [*parts(pod, "status", "initContainerStatuses"), *parts(pod, "status", "containerStatuses")]

"""Why an order is not delivered: down the owner tree to the first blocker. Pure.

Deployment -> ReplicaSet -> Pod -> container, image, volume, node, quota. A blocked pod is shown before one
that is only under way. Each kind has a function that returns its own finding, or the objects to look at
next.
"""

from collections.abc import Callable

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.courier.facts import Facts, condition, display
from kubeade.courier.gap import gap_of
from kubeade.courier.pod_blocker import blocker_of_pod
from kubeade.courier.service_blocker import blocker_of_service
from kubeade.courier.verdict import Finding, State, Verdict


def why(facts: Facts) -> Verdict:
    """The verdict on the order that the facts are about."""
    return _look(facts.root, facts, (display(facts.root),))


def _look(about: Object, facts: Facts, path: tuple[str, ...]) -> Verdict:
    own = _own_finding(about, facts)
    if own is not None and own.state is State.BLOCKED:
        return Verdict(own.state, path, own)
    below = [
        _look(child, facts, (*path, display(child))) for child in _next_below(about, facts) if _matters(child)
    ]
    for state in (State.BLOCKED, State.UNDER_WAY):
        for verdict in below:
            if verdict.state is state:
                return verdict
    if own is not None:
        return Verdict(own.state, path, own)
    if gap_of(about) is None:
        return Verdict(State.DELIVERED, path)
    return Verdict(State.UNDER_WAY, path, _waiting(about))


def _own_finding(about: Object, facts: Facts) -> Finding | None:
    """What the object itself says is in the way."""
    if about["metadata"].get("deletionTimestamp"):
        return _deleting(about)
    finder = _FINDERS.get(about["kind"], _by_conditions)
    return finder(about, facts)


def _next_below(about: Object, facts: Facts) -> list[Object]:
    """What to look at next: only the newest ReplicaSet of a Deployment, the newest Job of a CronJob."""
    children = facts.children(about)
    if about["kind"] == "Service":
        return facts.pods()
    if about["kind"] == "Deployment":
        return sorted(children, key=_revision, reverse=True)[:1]
    if about["kind"] == "CronJob":
        return sorted(children, key=_created, reverse=True)[:1]
    return children


def _matters(child: Object) -> bool:
    """A pod that is being replaced, or that finished well, is not in anybody's way."""
    leaving = child["kind"] == "Pod" and child["metadata"].get("deletionTimestamp")
    return not leaving and text(child, "status", "phase") != "Succeeded"


def _created(child: Object) -> str:
    return text(child, "metadata", "creationTimestamp")


def _revision(replica_set: Object) -> int:
    value = text(replica_set, "metadata", "annotations", "deployment.kubernetes.io/revision")
    return int(value) if value.isdigit() else 0


def _deleting(about: Object) -> Finding:
    finalizers = part(about, "metadata").get("finalizers") or []
    evidence = [f"deletion was asked for at {about['metadata']['deletionTimestamp']}"]
    evidence += [f"finalizer {one} is still there" for one in finalizers]
    conditions = parts(about, "status", "conditions")
    evidence += [text(one, "message") for one in conditions if one.get("status") == "True"]
    advice = "find out why the owner of each finalizer does not remove it" if finalizers else ""
    return Finding(State.UNDER_WAY, display(about), "it is being deleted", tuple(evidence), advice)


def _deployment(about: Object, facts: Facts) -> Finding | None:
    if part(about, "spec").get("paused") and gap_of(about):
        advice = f"kubectl rollout resume deployment/{about['metadata']['name']}"
        return Finding(State.BLOCKED, display(about), "the rollout is paused", (), advice)
    failure = condition(about, "ReplicaFailure")
    if failure.get("status") == "True":
        return _creation_failed(about, text(failure, "message"))
    progress = condition(about, "Progressing")
    if progress.get("reason") == "ProgressDeadlineExceeded" and not facts.pods():
        return Finding(State.BLOCKED, display(about), "no progress", (text(progress, "message"),))
    return None


def _pod_maker(about: Object, facts: Facts) -> Finding | None:
    """ReplicaSet, StatefulSet, DaemonSet, Job: could it make its pods at all?"""
    failure = condition(about, "ReplicaFailure")
    if failure.get("status") == "True":
        return _creation_failed(about, text(failure, "message"))
    for event in facts.events_of(about):
        if event.get("reason") == "FailedCreate" and gap_of(about) and not facts.children(about):
            return _creation_failed(about, text(event, "message"))
    return None


def _job(about: Object, facts: Facts) -> Finding | None:
    failed = condition(about, "Failed")
    if failed.get("status") == "True":
        evidence = (text(failed, "message"), f"{number(about, 'status', 'failed')} pods failed")
        reason = f"the job has failed: {text(failed, 'reason')}"
        return Finding(State.BLOCKED, display(about), reason, evidence, "read the logs of a failed pod")
    return _pod_maker(about, facts)


def _creation_failed(about: Object, message: str) -> Finding:
    reason, advice = "its pods are refused by the API server", "change the pod template, or what refuses it"
    if "exceeded quota" in message:
        reason, advice = "a quota is used up", "raise the ResourceQuota, or ask for less"
    elif "serviceaccount" in message and "not found" in message:
        reason, advice = "its service account does not exist", "create the ServiceAccount it names"
    elif "violates PodSecurity" in message:
        reason = "the namespace's Pod Security level forbids these pods"
        advice = "give the containers the securityContext that the message asks for"
    return Finding(State.BLOCKED, display(about), reason, (message,), advice)


def _claim(about: Object, facts: Facts) -> Finding | None:
    if gap_of(about) is None:
        return None
    evidence = tuple(text(event, "message") for event in facts.events_of(about)[:2])
    advice = "create a PersistentVolume that fits, or a StorageClass that makes one"
    return Finding(State.BLOCKED, display(about), "no volume is bound to the claim", evidence, advice)


def _node(about: Object, facts: Facts) -> Finding | None:
    ready = condition(about, "Ready")
    if ready.get("status") == "True":
        return None
    said = f"{text(ready, 'reason')}: {text(ready, 'message')}" if ready else "no Ready condition yet"
    advice = "look at the kubelet's log"
    return Finding(State.BLOCKED, display(about), "the node is not ready", (said,), advice)


def _by_conditions(about: Object, facts: Facts) -> Finding | None:
    """Any other kind (custom resources): a Ready or Available condition that is not True."""
    for type_ in ("Ready", "Available"):
        found = condition(about, type_)
        if found and found.get("status") != "True":
            reason = f"{type_} is {found.get('status')}: {text(found, 'reason')}"
            return Finding(State.UNDER_WAY, display(about), reason, (text(found, "message"),))
    return None


def _waiting(about: Object) -> Finding:
    gap = gap_of(about)
    return Finding(State.UNDER_WAY, display(about), str(gap) if gap else "it is not complete yet")


def _pod(about: Object, facts: Facts) -> Finding | None:
    return blocker_of_pod(about, facts)


_FINDERS: dict[str, Callable[[Object, Facts], Finding | None]] = {
    "Deployment": _deployment,
    "ReplicaSet": _pod_maker,
    "ReplicationController": _pod_maker,
    "StatefulSet": _pod_maker,
    "DaemonSet": _pod_maker,
    "Job": _job,
    "Pod": _pod,
    "Service": blocker_of_service,
    "PersistentVolumeClaim": _claim,
    "Node": _node,
}

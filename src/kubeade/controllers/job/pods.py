"""The pods of a Job: what one looks like when made, and which of too many go first. Pure."""

from kubeade.api.parts import part, parts, text, values
from kubeade.api.pod_state import is_ready, phase
from kubeade.api.resource import Object
from kubeade.controllers.job.failures import judge
from kubeade.controllers.job.indexes import (
    COMPLETION_INDEX,
    FAILURE_COUNT,
    IGNORED_FAILURE_COUNT,
    failure_count,
    ignored_failure_count,
    index_of,
)

TRACKING_FINALIZER = "batch.kubernetes.io/job-tracking"
_INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
_LONGEST_GENERATED_BASE = 58


def is_tracked(pod: Object) -> bool:
    """Not yet counted for good: it still carries the Job's finalizer."""
    return TRACKING_FINALIZER in values(pod, "metadata", "finalizers")


def track(pod: Object) -> Object:
    finalizers = [one for one in values(pod, "metadata", "finalizers") if one != TRACKING_FINALIZER]
    return {**pod, "metadata": {**pod["metadata"], "finalizers": [*finalizers, TRACKING_FINALIZER]}}


def indexed(pod: Object, job: Object, index: int, replaced: Object | None) -> Object:
    """The pod for one completion index, as successor of `replaced`."""
    name, ending = job["metadata"]["name"], f"-{index}-"
    metadata = dict(pod["metadata"])
    metadata["generateName"] = name[: _LONGEST_GENERATED_BASE - len(ending)] + ending
    metadata["labels"] = {**metadata["labels"], COMPLETION_INDEX: str(index)}
    metadata["annotations"] = {**metadata["annotations"], COMPLETION_INDEX: str(index)}
    if part(job, "spec").get("backoffLimitPerIndex") is not None:
        metadata["annotations"] |= _failure_counts(job, replaced)
    spec = {**pod["spec"], "hostname": f"{name}-{index}"}
    for group in ("initContainers", "containers"):
        if spec.get(group):
            spec[group] = [_with_index_variable(container) for container in spec[group]]
    return {**pod, "metadata": metadata, "spec": spec}


def _failure_counts(job: Object, replaced: Object | None) -> dict[str, str]:
    if replaced is None:
        return {FAILURE_COUNT: "0"}
    counts = judge(job, replaced).counts
    ignored = ignored_failure_count(replaced) + (not counts)
    found = {FAILURE_COUNT: str(failure_count(replaced) + counts)}
    return {**found, IGNORED_FAILURE_COUNT: str(ignored)} if ignored else found


def _with_index_variable(container: Object) -> Object:
    if any(variable.get("name") == _INDEX_VARIABLE for variable in parts(container, "env")):
        return container
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{COMPLETION_INDEX}']"}}
    return {**container, "env": [*parts(container, "env"), {"name": _INDEX_VARIABLE, "valueFrom": source}]}


def surplus(job: Object, active: list[Object], at_least: int) -> list[Object]:
    """Those with an index twice or out of range, then the least far, at least so many."""
    if part(job, "spec").get("completionMode") != "Indexed":
        return sorted(active, key=_rank)[:at_least]
    kept: dict[int, Object] = {}
    removed = []
    for pod in sorted(active, key=_rank, reverse=True):
        index = index_of(pod)
        if index is None or index >= job["spec"]["completions"] or index in kept:
            removed.append(pod)
        else:
            kept[index] = pod
    return removed + sorted(kept.values(), key=_rank)[: max(0, at_least - len(removed))]


def _rank(pod: Object) -> tuple[bool, bool, bool, str]:
    return (
        bool(text(pod, "spec", "nodeName")),
        phase(pod) == "Running",
        is_ready(pod),
        pod["metadata"]["name"],
    )

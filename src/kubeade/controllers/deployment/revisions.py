"""Templates and revision numbers: which ReplicaSet holds which version of a Deployment. Pure."""

from collections.abc import Iterable

from kubeade.api.ownership import controller_reference
from kubeade.api.parts import part, text
from kubeade.api.resource import Object

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
TEMPLATE_HASH = "pod-template-hash"
NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        REVISION_HISTORY,
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
    }
)


def template_of(owner: Object) -> Object:
    """The pod template without the label that only ReplicaSets have."""
    template = part(owner, "spec", "template")
    metadata = dict(part(template, "metadata"))
    labels = {key: value for key, value in part(metadata, "labels").items() if key != TEMPLATE_HASH}
    metadata["labels"] = labels
    metadata.pop("creationTimestamp", None)
    return {**template, "metadata": metadata}


def revision_of(item: Object) -> int:
    value = text(item, "metadata", "annotations", REVISION)
    return int(value) if value.isdigit() else 0


def newest_revision_first(sets: Iterable[Object]) -> list[Object]:
    return sorted(
        sets, key=lambda one: (revision_of(one), text(one, "metadata", "creationTimestamp")), reverse=True
    )


def next_revision(old: Iterable[Object]) -> int:
    return max((revision_of(one) for one in old), default=0) + 1


def annotations_of_new(deployment: Object, replica_set: Object | None, revision: int) -> dict[str, str]:
    """What the new ReplicaSet's annotations should be: the Deployment's own, and its revision."""
    current = dict(part(replica_set, "metadata", "annotations"))
    wanted = part(deployment, "metadata", "annotations")
    copied = {key: value for key, value in wanted.items() if key not in NOT_COPIED}
    result = {**current, **copied}
    former = current.get(REVISION, "")
    if not former.isdigit() or int(former) < revision:
        if former:
            history = current.get(REVISION_HISTORY, "")
            result[REVISION_HISTORY] = f"{history},{former}" if history else former
        result[REVISION] = str(revision)
    return result


def new_replica_set(deployment: Object, template_hash: str, annotations: dict[str, str]) -> Object:
    """The ReplicaSet for the present template, without its number of replicas."""
    metadata = deployment["metadata"]
    template = template_of(deployment)
    labels = {**part(template, "metadata", "labels"), TEMPLATE_HASH: template_hash}
    selector = part(deployment, "spec", "selector")
    match_labels = {**part(selector, "matchLabels"), TEMPLATE_HASH: template_hash}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{template_hash}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": {
            "minReadySeconds": part(deployment, "spec").get("minReadySeconds") or 0,
            "selector": {**selector, "matchLabels": match_labels},
            "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
        },
    }

"""Whether a claim or a volume that is being deleted is still in use. Pure.

Upstream: pkg/controller/volume/pvcprotection and pvprotection.
"""

from collections.abc import Iterable

from kubeade.api.ownership import is_being_deleted, is_controlled_by
from kubeade.api.parts import parts, text
from kubeade.api.resource import Object

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"


def claims_of(pod: Object) -> list[str]:
    """The names of the claims that a pod mounts, by name or as generic ephemeral volumes."""
    names = []
    for volume in parts(pod, "spec", "volumes"):
        if "persistentVolumeClaim" in volume:
            names.append(text(volume, "persistentVolumeClaim", "claimName"))
        elif "ephemeral" in volume:
            names.append(f"{pod['metadata']['name']}-{volume['name']}")
    return names


def is_used(claim: Object, pods: Iterable[Object]) -> bool:
    """By a pod that has a node: others will find the claim gone and wait. `pods` name the claim."""
    return any(_uses(pod, claim) for pod in pods if text(pod, "spec", "nodeName"))


def _uses(pod: Object, claim: Object) -> bool:
    name = claim["metadata"]["name"]
    for volume in parts(pod, "spec", "volumes"):
        if text(volume, "persistentVolumeClaim", "claimName") == name:
            return True
        ephemeral = "ephemeral" in volume and f"{pod['metadata']['name']}-{volume['name']}" == name
        if ephemeral and is_controlled_by(claim, pod) and not _is_shut_down(pod):
            return True
    return False


def _is_shut_down(pod: Object) -> bool:
    """Only finalizers hold it: one of them may wait for the claim."""
    return is_being_deleted(pod) and pod["metadata"].get("deletionGracePeriodSeconds") == 0


def without(item: Object, finalizer: str) -> Object | None:
    """The object without the finalizer; None when it has none."""
    finalizers = item["metadata"].get("finalizers") or []
    if finalizer not in finalizers:
        return None
    left = [one for one in finalizers if one != finalizer]
    return {**item, "metadata": {**item["metadata"], "finalizers": left}}

"""What makes a pod of a StatefulSet that very pod: its number, names, labels, claims. Pure."""

from kubeade.api.ownership import controller_reference
from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.api.revisions import POD_REVISION_LABEL

POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"


def replicas_of(stateful_set: Object) -> int:
    wanted = part(stateful_set, "spec").get("replicas")
    return 1 if wanted is None else int(wanted)


def ordinals_of(stateful_set: Object) -> range:
    start = number(stateful_set, "spec", "ordinals", "start")
    return range(start, start + replicas_of(stateful_set))


def ordinal_of(stateful_set: Object, pod: Object) -> int | None:
    """The pod's number; None for one whose name is not made of the set's."""
    parent, _, digits = text(pod, "metadata", "name").rpartition("-")
    is_own = parent == stateful_set["metadata"]["name"] and digits.isascii() and digits.isdigit()
    return int(digits) if is_own else None


def revision_of(pod: Object) -> str:
    return text(pod, "metadata", "labels", POD_REVISION_LABEL)


def identity_labels(name: str) -> dict[str, str]:
    return {POD_NAME_LABEL: name, POD_INDEX_LABEL: name.rpartition("-")[2]}


def identified(stateful_set: Object, pod: Object, revision: str, ordinal: int) -> Object:
    """A pod made from the template, with the identity of its number."""
    name = f"{stateful_set['metadata']['name']}-{ordinal}"
    labels = {**pod["metadata"]["labels"], **identity_labels(name), POD_REVISION_LABEL: revision}
    metadata = {key: value for key, value in pod["metadata"].items() if key != "generateName"}
    spec = {
        **pod["spec"],
        "hostname": name,
        "subdomain": text(stateful_set, "spec", "serviceName"),
        "volumes": _volumes(stateful_set, pod["spec"], ordinal),
    }
    return {**pod, "metadata": {**metadata, "name": name, "labels": labels}, "spec": spec}


def _volumes(stateful_set: Object, spec: Object, ordinal: int) -> list[Object]:
    claimed = [
        {
            "name": claim["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": claim_name(stateful_set, claim, ordinal)},
        }
        for claim in parts(stateful_set, "spec", "volumeClaimTemplates")
    ]
    names = {volume["name"] for volume in claimed}
    return claimed + [volume for volume in parts(spec, "volumes") if volume["name"] not in names]


def claim_name(stateful_set: Object, claim: Object, ordinal: int) -> str:
    return f"{claim['metadata']['name']}-{stateful_set['metadata']['name']}-{ordinal}"


def claims_of(stateful_set: Object, ordinal: int) -> list[Object]:
    """The claims that the pod of this number has, each as it is to be created."""
    selected = part(stateful_set, "spec", "selector", "matchLabels")
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": claim_name(stateful_set, claim, ordinal),
                "namespace": stateful_set["metadata"]["namespace"],
                "labels": {**part(claim, "metadata", "labels"), **selected},
                "annotations": dict(part(claim, "metadata", "annotations")),
            },
            "spec": part(claim, "spec"),
        }
        for claim in parts(stateful_set, "spec", "volumeClaimTemplates")
    ]


def claim_owners(stateful_set: Object, pod: Object, claim: Object) -> list[Object]:
    """The claim's owners as the retention policy wants them; other owners stay.

    A claim that something else controls is left alone, whatever the policy says.
    """
    ours = {stateful_set["metadata"]["uid"], pod["metadata"]["uid"]}
    present = parts(claim, "metadata", "ownerReferences")
    others = [one for one in present if one.get("uid") not in ours]
    if any(one.get("controller") for one in others):
        return others
    policy = part(stateful_set, "spec", "persistentVolumeClaimRetentionPolicy")
    condemned = ordinal_of(stateful_set, pod) not in ordinals_of(stateful_set)
    if condemned and policy.get("whenScaled") == "Delete":
        return [*others, controller_reference({"apiVersion": "v1", "kind": "Pod", **pod})]
    if policy.get("whenDeleted") == "Delete":
        return [*others, controller_reference(stateful_set)]
    return others

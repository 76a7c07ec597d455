"""Who owns an object: reading and making owner references (upstream: apimachinery/pkg/apis/meta/v1)."""

from kubeade.api.parts import parts
from kubeade.api.resource import Object


def controller_of(item: Object) -> Object | None:
    """The owner reference that is the managing controller, if any."""
    for reference in parts(item, "metadata", "ownerReferences"):
        if reference.get("controller"):
            return reference
    return None


def is_controlled_by(item: Object, owner: Object) -> bool:
    reference = controller_of(item)
    return reference is not None and reference.get("uid") == owner["metadata"]["uid"]


def controller_reference(owner: Object) -> Object:
    """A reference to `owner` (which has apiVersion and kind) as the managing controller."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_being_deleted(item: Object) -> bool:
    return bool(item["metadata"].get("deletionTimestamp"))

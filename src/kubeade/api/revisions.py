"""What a ControllerRevision keeps of its owner: the pod template, as a patch that brings it back."""

from kubeade.api.parts import part
from kubeade.api.resource import Object

POD_REVISION_LABEL = "controller-revision-hash"


def template_of(revision: Object) -> Object:
    """The pod template that a revision keeps."""
    template = part(revision, "data", "spec", "template")
    return {key: value for key, value in template.items() if key != "$patch"}


def revision_data(owner: Object) -> Object:
    """What a revision keeps of its owner: a strategic merge patch."""
    return {"spec": {"template": {**part(owner, "spec", "template"), "$patch": "replace"}}}

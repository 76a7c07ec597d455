"""What a ControllerRevision keeps of its owner: the pod template, as a patch that brings it back.

Its keys are in alphabetical order, as upstream writes them: clients compare the bytes.
"""

from typing import Any

from kubeade.api.parts import part
from kubeade.api.resource import Object

POD_REVISION_LABEL = "controller-revision-hash"


def template_of(revision: Object) -> Object:
    """The pod template that a revision keeps."""
    template = part(revision, "data", "spec", "template")
    return {key: value for key, value in template.items() if key != "$patch"}


def revision_data(owner: Object) -> Object:
    """What a revision keeps of its owner: a strategic merge patch."""
    template = {**part(owner, "spec", "template"), "$patch": "replace"}
    return {"spec": {"template": _in_order(template)}}


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_in_order(each) for each in value]
    return value

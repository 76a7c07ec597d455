"""From client-side to server-side apply: what kubectl's annotation still says about who owns what.

Only for the manager `kubectl`, which is how its `apply --server-side` calls itself: its own earlier
client-side applies are no conflict, and the annotation is kept up to date so that the way back stays open.
"""

import json
from typing import Any

import msgspec

from kubeade.api.apply.compare import compare
from kubeade.api.apply.field_set import Fields
from kubeade.api.apply.owned_fields import to_field_set
from kubeade.api.apply.shape import Shape
from kubeade.api.resource import Object

KUBECTL = "kubectl"
ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
_MAX_ANNOTATIONS_BYTES = 256 * 1024
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def allowed_conflicts(live: Object, api_version: str, shape: Shape) -> Fields:
    """The fields that kubectl's last client-side apply set and that still are as it set them."""
    try:
        last = msgspec.json.decode(_annotations(live).get(ANNOTATION) or b"null")
    except (msgspec.DecodeError, TypeError):
        return {}
    if not isinstance(last, dict) or last.get("apiVersion") != api_version:
        return {}
    return compare(last, live, shape).difference_to(to_field_set(last, shape))


def with_annotation(applied: Object, config: Object) -> Object:
    """`applied` with the annotation, where it has one, saying what was applied now."""
    annotations = _annotations(applied)
    if not annotations.get(ANNOTATION):
        return applied
    updated = {**annotations, ANNOTATION: _encoded(config)}
    if (
        sum(len(key.encode()) + len(str(value).encode()) for key, value in updated.items())
        > _MAX_ANNOTATIONS_BYTES
    ):
        del updated[ANNOTATION]
    return {**applied, "metadata": {**applied["metadata"], "annotations": updated}}


def _annotations(obj: Object) -> dict[str, Any]:
    annotations = (obj.get("metadata") or {}).get("annotations")
    return annotations if isinstance(annotations, dict) else {}


def _encoded(config: Object) -> str:
    annotations = {key: value for key, value in _annotations(config).items() if key != ANNOTATION}
    metadata = {**(config.get("metadata") or {}), "annotations": annotations}
    if not annotations:
        del metadata["annotations"]
    text = json.dumps(
        {**config, "metadata": metadata}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return text.translate(_HTML) + "\n"

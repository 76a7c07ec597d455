"""JSON merge patch (RFC 7386): objects merge, null deletes, everything else replaces."""

from typing import Any

from kubeade.api.errors import BadRequest
from kubeade.api.patch.json_value import copied, json_type, without_nulls


def merge_patch(doc: dict[str, Any], patch: Any) -> dict[str, Any]:
    """`doc` with `patch` merged in. Raises BadRequest where the patch is not an object."""
    if patch is None:
        raise BadRequest("Invalid JSON Patch")
    if type(patch) is not dict:
        wanted = "Go value of type map[string]interface {}"
        raise BadRequest(f"error decoding patch: json: cannot unmarshal {json_type(patch)} into {wanted}")
    return _merged(doc, patch)


def _merged(doc: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    result = {key: copied(value) for key, value in doc.items() if key not in patch}
    for key, change in patch.items():
        if change is None:
            continue
        current = doc.get(key)
        if type(current) is dict and type(change) is dict:
            result[key] = _merged(current, change)
        else:
            result[key] = without_nulls(change)
    return result

"""What an existing default object has to become at a new start (upstream: rbac reconciliation). Pure.

Rights and subjects are added where they are missing; what users added stays. An object whose annotation
says `false` is left alone.
"""

from kubeade.api.resource import Object
from kubeade.apiserver.authorization.policy import AUTO_UPDATE_ANNOTATION
from kubeade.apiserver.authorization.rules import missing_rights
from kubeade.apiserver.bootstrap import flow_control


def reconciled(existing: Object, expected: Object) -> Object | None:
    """The object to write, or None where nothing is to be done."""
    annotation = AUTO_UPDATE_ANNOTATION
    if expected["kind"] in {"FlowSchema", "PriorityLevelConfiguration"}:
        annotation = flow_control.AUTO_UPDATE_ANNOTATION
    annotations = existing["metadata"].get("annotations") or {}
    if annotations.get(annotation) == "false":
        return None
    changed = {**existing, "metadata": _metadata(existing, expected)}
    if annotation != AUTO_UPDATE_ANNOTATION:
        changed["spec"] = expected["spec"]
    elif "roleRef" in expected:
        subjects = existing.get("subjects") or []
        changed["subjects"] = subjects + [s for s in expected["subjects"] if not _listed(s, subjects)]
    elif "aggregationRule" in expected:
        changed["aggregationRule"] = existing.get("aggregationRule") or expected["aggregationRule"]
    else:
        rules = existing.get("rules") or []
        changed["rules"] = rules + [rule for rule in expected["rules"] if missing_rights(rules, [rule])]
    return None if _same(changed, existing) else changed


def _metadata(existing: Object, expected: Object) -> Object:
    """With the expected labels and annotations, over those that users set."""
    metadata: Object = dict(existing["metadata"])
    for field in ("labels", "annotations"):
        wanted = expected["metadata"].get(field)
        if wanted:
            metadata[field] = {**(metadata.get(field) or {}), **wanted}
    return metadata


def _listed(subject: Object, subjects: list[Object]) -> bool:
    fields = ("kind", "namespace", "name")
    return any(all(found.get(f) == subject.get(f) for f in fields) for found in subjects)


def _same(changed: Object, existing: Object) -> bool:
    """Absent and empty are the same."""
    keys = changed.keys() | existing.keys()
    return all((changed.get(key) or None) == (existing.get(key) or None) for key in keys)

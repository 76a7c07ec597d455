"""The difference between two pod statuses as a strategic merge patch. Pure.

Lists are sent whole, except conditions: those are merged by their type, so that a condition which somebody
else writes at the same time is not lost.
"""

from kubeade.api.resource import Object
from kubeade.kubelet.status.conditions import OWNED

FOREIGN_KEYS = ("resize", "nominatedNodeName")
"""What the kubelet does not report and must not delete."""


def status_patch(old: Object, new: Object) -> Object | None:
    """What turns `old` into `new`; None if nothing does."""
    change: Object = {}
    for key, value in new.items():
        if key == "conditions" or old.get(key) == value:
            continue
        change[key] = [{"$patch": "replace"}, *value] if key in ("podIPs", "hostIPs") else value
    for key in old.keys() - new.keys():
        if key not in FOREIGN_KEYS:
            change[key] = None
    conditions = _conditions(old.get("conditions") or [], new.get("conditions") or [])
    if conditions:
        change["conditions"] = conditions
    return change or None


def _conditions(old: list[Object], new: list[Object]) -> list[Object]:
    before = {each["type"]: each for each in old}
    after = {
        each["type"]: each for each in new if each["type"] in OWNED or each["type"] == "DisruptionTarget"
    }
    changed: list[Object] = []
    for type_name, condition in after.items():
        known = before.get(type_name)
        if known is None:
            changed.append(condition)
        elif _plain(known) != _plain(condition):
            dropped = {key: None for key in known if key not in condition}
            changed.append({**dropped, **condition})
    gone = [name for name in before if name in OWNED and name not in after]
    return changed + [{"$patch": "delete", "type": name} for name in gone]


def _plain(condition: Object) -> Object:
    return {key: value for key, value in condition.items() if value is not None}

"""CertificateSigningRequests: approval changes conditions, status the rest, nobody the request itself."""

from kubeade.api.parts import part, parts
from kubeade.api.resource import Object

_DECISIONS = ("Approved", "Denied")


def prepare_status(request: Object, old: Object, now: str) -> None:
    """The decisions stay as they are; conditions get their dates."""
    status = request.setdefault("status", {})
    before, after = parts(old, "status", "conditions"), parts(status, "conditions")
    for decision in _DECISIONS:
        kept = [condition for condition in before if condition.get("type") == decision]
        places = [index for index, condition in enumerate(after) if condition.get("type") == decision]
        if len(kept) == len(places):
            for place, condition in zip(places, kept, strict=True):
                after[place] = condition
    if after:
        status["conditions"] = [_dated(condition, before, now) for condition in after]


def prepare_approval(request: Object, old: Object, now: str) -> None:
    """Only the conditions are the client's."""
    before = parts(old, "status", "conditions")
    conditions = [_dated(each, before, now) for each in parts(request, "status", "conditions")]
    request["status"] = {**part(old, "status")}
    request["status"].pop("conditions", None)
    if conditions:
        request["status"]["conditions"] = conditions


def _dated(condition: Object, before: list[Object], now: str) -> Object:
    """With both of a condition's dates: a transition is as old as its type and status."""
    same = [
        c
        for c in before
        if (c.get("type"), c.get("status")) == (condition.get("type"), condition.get("status"))
    ]
    since = next((c["lastTransitionTime"] for c in same if c.get("lastTransitionTime")), now)
    dated = {"lastUpdateTime": now, "lastTransitionTime": since}
    return {**dated, **{key: value for key, value in condition.items() if value}}

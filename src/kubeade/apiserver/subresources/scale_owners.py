"""Who owns the number of replicas, as a Scale tells it and as the object that is scaled does.

An applier applies a Scale, whose `spec.replicas` is a field of the object under another name: the owners go
over to the Scale, are brought up to date there, and come back (upstream: managedfields.ScaleHandler).
"""

from kubeade.api.apply import field_set
from kubeade.api.apply.field_set import Fields
from kubeade.api.apply.managed import entries_of
from kubeade.api.resource import Object

_REPLICAS = field_set.of_paths(("spec", "replicas"))


def owners_in_scale(obj: Object, path: tuple[str, ...], api_version: str) -> list[Object]:
    """The Scale's managedFields: those who own the object's replicas, which are at `path`."""
    own = field_set.of_paths(path)
    return [
        {**entry, "apiVersion": api_version, "fieldsV1": _REPLICAS}
        for entry in entries_of(obj)
        if field_set.intersection(entry.get("fieldsV1") or {}, own)
    ]


def owners_in_object(obj: Object, scale: Object, path: tuple[str, ...]) -> list[Object]:
    """The object's managedFields after its Scale has got other owners."""
    own = field_set.of_paths(path)
    waiting = {_who(entry): entry for entry in entries_of(scale)}
    kept = []
    for entry in entries_of(obj):
        fields: Fields = entry.get("fieldsV1") or {}
        found = waiting.pop(_who(entry), None)
        fields = field_set.union(fields, own) if found else field_set.difference(fields, own)
        if fields:
            kept.append({**entry, "fieldsV1": fields, **_time(found)})
    new = [{**entry, "apiVersion": obj["apiVersion"], "fieldsV1": own} for entry in waiting.values()]
    return new + kept


def _who(entry: Object) -> tuple[str, str, str]:
    return entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", "")


def _time(entry: Object | None) -> Object:
    return {"time": entry["time"]} if entry and entry.get("time") else {}

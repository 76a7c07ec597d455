"""ResourceQuota: a namespace uses no more than it was given."""

from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object
from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin, new_object, refused
from kubeade.apiserver.admission.quota_ledger import QuotaLedger
from kubeade.apiserver.admission.quota_usage import (
    Usage,
    counted_resource,
    grown,
    missing_requests,
    quota_matches,
)
from kubeade.apiserver.seams import AdmissionAttributes
from kubeade.apiserver.shared_notes import Promises, SharedNotes

_ON_UPDATE = frozenset({("", "pods"), ("", "services"), ("", "persistentvolumeclaims")})


class ResourceQuota(Plugin):
    operations = frozenset({CREATE, UPDATE})

    def __init__(self, ledger: QuotaLedger, notes: SharedNotes | None = None) -> None:
        """`notes` where other API servers decide, too."""
        self._ledger = ledger
        self._notes = notes

    async def validate(self, attributes: AdmissionAttributes) -> None:
        namespace = attributes.namespace
        if not namespace or not _is_counted(attributes) or not self._ledger.quotas(namespace):
            return
        if self._notes is None:
            self._decide(attributes)
        else:
            await self._notes.settle(f"quotas/{namespace}", lambda note: self._agreed(attributes, note))

    def _agreed(self, attributes: AdmissionAttributes, note: Promises) -> Promises | None:
        """The note with this change's promise, None where it needs none. Raises Forbidden."""
        self._ledger.adopt(attributes.namespace, note)
        promised = self._decide(attributes)
        return self._ledger.note(attributes.namespace) if promised else None

    def _decide(self, attributes: AdmissionAttributes) -> bool:
        """Whether something was promised. Raises Forbidden."""
        quotas = self._ledger.quotas(attributes.namespace)
        resource, found = attributes.resource, new_object(attributes)
        usage = self._ledger.usage_of(resource, found)
        old = attributes.old_object
        wanted = grown(usage, self._ledger.usage_of(resource, old) if old is not None else {})
        interested = False
        for quota in quotas:
            if not quota_matches(quota, resource.group, resource.plural, found):
                continue
            # An object that only now comes into a quota's scope counts in full.
            new_here = old is not None and not quota_matches(quota, resource.group, resource.plural, old)
            interested = self._check(attributes, quota, usage if new_here else wanted) or interested
        if not interested or not wanted or attributes.dry_run:
            return False
        revision = old["metadata"].get("resourceVersion", "") if old is not None else ""
        self._ledger.promise(attributes.namespace, resource, revision, found, wanted)
        return True

    def _check(self, attributes: AdmissionAttributes, quota: Object, wanted: Usage) -> bool:
        """Whether the quota is about this object. Raises Forbidden where it says no."""
        resource, name = attributes.resource, quota["metadata"]["name"]
        hard = {key: Quantity.parse(str(value)) for key, value in (quota["spec"].get("hard") or {}).items()}
        own = [key for key in hard if counted_resource(key) == (resource.group, resource.plural)]
        if resource.plural == "pods" and attributes.operation is CREATE:
            missing = missing_requests(own, new_object(attributes))
            if missing:
                raise refused(attributes, f"failed quota: {name}: must specify {missing}")
        asked = {key: wanted[key] for key in own if wanted.get(key)}
        if not asked:
            return False
        used = self._ledger.used(quota, asked, promised=True)
        exceeded = [key for key in asked if used[key] + asked[key] > hard[key]]
        if exceeded:
            texts = [_listed(part, exceeded) for part in (asked, used, hard)]
            why = f"requested: {texts[0]}, used: {texts[1]}, limited: {texts[2]}"
            raise refused(attributes, f"exceeded quota: {name}, {why}")
        return True


def _is_counted(attributes: AdmissionAttributes) -> bool:
    place = (attributes.resource.group, attributes.resource.plural)
    if attributes.operation is CREATE:
        return not attributes.subresource
    return place in _ON_UPDATE and attributes.subresource in ("", "resize")


def _listed(usage: Usage, names: list[str]) -> str:
    return ",".join(f"{name}={usage[name]}" for name in sorted(names))

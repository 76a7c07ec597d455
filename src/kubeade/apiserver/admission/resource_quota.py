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

_ON_UPDATE = frozenset({("", "pods"), ("", "services"), ("", "persistentvolumeclaims")})


class ResourceQuota(Plugin):
    operations = frozenset({CREATE, UPDATE})

    def __init__(self, ledger: QuotaLedger) -> None:
        self._ledger = ledger

    async def validate(self, attributes: AdmissionAttributes) -> None:
        quotas = self._ledger.quotas(attributes.namespace) if attributes.namespace else ()
        if not quotas or not _is_counted(attributes):
            return
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
        if interested and wanted and not attributes.dry_run:
            revision = old["metadata"].get("resourceVersion", "") if old is not None else ""
            self._ledger.promise(attributes.namespace, resource, revision, found, wanted)

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

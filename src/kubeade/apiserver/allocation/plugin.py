"""Where allocation happens: the last step that changes a Service, before it is validated.

Upstream does it in the storage of Services; here it is the end of the mutating admission, which is the same
moment: after webhooks, before validation and before what refuses without changing.
"""

from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin, new_object
from kubeade.apiserver.allocation.allocator import ServiceAllocator
from kubeade.apiserver.seams import AdmissionAttributes


class ServiceAllocation(Plugin):
    resources = (("", "services"),)
    operations = frozenset({CREATE, UPDATE})

    def __init__(self, allocator: ServiceAllocator) -> None:
        self._allocator = allocator

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        if attributes.subresource:
            return
        service = new_object(attributes)
        service.setdefault("spec", {})
        self._allocator.prepare(service, attributes.old_object, dry_run=attributes.dry_run)
        status = service.get("status") or {}
        if attributes.old_object is not None and service["spec"].get("type") != "LoadBalancer" and status:
            # The balancer is taken down behind the scenes; its address is nobody's business any more.
            service["status"] = {**status, "loadBalancer": {}}

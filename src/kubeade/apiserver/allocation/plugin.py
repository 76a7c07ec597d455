"""Where allocation happens: the last step that changes a Service, before it is validated.

Upstream does it in the storage of Services; here it is the end of the mutating admission, which is the same
moment: after webhooks, before validation and before what refuses without changing.
"""

from kubeade.api.patch.json_value import copied
from kubeade.api.resource import Object
from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin, new_object
from kubeade.apiserver.allocation.allocator import ServiceAllocator
from kubeade.apiserver.seams import AdmissionAttributes
from kubeade.apiserver.shared_notes import Promises, SharedNotes


class ServiceAllocation(Plugin):
    resources = (("", "services"),)
    operations = frozenset({CREATE, UPDATE})

    def __init__(self, allocator: ServiceAllocator, notes: SharedNotes | None = None) -> None:
        """`notes` where other API servers give out the same addresses."""
        self._allocator = allocator
        self._notes = notes

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        if attributes.subresource:
            return
        service = new_object(attributes)
        service.setdefault("spec", {})
        if self._notes is None:
            self._allocator.prepare(service, attributes.old_object, dry_run=attributes.dry_run)
        else:
            service = await self._agreed(attributes, self._notes)
        status = service.get("status") or {}
        if attributes.old_object is not None and service["spec"].get("type") != "LoadBalancer" and status:
            # The balancer is taken down behind the scenes; its address is nobody's business any more.
            service["status"] = {**status, "loadBalancer": {}}

    async def _agreed(self, attributes: AdmissionAttributes, notes: SharedNotes) -> Object:
        """The Service with what no other API server has given away. Raises what `prepare` does."""
        wanted = new_object(attributes)
        holdings = self._allocator.holdings

        def decide(note: Promises) -> Promises | None:
            attributes.object = copied(wanted)
            holdings.adopt(note)
            reserved = self._allocator.prepare(
                attributes.object, attributes.old_object, dry_run=attributes.dry_run
            )
            return holdings.note() if reserved else None

        await notes.settle("services", decide)
        return new_object(attributes)

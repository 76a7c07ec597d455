"""Priority: a pod's class becomes its number; at most one class is the default."""

from kubeade.api.resource import Object
from kubeade.api.resources import PRIORITY_CLASSES
from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin, new_object, refused
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Reader

_PREEMPT = "PreemptLowerPriority"


class Priority(Plugin):
    resources = (("", "pods"), (PRIORITY_CLASSES.group, PRIORITY_CLASSES.plural))
    operations = frozenset({CREATE, UPDATE})

    def __init__(self, reader: Reader) -> None:
        self._classes = ObjectIndex(reader, PRIORITY_CLASSES)

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        if attributes.resource.plural != "pods" or attributes.subresource:
            return
        spec = new_object(attributes)["spec"]
        if attributes.operation is UPDATE:
            _keep(spec, (attributes.old_object or {}).get("spec") or {})
        else:
            self._resolve(attributes, spec)

    async def validate(self, attributes: AdmissionAttributes) -> None:
        if attributes.resource.plural == "pods":
            return
        if not new_object(attributes).get("globalDefault"):
            return
        default = self._default()
        if default is not None and default["metadata"]["name"] != attributes.name:
            name = default["metadata"]["name"]
            why = f"PriorityClass {name} is already marked as default. Only one default can exist"
            raise refused(attributes, why)

    def _resolve(self, attributes: AdmissionAttributes, spec: Object) -> None:
        name = spec.get("priorityClassName")
        chosen = self._classes.get(name) if name else self._default()
        if name and chosen is None:
            raise refused(attributes, f"no PriorityClass with name {name} was found")
        value = int(chosen["value"]) if chosen else 0
        policy = (chosen.get("preemptionPolicy") if chosen else None) or _PREEMPT
        if chosen:
            spec["priorityClassName"] = chosen["metadata"]["name"]
        computed = "must not be provided in pod spec; priority admission controller computed"
        if spec.get("priority") not in (None, value):
            why = f"the integer value of priority ({spec['priority']}) {computed} {value}"
            raise refused(attributes, f"{why} from the given PriorityClass name")
        if spec.get("preemptionPolicy") not in (None, policy):
            why = f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) {computed} {policy}"
            raise refused(attributes, f"{why} from the given PriorityClass name")
        spec["priority"], spec["preemptionPolicy"] = value, policy

    def _default(self) -> Object | None:
        """The class for pods that name none; the lowest, should there be several."""
        defaults = [found for found in self._classes.of_namespace() if found.get("globalDefault")]
        return min(defaults, key=lambda found: int(found["value"]), default=None)


def _keep(spec: Object, old: Object) -> None:
    for field in ("priority", "preemptionPolicy"):
        if spec.get(field) is None and old.get(field) is not None:
            spec[field] = old[field]

"""RuntimeClass: what a class says about overhead, nodes and tolerations becomes the pod's."""

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.api.resources import RUNTIME_CLASSES
from kubeade.apiserver.admission.plugin import CREATE, Plugin, new_object, refused
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Reader


class RuntimeClass(Plugin):
    resources = (("", "pods"),)
    operations = frozenset({CREATE})

    def __init__(self, reader: Reader) -> None:
        self._classes = ObjectIndex(reader, RUNTIME_CLASSES)

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        runtime_class = self._class_of(attributes)
        if runtime_class is None:
            return
        spec = new_object(attributes)["spec"]
        overhead = part(runtime_class, "overhead", "podFixed")
        if overhead:
            _check_overhead(attributes, spec.get("overhead") or overhead, overhead)
            spec["overhead"] = dict(overhead)
        scheduling = part(runtime_class, "scheduling")
        _add_node_selector(attributes, spec, part(scheduling, "nodeSelector"))
        tolerations = parts(spec, "tolerations")
        extra = [found for found in parts(scheduling, "tolerations") if found not in tolerations]
        if extra:
            spec["tolerations"] = tolerations + extra

    async def validate(self, attributes: AdmissionAttributes) -> None:
        if attributes.subresource:
            return
        overhead = part(self._class_of(attributes), "overhead", "podFixed")
        own = part(new_object(attributes), "spec", "overhead")
        if overhead:
            _check_overhead(attributes, own, overhead)
        elif own:
            why = "Pod Overhead set without corresponding RuntimeClass defined Overhead"
            raise refused(attributes, f"pod rejected: {why}")

    def _class_of(self, attributes: AdmissionAttributes) -> Object | None:
        name = text(attributes.object, "spec", "runtimeClassName")
        if attributes.subresource or not name:
            return None
        found = self._classes.get(name)
        if found is None:
            raise refused(attributes, f'pod rejected: RuntimeClass "{name}" not found')
        return found


def _check_overhead(attributes: AdmissionAttributes, own: Object, defined: Object) -> None:
    if own != defined:
        raise refused(
            attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
        )


def _add_node_selector(attributes: AdmissionAttributes, spec: Object, wanted: Object) -> None:
    own = part(spec, "nodeSelector")
    for key, value in wanted.items():
        if own.get(key, value) != value:
            conflict = f"runtimeClass.scheduling.nodeSelector[{key}] = {value}"
            raise refused(attributes, f"conflict: {conflict}; pod.spec.nodeSelector[{key}] = {own[key]}")
    if wanted:
        spec["nodeSelector"] = {**own, **wanted}

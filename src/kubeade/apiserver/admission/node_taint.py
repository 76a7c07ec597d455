"""TaintNodesByCondition: a new node takes no pods before somebody has seen it ready."""

from kubeade.apiserver.admission.plugin import CREATE, Plugin, new_object
from kubeade.apiserver.seams import AdmissionAttributes

_KEY, _EFFECT = "node.kubernetes.io/not-ready", "NoSchedule"


class TaintNodesByCondition(Plugin):
    resources = (("", "nodes"),)
    operations = frozenset({CREATE})

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        if attributes.subresource:
            return
        spec = new_object(attributes).setdefault("spec", {})
        taints = list(spec.get("taints") or ())
        if all((taint.get("key"), taint.get("effect")) != (_KEY, _EFFECT) for taint in taints):
            spec["taints"] = [*taints, {"key": _KEY, "effect": _EFFECT}]

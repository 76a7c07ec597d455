"""DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or not reachable."""

from kubeade.api.resource import Object
from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin, new_object
from kubeade.apiserver.seams import AdmissionAttributes

TOLERATION_SECONDS = 300
_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


class DefaultTolerationSeconds(Plugin):
    resources = (("", "pods"),)
    operations = frozenset({CREATE, UPDATE})

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        if attributes.subresource:
            return
        spec = new_object(attributes)["spec"]
        tolerations: list[Object] = list(spec.get("tolerations") or ())
        missing = [key for key in _TAINTS if not any(_tolerates(found, key) for found in tolerations)]
        if missing:
            spec["tolerations"] = tolerations + [_toleration(key) for key in missing]


def _tolerates(toleration: Object, key: str) -> bool:
    return toleration.get("key") in (None, "", key) and toleration.get("effect") in (None, "", "NoExecute")


def _toleration(key: str) -> Object:
    return {
        "key": key,
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": TOLERATION_SECONDS,
    }

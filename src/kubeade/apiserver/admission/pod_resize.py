"""PodResizeValidator: a running pod is not resized to what its node could never give."""

from kubeade.api.errors import ApiError
from kubeade.api.parts import part, text
from kubeade.api.pod_requests import allocatable_of, pod_requests
from kubeade.api.resources import NODES
from kubeade.apiserver.admission.plugin import UPDATE, Plugin, new_object, refused
from kubeade.apiserver.seams import AdmissionAttributes, Reader

_SYSTEM_LABEL = "kubernetes.io/os"


class PodResizeValidator(Plugin):
    resources = (("", "pods"),)
    operations = frozenset({UPDATE})

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def validate(self, attributes: AdmissionAttributes) -> None:
        pod, old = new_object(attributes), attributes.old_object
        name = text(pod, "spec", "nodeName")
        if attributes.subresource != "resize" or not name or part(old).get("spec") == pod.get("spec"):
            return
        node = self._reader.read(NODES, name)
        if node is None:
            raise refused(attributes, f'node "{name}" not found')
        system = part(node, "metadata", "labels").get(_SYSTEM_LABEL, "linux")
        if system != "linux":
            why = f'pod resize is only supported on linux nodes, node "{name}" is "{system}"'
            raise _because(refused(attributes, why), "UnsupportedPlatform")
        asked, given = pod_requests(pod), allocatable_of(node)
        short = [
            f"{resource}, requested: {asked[resource]}, allocatable: {given.get(resource, 0)}"
            for resource in ("cpu", "memory")
            if asked.get(resource, 0) > given.get(resource, 0)
        ]
        if short:
            why = f"node didn't have enough allocatable resources: {'; '.join(short)}"
            raise _because(refused(attributes, why), "NodeCapacity")


def _because(error: ApiError, cause: str) -> ApiError:
    error.details["causes"] = [{"reason": cause}]
    return error

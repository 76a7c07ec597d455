"""NamespaceLifecycle: nothing is created in a namespace that is absent or ending; some never end."""

from kubeade.api.errors import NotFound
from kubeade.api.resources import NAMESPACES
from kubeade.apiserver.admission.plugin import CREATE, DELETE, UPDATE, Plugin, refused
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


class NamespaceLifecycle(Plugin):
    operations = frozenset({CREATE, UPDATE, DELETE})

    def __init__(self, namespaces: ObjectIndex) -> None:
        self._namespaces = namespaces

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        about_namespace = attributes.resource.plural == "namespaces" and not attributes.resource.group
        if about_namespace and attributes.operation is DELETE and attributes.name in IMMORTAL:
            raise refused(attributes, "this namespace may not be deleted")
        if about_namespace or not attributes.namespace or attributes.operation is DELETE:
            return
        if attributes.resource.plural == "localsubjectaccessreviews":
            return  # or it would tell who may not know which namespaces there are
        namespace = self._namespaces.get(attributes.namespace)
        if namespace is None:
            raise NotFound.of(NAMESPACES.plural, attributes.namespace)
        phase = (namespace.get("status") or {}).get("phase")
        if attributes.operation is CREATE and phase == "Terminating":
            raise _terminating(attributes)


def _terminating(attributes: AdmissionAttributes) -> Exception:
    place = attributes.namespace
    why = f"unable to create new content in namespace {place} because it is being terminated"
    error = refused(attributes, why)
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {place} is being terminated",
        "field": "metadata.namespace",
    }
    error.details["causes"] = [cause]
    return error

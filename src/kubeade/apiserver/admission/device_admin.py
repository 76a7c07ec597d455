"""Access to devices that others use, which only namespaces of administrators may claim (upstream:
pkg/registry/resource, AuthorizedForAdmin).
"""

from kubeade.api.errors import Invalid
from kubeade.api.parts import parts, text
from kubeade.api.resource import Object
from kubeade.api.validation.fields import forbidden
from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin, new_object
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes

_GROUP = "resource.k8s.io"
_LABEL = "resource.kubernetes.io/admin-access"
_DETAIL = f"admin access to devices requires the `{_LABEL}: true` label on the containing namespace"


class DeviceAdminAccess(Plugin):
    resources = ((_GROUP, "resourceclaims"), (_GROUP, "resourceclaimtemplates"))
    operations = frozenset({CREATE, UPDATE})

    def __init__(self, namespaces: ObjectIndex) -> None:
        self._namespaces = namespaces

    async def validate(self, attributes: AdmissionAttributes) -> None:
        obj = new_object(attributes)
        if attributes.subresource == "status":
            path = "" if _granted(attributes.old_object or {}) else _granted(obj)
        elif attributes.operation is CREATE:
            path = _asked(obj)
        else:
            path = ""  # what is claimed stays
        if not path:
            return
        namespace = self._namespaces.get(attributes.namespace)
        if text(namespace, "metadata", "labels", _LABEL) != "true":
            kind, group = attributes.kind, attributes.resource.group
            raise Invalid.of(kind, text(obj, "metadata", "name"), [forbidden(path, _DETAIL)], group)


def _asked(obj: Object) -> str:
    """Where a claim asks for it, or a template (upstream gives the same path for both)."""
    devices = parts(obj, "spec", "devices", "requests") or parts(obj, "spec", "spec", "devices", "requests")
    for index, request in enumerate(devices):
        if (request.get("exactly") or {}).get("adminAccess"):
            return f"spec.devices.requests[{index}].adminAccess"
    return ""


def _granted(obj: Object) -> str:
    """Where a status gives it."""
    for index, result in enumerate(parts(obj, "status", "allocation", "devices", "results")):
        if result.get("adminAccess"):
            return f"status.allocation.devices.results[{index}].adminAccess"
    return ""

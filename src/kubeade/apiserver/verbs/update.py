"""PUT: replace an object with the one that is sent; for a few kinds, create it where there is none."""

from kubeade.api.errors import FieldError, Invalid
from kubeade.api.patch.json_value import copied
from kubeade.api.resource import Object
from kubeade.apiserver import metadata, rules
from kubeade.apiserver.call import Call
from kubeade.apiserver.responses import object_response
from kubeade.apiserver.verbs.change import change
from kubeade.apiserver.verbs.create import create_object
from kubeade.apiserver.versions import shown
from kubeade.lib.http.message import Response

_CREATED_BY_PUT = frozenset(
    {
        ("", "endpoints"),
        ("", "events"),
        ("", "limitranges"),
        ("", "services"),
        ("events.k8s.io", "events"),
        ("coordination.k8s.io", "leases"),
        ("coordination.k8s.io", "leasecandidates"),
        ("node.k8s.io", "runtimeclasses"),
        ("rbac.authorization.k8s.io", "roles"),
        ("rbac.authorization.k8s.io", "rolebindings"),
        ("rbac.authorization.k8s.io", "clusterroles"),
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
    }
)
_CONDITIONAL = frozenset(
    {
        "apiextensions.k8s.io/customresourcedefinitions",
        "apiregistration.k8s.io/apiservices",
        "certificates.k8s.io/clustertrustbundles",
        "certificates.k8s.io/podcertificaterequests",
        "node.k8s.io/runtimeclasses",
        "storagemigration.k8s.io/storageversionmigrations",
        "policy/poddisruptionbudgets",
        "internal.apiserver.k8s.io/storageversions",
        "storage.k8s.io/csidrivers",
        "storage.k8s.io/csistoragecapacities",
        "storage.k8s.io/volumeattachments",
        "storage.k8s.io/csinodes",
        "coordination.k8s.io/leases",
        "coordination.k8s.io/leasecandidates",
    }
)
"""Kinds that are only replaced by who says which revision he replaces; so are all of
admissionregistration.k8s.io and custom resources (upstream: AllowUnconditionalUpdate)."""


async def update(call: Call) -> Response:
    obj = rules.read(call, call.resource)
    metadata.check_addressed(call, obj)
    if _creates(call):
        if obj["metadata"].get("resourceVersion") or obj["metadata"].get("uid"):
            raise call.not_found(call.info.name)
        return object_response(call, await shown(call, await create_object(call, obj)), 201)
    call.record()
    _require_revision(call, obj)

    def make(current: Object) -> Object:
        metadata.require_uid(call, obj, current)
        own: Object = copied(obj)  # each attempt has its own: admission changes objects
        return own

    changed = await change(call, make)
    return object_response(call, await shown(call, changed.value))


def _creates(call: Call) -> bool:
    if (call.type.group, call.type.plural) not in _CREATED_BY_PUT or call.info.subresource:
        return False
    return call.backend.storage.find(call.stored, call.info.name, call.info.namespace) is None


def _require_revision(call: Call, obj: Object) -> None:
    group, plural = call.type.group, call.type.plural
    conditional = f"{group}/{plural}" in _CONDITIONAL or group == "admissionregistration.k8s.io"
    if (conditional or call.type.custom) and not obj["metadata"].get("resourceVersion"):
        message = "Invalid value: 0: must be specified for an update"
        error = FieldError("metadata.resourceVersion", "FieldValueInvalid", message)
        raise Invalid.of(plural, call.info.name, [error], group)

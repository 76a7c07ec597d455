"""What an update changes: the object itself or one subresource of it, never both.

The server calls this with the object as the client wants it; what is not the verb's to change is put back.
"""

from kubeade.api.crd.names import stored_versions
from kubeade.api.defaults.apps import TEMPLATE_GENERATION
from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.resource_type import ResourceType
from kubeade.api.strategy import kinds
from kubeade.api.strategy.create import name_own_label
from kubeade.api.strategy.devices import date_rule_taint, date_slice_taints, drop_deallocated_devices
from kubeade.api.strategy.disabled import drop_disabled
from kubeade.api.strategy.pods import keep_all_but_ephemeral_containers, keep_all_but_resources
from kubeade.api.strategy.secrets import fold_string_data
from kubeade.api.strategy.service_accounts import keep_secret_names
from kubeade.api.strategy.services import drop_type_dependent_fields
from kubeade.api.strategy.signing_requests import prepare_approval, prepare_status
from kubeade.api.strategy.volume_claims import normalize_data_source

_METADATA_OF_STATUS = ("labels", "annotations", "finalizers", "ownerReferences", "generation")


def prepare_for_update(
    resource_type: ResourceType, obj: Object, old: Object, subresource: str, now: str
) -> None:
    """Put back in `obj` what this verb may not change. `subresource` is "" for the object itself."""
    key = kinds.key(resource_type)
    _keep(obj["metadata"], old["metadata"], "generation")
    match subresource:
        case "status":
            _prepare_status(resource_type, key, obj, old, now)
        case "approval":
            _keep_all_but(obj, old, "status")
            prepare_approval(obj, old, now)
        case "finalize":
            _keep(obj, old, "status")
        case "ephemeralcontainers":
            keep_all_but_ephemeral_containers(obj, old)
        case "resize":
            keep_all_but_resources(obj, old)
        case _:
            _prepare_object(resource_type, key, obj, old, now)
    if subresource in ("ephemeralcontainers", "resize"):
        _keep(obj, old, "status")
        _keep_metadata(obj, old)
    if subresource != "status":
        _count_generation(resource_type, key, obj, old)


def _prepare_object(resource_type: ResourceType, key: kinds.Key, obj: Object, old: Object, now: str) -> None:
    if resource_type.has_status:
        _keep(obj, old, "status")
    drop_disabled(key, obj, old)
    match key:
        case kinds.NAMESPACES:
            obj["spec"] = {**(obj.get("spec") or {})}
            _keep(obj["spec"], part(old, "spec"), "finalizers")
            name_own_label(obj)
        case kinds.DAEMON_SETS:
            _count_template_generation(obj, old)
        case kinds.SECRETS:
            fold_string_data(obj)
        case kinds.SERVICES:
            drop_type_dependent_fields(obj, old)
        case kinds.PERSISTENT_VOLUME_CLAIMS:
            normalize_data_source(obj)
        case kinds.SIGNING_REQUESTS:
            _keep(obj, old, "spec")
        case kinds.SERVICE_ACCOUNTS:
            keep_secret_names(obj)
        case kinds.RESOURCE_SLICES:
            date_slice_taints(obj, now)
        case kinds.DEVICE_TAINT_RULES:
            date_rule_taint(obj, old, now)
        case kinds.DEFINITIONS if "status" in obj:
            # Said before the first object is stored in a new version, not after.
            obj["status"] = {**part(obj, "status"), "storedVersions": stored_versions(obj)}


def _prepare_status(resource_type: ResourceType, key: kinds.Key, obj: Object, old: Object, now: str) -> None:
    _keep_all_but(obj, old, "status")
    if resource_type.custom or key in kinds.STATUS_KEEPS_METADATA:
        _keep_metadata(obj, old)
    match key:
        case kinds.PODS:
            _keep(obj["metadata"], old["metadata"], "ownerReferences")
            if not part(obj, "status").get("qosClass") and isinstance(obj.get("status"), dict):
                _keep(obj["status"], part(old, "status"), "qosClass")
        case kinds.DEPLOYMENTS:
            _keep(obj["metadata"], old["metadata"], "labels")
        case kinds.DAEMON_SETS:
            counted = part(old, "metadata", "annotations").get(TEMPLATE_GENERATION, "1")
            obj["metadata"]["annotations"] = {
                **part(obj, "metadata", "annotations"),
                TEMPLATE_GENERATION: counted,
            }
        case kinds.SIGNING_REQUESTS:
            prepare_status(obj, old, now)
        case kinds.RESOURCE_CLAIMS:
            drop_deallocated_devices(obj, old)


def _count_generation(resource_type: ResourceType, key: kinds.Key, obj: Object, old: Object) -> None:
    if resource_type.custom:
        fields = tuple((obj.keys() | old.keys()) - {"metadata", "status", "apiVersion", "kind"})
        if not resource_type.has_status:
            fields = (*fields, "status")
    else:
        fields = kinds.GENERATION.get(key, ())
    changed = any(obj.get(field) != old.get(field) for field in fields) or _metadata_counts(key, obj, old)
    if changed:
        obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def _metadata_counts(key: kinds.Key, obj: Object, old: Object) -> bool:
    """Some kinds copy their metadata into what they make."""
    if key == kinds.DEPLOYMENTS:
        return part(obj, "metadata", "annotations") != part(old, "metadata", "annotations")
    if key == kinds.ENDPOINT_SLICES:
        return part(obj, "metadata", "labels") != part(old, "metadata", "labels")
    return False


def _count_template_generation(obj: Object, old: Object) -> None:
    annotations = {**part(obj, "metadata", "annotations")}
    counted = str(part(old, "metadata", "annotations").get(TEMPLATE_GENERATION, "1"))
    generation = int(counted) if counted.isdecimal() else 1
    if part(obj, "spec", "template") != part(old, "spec", "template"):
        generation += 1
    annotations[TEMPLATE_GENERATION] = str(generation)
    obj["metadata"]["annotations"] = annotations


def _keep(new: Object, old: Object, field: str) -> None:
    if field in old:
        new[field] = old[field]
    else:
        new.pop(field, None)


def _keep_all_but(obj: Object, old: Object, field: str) -> None:
    """Everything but metadata, which has rules of its own, and the one field."""
    for name in obj.keys() | old.keys():
        if name not in ("metadata", "apiVersion", "kind", field):
            _keep(obj, old, name)


def _keep_metadata(obj: Object, old: Object) -> None:
    for name in _METADATA_OF_STATUS:
        _keep(obj["metadata"], old["metadata"], name)

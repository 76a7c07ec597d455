"""What a new object gets from the server, and what it may not bring along."""

from kubeade.api.crd.names import stored_versions
from kubeade.api.defaults.apps import TEMPLATE_GENERATION
from kubeade.api.resource import Object
from kubeade.api.resource_type import ResourceType
from kubeade.api.strategy import kinds
from kubeade.api.strategy.devices import date_rule_taint, date_slice_taints
from kubeade.api.strategy.disabled import drop_disabled
from kubeade.api.strategy.jobs import generate_selector
from kubeade.api.strategy.pods import prepare_new_pod
from kubeade.api.strategy.secrets import fold_string_data
from kubeade.api.strategy.service_accounts import keep_secret_names
from kubeade.api.strategy.volume_claims import normalize_data_source

_NAMESPACE_FINALIZER = "kubernetes"


def prepare_for_create(resource_type: ResourceType, obj: Object, now: str) -> None:
    """Make a decoded, defaulted object, with its name and uid, ready for validation. `now` is a `Time`."""
    key = kinds.key(resource_type)
    metadata = obj["metadata"]
    if resource_type.custom or (key in kinds.GENERATION and key != kinds.CSI_DRIVERS):
        metadata["generation"] = 1
    _reset_status(resource_type, key, obj)
    drop_disabled(key, obj, None)
    match key:
        case kinds.PODS:
            prepare_new_pod(obj)
        case kinds.NAMESPACES:
            _prepare_namespace(obj)
        case kinds.DAEMON_SETS:
            metadata["annotations"] = {**(metadata.get("annotations") or {}), TEMPLATE_GENERATION: "1"}
        case kinds.JOBS:
            generate_selector(obj)
        case kinds.SECRETS:
            fold_string_data(obj)
        case kinds.LIMIT_RANGES if not metadata.get("name"):
            metadata["name"] = metadata["uid"]  # upstream makes up one of the same form
        case kinds.SERVICE_ACCOUNTS:
            keep_secret_names(obj)
        case kinds.RESOURCE_SLICES:
            date_slice_taints(obj, now)
        case kinds.DEVICE_TAINT_RULES:
            date_rule_taint(obj, None, now)
        case kinds.API_SERVICES:
            _be_available(obj, now)
        case kinds.PERSISTENT_VOLUMES:
            obj["status"]["lastPhaseTransitionTime"] = now
        case kinds.PERSISTENT_VOLUME_CLAIMS:
            normalize_data_source(obj)
        case kinds.DEFINITIONS:
            obj["status"] = {
                "acceptedNames": {"plural": "", "kind": ""},
                "storedVersions": stored_versions(obj),
            }


def _reset_status(resource_type: ResourceType, key: kinds.Key, obj: Object) -> None:
    # A kubelet registers its node together with the node's status.
    if not resource_type.has_status or key == kinds.NODES:
        return
    obj.pop("status", None)
    if not resource_type.custom:
        obj["status"] = dict(kinds.NEW_STATUS.get(key, {}))


def _be_available(api_service: Object, now: str) -> None:
    """What the API server serves itself is there at once; other servers have to be asked."""
    if (api_service.get("spec") or {}).get("service"):
        return
    condition = {"type": "Available", "status": "True", "lastTransitionTime": now, "reason": "Local"}
    condition["message"] = "Local APIServices are always available"
    api_service["status"] = {"conditions": [condition]}


def _prepare_namespace(namespace: Object) -> None:
    spec = namespace["spec"] = {**(namespace.get("spec") or {})}
    finalizers = list(spec.get("finalizers") or ())
    if _NAMESPACE_FINALIZER not in finalizers:
        finalizers.append(_NAMESPACE_FINALIZER)
    spec["finalizers"] = finalizers
    name_own_label(namespace)


def name_own_label(namespace: Object) -> None:
    """Namespaces can be selected by name, through a label."""
    metadata = namespace["metadata"]
    name = metadata.get("name", "")
    metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": name}

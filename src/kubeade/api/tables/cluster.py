"""How the kinds that configure the cluster are printed: access, certificates, admission, fairness."""

from datetime import datetime, timedelta

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.tables.column import Cells, printer
from kubeade.api.tables.formats import (
    NONE,
    UNSET,
    age,
    human_duration,
    labels,
    name_of,
    selector_text,
    since,
    some,
)


def role_binding_cells(binding: Object, now: datetime) -> Cells:
    role = part(binding, "roleRef")
    by_kind: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in parts(binding, "subjects"):
        kind, name = text(subject, "kind"), text(subject, "name")
        if kind in by_kind:
            account = kind == "ServiceAccount"
            by_kind[kind].append(f"{text(subject, 'namespace')}/{name}" if account else name)
    subjects = [", ".join(names) for names in by_kind.values()]
    return [name_of(binding), f"{text(role, 'kind')}/{text(role, 'name')}", age(binding, now), *subjects]


def name_and_date_cells(obj: Object, _now: datetime) -> Cells:
    """What kinds without a printer show."""
    return [name_of(obj), text(obj, "metadata", "creationTimestamp") or None]


def certificate_signing_request_cells(request: Object, now: datetime) -> Cells:
    spec = part(request, "spec")
    seconds = spec.get("expirationSeconds")
    requested = (
        NONE if seconds is None else human_duration(timedelta(seconds=number(spec, "expirationSeconds")))
    )
    signer = text(spec, "signerName") or NONE
    state = _signing_state(part(request, "status"))
    return [name_of(request), age(request, now), signer, text(spec, "username"), requested, state]


def _signing_state(status: Object) -> str:
    found = {c.get("type") for c in parts(status, "conditions")}
    state = "Denied" if "Denied" in found else "Approved" if "Approved" in found else "Pending"
    failed = ",Failed" if "Failed" in found else ""
    return state + failed + (",Issued" if status.get("certificate") else "")


def cluster_trust_bundle_cells(bundle: Object, _now: datetime) -> Cells:
    return [name_of(bundle), text(bundle, "spec", "signerName") or NONE]


def pod_certificate_request_cells(request: Object, _now: datetime) -> Cells:
    spec = part(request, "spec")
    kinds = [text(c, "type") for c in parts(request, "status", "conditions")]
    state = next((k for k in reversed(kinds) if k in ("Issued", "Denied", "Failed")), "Pending")
    names = [text(spec, key) for key in ("podName", "serviceAccountName", "nodeName", "signerName")]
    return [name_of(request), *names, state, labels(spec.get("unverifiedUserAnnotations"))]


def lease_cells(lease: Object, now: datetime) -> Cells:
    return [name_of(lease), text(lease, "spec", "holderIdentity"), age(lease, now)]


def lease_candidate_cells(candidate: Object, now: datetime) -> Cells:
    spec = part(candidate, "spec")
    found = [text(spec, key) for key in ("leaseName", "binaryVersion", "emulationVersion")]
    return [name_of(candidate), *found, age(candidate, now)]


def priority_class_cells(priority_class: Object, now: datetime) -> Cells:
    return [
        name_of(priority_class),
        number(priority_class, "value"),
        bool(priority_class.get("globalDefault")),
        age(priority_class, now),
        text(priority_class, "preemptionPolicy"),
    ]


def runtime_class_cells(runtime_class: Object, now: datetime) -> Cells:
    return [name_of(runtime_class), text(runtime_class, "handler"), age(runtime_class, now)]


def webhook_configuration_cells(configuration: Object, now: datetime) -> Cells:
    return [name_of(configuration), len(parts(configuration, "webhooks")), age(configuration, now)]


def validating_policy_cells(policy: Object, now: datetime) -> Cells:
    return _policy_cells(policy, "validations", now)


def mutating_policy_cells(policy: Object, now: datetime) -> Cells:
    return _policy_cells(policy, "mutations", now)


def _policy_cells(policy: Object, rules: str, now: datetime) -> Cells:
    kind = part(policy, "spec", "paramKind")
    param_kind = f"{text(kind, 'apiVersion')}/{text(kind, 'kind')}" if kind else UNSET
    return [name_of(policy), len(parts(policy, "spec", rules)), param_kind, age(policy, now)]


def policy_binding_cells(binding: Object, now: datetime) -> Cells:
    spec = part(binding, "spec")
    return [name_of(binding), text(spec, "policyName"), _param(part(spec, "paramRef")), age(binding, now)]


def _param(reference: Object) -> str:
    if name := text(reference, "name"):
        return f"{text(reference, 'namespace') or '*'}/{name}"
    return selector_text(reference.get("selector")) or UNSET


def flow_schema_cells(schema: Object, now: datetime) -> Cells:
    spec = part(schema, "spec")
    conditions = parts(schema, "status", "conditions")
    dangling = next((text(c, "status") for c in conditions if c.get("type") == "Dangling"), "?")
    return [
        name_of(schema),
        text(spec, "priorityLevelConfiguration", "name"),
        number(spec, "matchingPrecedence"),
        text(spec, "distinguisherMethod", "type") or NONE,
        age(schema, now),
        dangling,
    ]


def priority_level_cells(level: Object, now: datetime) -> Cells:
    spec = part(level, "spec")
    limited = part(spec, "limited")
    queuing = part(limited, "limitResponse", "queuing")
    shares = limited.get("nominalConcurrencyShares", NONE)
    queues = [queuing.get(key, NONE) for key in ("queues", "handSize", "queueLengthLimit")]
    return [name_of(level), text(spec, "type"), shares, *queues, age(level, now)]


def api_service_cells(api_service: Object, now: datetime) -> Cells:
    service = part(api_service, "spec", "service")
    served_by = f"{text(service, 'namespace')}/{text(service, 'name')}" if service else "Local"
    conditions = parts(api_service, "status", "conditions")
    available = next((c for c in conditions if c.get("type") == "Available"), {"status": "Unknown"})
    state, reason = text(available, "status"), text(available, "reason")
    shown = f"{state} ({reason})" if reason and state != "True" else state
    return [name_of(api_service), served_by, shown, age(api_service, now)]


def storage_version_cells(version: Object, now: datetime) -> Cells:
    status = part(version, "status")
    servers = parts(status, "storageVersions")
    listed = some([f"{text(s, 'apiServerID')}={text(s, 'encodingVersion')}" for s in servers])
    return [name_of(version), text(status, "commonEncodingVersion") or UNSET, listed, age(version, now)]


def storage_version_migration_cells(migration: Object, _now: datetime) -> Cells:
    resource = part(migration, "spec", "resource")
    name = ".".join(filter(None, (text(resource, "resource"), text(resource, "group"))))
    true = [text(c, "type") for c in parts(migration, "status", "conditions") if c.get("status") == "True"]
    state = next((t for t in reversed(true) if t in ("Running", "Failed", "Succeeded")), "Unknown")
    return [name_of(migration), name, state]


def resource_claim_cells(claim: Object, now: datetime) -> Cells:
    deleted = part(claim, "metadata").get("deletionTimestamp") is not None
    states = ["deleted"] if deleted else []
    status = part(claim, "status")
    if status.get("allocation") is not None:
        states += ["allocated", "reserved"] if values(status, "reservedFor") else ["allocated"]
    elif not deleted:
        states.append("pending")
    return [name_of(claim), ",".join(states), age(claim, now)]


def resource_slice_cells(resource_slice: Object, now: datetime) -> Cells:
    spec = part(resource_slice, "spec")
    found = [text(spec, "nodeName"), text(spec, "driver"), text(spec, "pool", "name")]
    return [name_of(resource_slice), *found, age(resource_slice, now)]


def device_taint_cells(rule: Object, now: datetime) -> Cells:
    taint = part(rule, "spec", "taint")
    added = taint.get("timeAdded")
    found = [text(taint, key) for key in ("key", "value", "effect")]
    return [name_of(rule), *found, since(added, now) if added else "", age(rule, now)]


def pod_group_cells(group: Object, now: datetime) -> Cells:
    spec = part(group, "spec")
    policy = "Gang" if part(spec, "schedulingPolicy").get("gang") is not None else "Basic"
    reference = part(spec, "podGroupTemplateRef", "workload")
    workload = text(reference, "workloadName") or NONE
    return [name_of(group), policy, workload, _pod_group_state(group), age(group, now)]


def _pod_group_state(group: Object) -> str:
    by_type = {c.get("type"): c for c in parts(group, "status", "conditions")}
    if "DisruptionTarget" in by_type:
        return text(by_type["DisruptionTarget"], "reason")
    if "PodGroupScheduled" in by_type:
        return "Scheduled" if by_type["PodGroupScheduled"].get("status") == "True" else "Unschedulable"
    return "Pending"


_FLOW_SCHEMA = "Name|PriorityLevel|MatchingPrecedence|DistinguisherMethod|Age|MissingPL"
_PRIORITY_LEVEL = "Name|Type|NominalConcurrencyShares|Queues|HandSize|QueueLengthLimit|Age"

ROLE_BINDING = printer(role_binding_cells, "Name|Role|Age|+Users|+Groups|+ServiceAccounts")
NAME_AND_DATE = printer(name_and_date_cells, "Name|Created At:date")
CERTIFICATE_SIGNING_REQUEST = printer(
    certificate_signing_request_cells, "Name|Age|SignerName|Requestor|RequestedDuration|Condition"
)
CLUSTER_TRUST_BUNDLE = printer(cluster_trust_bundle_cells, "Name|SignerName")
POD_CERTIFICATE_REQUEST = printer(
    pod_certificate_request_cells,
    "Name|PodName|ServiceAccountName|NodeName|SignerName|State|UnverifiedUserAnnotations",
)
LEASE = printer(lease_cells, "Name|Holder|Age")
LEASE_CANDIDATE = printer(lease_candidate_cells, "Name|LeaseName|BinaryVersion|EmulationVersion|Age")
PRIORITY_CLASS = printer(
    priority_class_cells, "Name|Value:integer|Global-Default:boolean|Age|PreemptionPolicy"
)
RUNTIME_CLASS = printer(runtime_class_cells, "Name|Handler|Age")
WEBHOOK_CONFIGURATION = printer(webhook_configuration_cells, "Name|Webhooks:integer|Age")
VALIDATING_POLICY = printer(validating_policy_cells, "Name|Validations:integer|ParamKind|Age")
MUTATING_POLICY = printer(mutating_policy_cells, "Name|Mutations:integer|ParamKind|Age")
POLICY_BINDING = printer(policy_binding_cells, "Name|PolicyName|ParamRef|Age")
FLOW_SCHEMA = printer(flow_schema_cells, _FLOW_SCHEMA)
PRIORITY_LEVEL = printer(priority_level_cells, _PRIORITY_LEVEL)
API_SERVICE = printer(api_service_cells, "Name|Service|Available|Age")
STORAGE_VERSION = printer(storage_version_cells, "Name|CommonEncodingVersion|StorageVersions|Age")
STORAGE_VERSION_MIGRATION = printer(storage_version_migration_cells, "Name|Resource|Status")
RESOURCE_CLAIM = printer(resource_claim_cells, "Name|State|Age")
RESOURCE_SLICE = printer(resource_slice_cells, "Name|Node|Driver|Pool|Age")
DEVICE_TAINT_RULE = printer(device_taint_cells, "Name|Key|Value|Effect|TimeAdded|Age")
POD_GROUP = printer(pod_group_cells, "Name|Policy|Workload|Status|Age")

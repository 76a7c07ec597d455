"""Kinds that configure the cluster - fairness, storage, addresses - are refused in upstream's words."""

import pytest
from cluster_orders import (
    ATTACHMENTS,
    ATTRIBUTES_CLASSES,
    CAPACITIES,
    CSI_DRIVERS,
    CSI_NODES,
    FLOW_SCHEMAS,
    IP_ADDRESSES,
    PRIORITY_LEVELS,
    SERVICE_CIDRS,
)
from orders import changed, good, texts

from kubeade.api.resources import STORAGE_CLASSES
from kubeade.api.validation import validate_create, validate_update, warnings

_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)

CREATES = [
    (FLOW_SCHEMAS, "spec.matchingPrecedence", 10001, "spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000"),
    (FLOW_SCHEMAS, "spec.matchingPrecedence", 1, "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"),
    (FLOW_SCHEMAS, "spec.distinguisherMethod.type", "ByCup", 'spec.distinguisherMethod.type: Unsupported value: {"Type":"ByCup"}: supported values: "ByNamespace", "ByUser"'),
    (FLOW_SCHEMAS, "spec.priorityLevelConfiguration", {}, "spec.priorityLevelConfiguration.name: Required value: must reference a priority level"),
    (FLOW_SCHEMAS, "spec.rules.0.subjects", [], "spec.rules[0].subjects: Required value: subjects must contain at least one value"),
    (FLOW_SCHEMAS, "spec.rules.0.subjects.1.kind", "User", "spec.rules[0].subjects[1].user: Required value: user is required when subject kind is 'User'"),
    (FLOW_SCHEMAS, "spec.rules.0.subjects.1.user", {"name": "x"}, "spec.rules[0].subjects[1].user: Forbidden: user is forbidden when subject kind is not 'User'"),
    (FLOW_SCHEMAS, "spec.rules.0.subjects.1.kind", "Robot", 'spec.rules[0].subjects[1].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"'),
    (FLOW_SCHEMAS, "spec.rules.0.subjects.0.serviceAccount.namespace", "", "spec.rules[0].subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account"),
    (FLOW_SCHEMAS, "spec.rules.0.resourceRules.0.verbs", ["sip"], 'spec.rules[0].resourceRules[0].verbs: Unsupported value: ["sip"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"'),
    (FLOW_SCHEMAS, "spec.rules.0.resourceRules.0.apiGroups", ["*", "apps"], "spec.rules[0].resourceRules[0].apiGroups: Invalid value: [\"*\",\"apps\"]: if '*' is present, must not specify other api groups"),
    (FLOW_SCHEMAS, "spec.rules.0.resourceRules.0.namespaces", [], "spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace"),
    (FLOW_SCHEMAS, "spec.rules.0.nonResourceRules.0.nonResourceURLs", ["healthz"], 'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "healthz": must start with slash'),
    (FLOW_SCHEMAS, "spec.rules.0.nonResourceRules.0.nonResourceURLs", ["/a*"], 'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "/a*": wildcard can only do suffix matching'),
    (PRIORITY_LEVELS, "spec.type", "Exempt", "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'"),
    (PRIORITY_LEVELS, "spec.limited", ..., "spec.limited: Required value: must not be empty when type is Limited"),
    (PRIORITY_LEVELS, "spec.exempt", {}, "spec.exempt: Forbidden: must be nil if the type is Limited"),
    (PRIORITY_LEVELS, "spec.limited.nominalConcurrencyShares", -1, "spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer"),
    (PRIORITY_LEVELS, "spec.limited.lendablePercent", 101, "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive"),
    (PRIORITY_LEVELS, "spec.limited.limitResponse.type", "Reject", "spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited"),
    (PRIORITY_LEVELS, "spec.limited.limitResponse.queuing.handSize", 17, "spec.limited.limitResponse.queuing.handSize: Invalid value: 17: should not be greater than queues (16)"),
    (PRIORITY_LEVELS, "spec.limited.limitResponse.queuing.handSize", 16, "spec.limited.limitResponse.queuing.handSize: Invalid value: 16: required entropy bits of deckSize 16 and handSize 16 should not be greater than 60"),
    (PRIORITY_LEVELS, "metadata.annotations", {"flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares": ""}, "metadata.annotations: Forbidden: annotation 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares' is forbidden"),
    (IP_ADDRESSES, "metadata.name", "010.0.0.1", 'metadata.name: Invalid value: "010.0.0.1": must not have leading 0s'),
    (IP_ADDRESSES, "metadata.name", "FE80::1", 'metadata.name: Invalid value: "FE80::1": must be in canonical form ("fe80::1")'),
    (IP_ADDRESSES, "spec.parentRef", ..., "spec.parentRef: Required value"),
    (IP_ADDRESSES, "spec.parentRef.resource", "", "spec.parentRef.resource: Required value"),
    (SERVICE_CIDRS, "spec.cidrs", [], "spec.cidrs: Required value: at least one CIDR required"),
    (SERVICE_CIDRS, "spec.cidrs", ["10.0.0.0/8"] * 3, 'spec.cidrs: Invalid value: {"CIDRs":["10.0.0.0/8","10.0.0.0/8","10.0.0.0/8"]}: may only hold up to 2 values'),
    (SERVICE_CIDRS, "spec.cidrs.0", "10.96.0.1/16", 'spec.cidrs[0]: Invalid value: "10.96.0.1/16": must not have bits set beyond the prefix length'),
    (SERVICE_CIDRS, "spec.cidrs.1", "10.97.0.0/16", 'spec.cidrs: Invalid value: ["10.96.0.0/16","10.97.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'),
    (STORAGE_CLASSES, "provisioner", "Not Valid!", "provisioner: Invalid value: \"not valid!\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"),
    (STORAGE_CLASSES, "volumeBindingMode", "", 'volumeBindingMode: Unsupported value: "": supported values: "Immediate", "WaitForFirstConsumer"'),
    (STORAGE_CLASSES, "allowedTopologies", [{}], 'allowedTopologies[0].matchLabelExpressions: Duplicate value: ""'),
    (STORAGE_CLASSES, "allowedTopologies", [{"matchLabelExpressions": [{"key": "zone", "values": ["a", "a"]}]}], 'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"'),
    (ATTRIBUTES_CLASSES, "parameters", {}, "parameters: Required value: must contain at least one key/value pair"),
    (CSI_DRIVERS, "spec.fsGroupPolicy", "Some", 'spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"'),
    (CSI_DRIVERS, "spec.tokenRequests.0.expirationSeconds", 5, "spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes"),
    (CSI_DRIVERS, "spec.tokenRequests", [{}, {}], 'spec.tokenRequests[1].audience: Duplicate value: ""'),
    (CSI_DRIVERS, "spec.nodeAllocatableUpdatePeriodSeconds", 9, "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds"),
    (CSI_NODES, "spec.drivers.0.nodeID", "", "spec.drivers[0].nodeID: Required value"),
    (CSI_NODES, "spec.drivers.0.allocatable.count", -1, "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0"),
    (CSI_NODES, "spec.drivers.0.topologyKeys", ["a", "a"], 'spec.drivers[0]: Duplicate value: "a"'),
    (CAPACITIES, "capacity", "-1", 'capacity: Invalid value: "-1": must be greater than or equal to 0'),
    (CAPACITIES, "storageClassName", "", f'storageClassName: Invalid value: "": {_SUBDOMAIN}'),
    (ATTACHMENTS, "spec.source", {}, "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"),
    (ATTACHMENTS, "spec.source", {"inlineVolumeSpec": {"capacity": {"storage": "1"}}}, "spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes"),
    (ATTACHMENTS, "spec.attacher", "d" * 64, "spec.attacher: Too long: may not be more than 63 bytes"),
]  # fmt: skip

UPDATES = [
    (IP_ADDRESSES, "spec.parentRef.name", "tea", 'spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"shop","Name":"tea"}: field is immutable'),
    (SERVICE_CIDRS, "spec.cidrs.0", "10.97.0.0/16", 'spec.cidrs[0]: Invalid value: "10.97.0.0/16": field is immutable'),
    (SERVICE_CIDRS, "spec.cidrs", ["10.96.0.0/16"], 'spec.cidrs: Invalid value: ["10.96.0.0/16"]: field is immutable'),
    (STORAGE_CLASSES, "parameters", {"a": "c"}, 'parameters: Invalid value: {"a":"c"}: field is immutable'),
    (ATTRIBUTES_CLASSES, "driverName", "x", "driverName: Forbidden: updates to driverName are forbidden."),
    (CSI_DRIVERS, "spec.attachRequired", False, "spec.attachedRequired: Invalid value: false: field is immutable"),
    (CSI_NODES, "spec.drivers.0.nodeID", "n2", 'spec.drivers: Invalid value: {"Name":"disk.example.com","NodeID":"n2","TopologyKeys":["zone"],"Allocatable":null}: field is immutable'),
    (CAPACITIES, "storageClassName", "slow", 'storageClassName: Invalid value: "slow": field is immutable'),
    (ATTACHMENTS, "spec.nodeName", "node-2", 'spec: Invalid value: {"Attacher":"disk.example.com","Source":{"PersistentVolumeName":"volume-1","InlineVolumeSpec":null},"NodeName":"node-2"}: field is immutable'),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "path", "value", "message"), CREATES)
def test_a_broken_object_is_refused(resource, path, value, message):
    assert message in texts(validate_create(resource, changed(resource, path, value)))


@pytest.mark.parametrize(("resource", "path", "value", "message"), UPDATES)
def test_what_identifies_it_stays(resource, path, value, message):
    assert message in texts(validate_update(resource, changed(resource, path, value), good(resource)))


def test_what_may_change_changes():
    more = changed(CSI_NODES, "spec.drivers.0.allocatable.count", 7)
    assert validate_update(CSI_NODES, more, good(CSI_NODES)) == []
    one = changed(SERVICE_CIDRS, "spec.cidrs", ["10.96.0.0/16"])
    assert validate_update(SERVICE_CIDRS, good(SERVICE_CIDRS), one) == []


def test_the_fixed_schemas_are_fixed():
    schema = changed(FLOW_SCHEMAS, "metadata.name", "catch-all")
    found = texts(validate_create(FLOW_SCHEMAS, schema))
    assert found[0].startswith('spec: Invalid value: {"PriorityLevelConfiguration":{"Name":"workload-low"},')
    assert found[0].endswith(": spec of 'catch-all' must equal the fixed value")


def test_of_the_exempt_level_only_its_shares_may_change():
    level = changed(PRIORITY_LEVELS, "metadata.name", "exempt")
    level["spec"] = {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 5, "lendablePercent": 50}}
    assert validate_create(PRIORITY_LEVELS, level) == []


def test_conditions_of_a_schema_have_a_type_of_their_own():
    conditions = [{"type": "Dangling"}, {"type": "Dangling"}, {}]
    new = changed(FLOW_SCHEMAS, "status.conditions", conditions)
    assert texts(validate_update(FLOW_SCHEMAS, new, good(FLOW_SCHEMAS), "status")) == [
        'status.conditions[1].type: Duplicate value: "Dangling"',
        "status.conditions[2].type: Required value",
    ]


def test_a_driver_whose_tokens_may_be_logged_is_warned_of_once():
    driver = good(CSI_DRIVERS)
    (told,) = warnings(CSI_DRIVERS, driver)
    assert told.startswith("spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver")
    assert warnings(CSI_DRIVERS, driver, driver) == []
    assert warnings(CSI_DRIVERS, driver, minor=34) == []  # the field came with 1.35


def test_old_labels_of_nodes_are_warned_of():
    topology = {"matchLabels": {"beta.kubernetes.io/os": "linux"}}
    assert warnings(CAPACITIES, changed(CAPACITIES, "nodeTopology", topology)) == [
        (
            "nodeTopology.matchLabels.beta.kubernetes.io/os: "
            'deprecated since v1.14; use "kubernetes.io/os" instead'
        )
    ]

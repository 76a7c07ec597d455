"""Broken orders are refused in upstream's words, at upstream's paths."""

import copy
from typing import Any

import pytest
from orders import CLUSTER_ROLE_BINDINGS, CONTAINER, INGRESSES, ROLE_BINDINGS, ROLES, changed, good, texts

from kubeade.api import resources
from kubeade.api.resource import Resource
from kubeade.api.validation import ValidationOptions, validate_binding, validate_create, validate_update

_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_IMMUTABLE = "field is immutable"
_SPEC_UPDATES = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


CREATES = [
    (resources.PODS, "metadata.namespace", "", "metadata.namespace: Required value"),
    (resources.PODS, "metadata.name", ..., "metadata.name: Required value: name or generateName is required"),
    (
        resources.PODS,
        "metadata.labels",
        {"a": "-"},
        ('metadata.labels: Invalid value: "-": a valid label must be an empty string or consist of alphanumeric '
        "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
        "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"),
    ),
    (resources.PODS, "metadata.annotations", {"a": "x" * 262144}, "metadata.annotations: Too long: may not be more than 262144 bytes"),
    (resources.PODS, "spec.containers", [], "spec.containers: Required value"),
    (resources.PODS, "spec.containers.0.name", "Shaker", f'spec.containers[0].name: Invalid value: "Shaker": {_LABEL}'),
    (resources.PODS, "spec.containers.0.name", "wash", 'spec.initContainers[0].name: Duplicate value: "wash"'),
    (resources.PODS, "spec.containers.0.image", ..., "spec.containers[0].image: Required value"),
    (resources.PODS, "spec.containers.0.image", " i", 'spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace'),
    (resources.PODS, "spec.containers.0.volumeMounts.0.name", "no", 'spec.containers[0].volumeMounts[0].name: Not found: "no"'),
    (resources.PODS, "spec.containers.0.volumeMounts.1.mountPath", "/ice", 'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/ice": must be unique'),
    (resources.PODS, "spec.containers.0.ports.0.containerPort", 70000, "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"),
    (resources.PODS, "spec.containers.0.ports.0.protocol", "ICMP", 'spec.containers[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'),
    (resources.PODS, "spec.containers.0.env.1.valueFrom.fieldRef.fieldPath", "spec.no", 'spec.containers[0].env[1].valueFrom.fieldRef.fieldPath: Invalid value: "spec.no": error converting fieldPath: field label not supported: spec.no'),
    (resources.PODS, "spec.containers.0.env.0.name", "A=B", "spec.containers[0].env[0].name: Invalid value: \"A=B\": a valid environment variable name must consist only of printable ASCII characters other than '='"),
    (resources.PODS, "spec.containers.0.resources.requests.cpu", "2", 'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 500m'),
    (resources.PODS, "spec.containers.0.resources.limits.cpu", "-1", 'spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'),
    (resources.PODS, "spec.containers.0.livenessProbe.successThreshold", 2, "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"),
    (resources.PODS, "spec.containers.0.livenessProbe.httpGet", ..., "spec.containers[0].livenessProbe: Required value: must specify a handler type"),
    (resources.PODS, "spec.containers.0.livenessProbe.exec", {"command": ["a"]}, "spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type"),
    (resources.PODS, "spec.initContainers.0", {"name": "w", "image": "i", "imagePullPolicy": "Never", "lifecycle": {}}, "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always"),
    (resources.PODS, "spec.volumes.0.hostPath", {"path": "/a"}, "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"),
    (resources.PODS, "spec.volumes.1.configMap.items.0.path", "../a", "spec.volumes[1].configMap.items[0].path: Invalid value: \"../a\": must not contain '..'"),
    (resources.PODS, "spec.restartPolicy", "Sometimes", 'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'),
    (resources.PODS, "spec.ephemeralContainers", [CONTAINER], "spec.ephemeralContainers: Forbidden: cannot be set on create"),
    (resources.PODS, "spec.tolerations.0.effect", "NoSchedule", "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set"),
    (resources.PODS, "spec.topologySpreadConstraints.0.maxSkew", 0, "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than 0"),
    (resources.PODS, "spec.dnsPolicy", "None", "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
    (resources.DEPLOYMENTS, "spec.selector.matchLabels", {"app": "tea"}, 'spec.template.metadata.labels: Invalid value: {"app":"lemonade"}: `selector` does not match template `labels`'),
    (resources.DEPLOYMENTS, "spec.selector", {}, "spec.selector: Invalid value: {}: empty selector is invalid for deployment"),
    (resources.DEPLOYMENTS, "spec.replicas", -1, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
    (resources.DEPLOYMENTS, "spec.strategy.type", "Recreate", "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"),
    (resources.DEPLOYMENTS, "spec.template.spec.restartPolicy", "Never", 'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'),
    (resources.JOBS, "spec.template.spec.restartPolicy", "Always", 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'),
    (resources.JOBS, "spec.completionMode", "Random", 'spec.completionMode: Unsupported value: "Random": supported values: "NonIndexed", "Indexed"'),
    (resources.CRON_JOBS, "spec.schedule", "* * * *", 'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'),
    (resources.CRON_JOBS, "spec.timeZone", "Mars/Olympus", 'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'),
    (resources.CRON_JOBS, "metadata.name", "a" * 53, f'metadata.name: Invalid value: "{"a" * 53}": must be no more than 52 characters'),
    (resources.SERVICES, "spec.ports.0.port", 0, "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"),
    (resources.SERVICES, "spec.ports", [], "spec.ports: Required value"),
    (resources.SERVICES, "spec.type", "Ingress", 'spec.type: Unsupported value: "Ingress": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'),
    (resources.SERVICES, "metadata.name", "a.b", 'metadata.name: Invalid value: "a.b": must not contain dots'),
    (resources.CONFIG_MAPS, "data", {"a/b": ""}, "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"),
    (resources.CONFIG_MAPS, "data", {"a": "x" * 2**20}, ": Too long: may not be more than 1048576 bytes"),
    (resources.SECRETS, "type", "kubernetes.io/tls", "data[tls.crt]: Required value"),
    (resources.NAMESPACES, "metadata.name", "a.b", 'metadata.name: Invalid value: "a.b": must not contain dots'),
    (resources.NODES, "metadata.namespace", "default", "metadata.namespace: Forbidden: not allowed on this type"),
    (resources.ENDPOINT_SLICES, "endpoints.0.addresses", ["127.0.0.1"], 'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'),
    (resources.PRIORITY_CLASSES, "value", 2_000_000_000, "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"),
    (resources.LIMIT_RANGES, "spec.limits.0.min", {"cpu": "3"}, 'spec.limits[0].min[cpu]: Invalid value: "3": min value 3 is greater than max value 2'),
    (resources.RESOURCE_QUOTAS, "spec.hard", {"cups": "1"}, 'spec.hard[cups]: Invalid value: "cups": must be a standard resource type or fully qualified'),
    (resources.PERSISTENT_VOLUME_CLAIMS, "spec.accessModes", [], "spec.accessModes: Required value: at least 1 access mode is required"),
    (resources.POD_DISRUPTION_BUDGETS, "spec.maxUnavailable", "101%", 'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%'),
    (ROLES, "metadata.name", "a/b", "metadata.name: Invalid value: \"a/b\": may not contain '/'"),
    (ROLES, "metadata.name", "..", "metadata.name: Invalid value: \"..\": may not be '..'"),
    (ROLE_BINDINGS, "subjects.0.kind", "Robot", 'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'),
    (CLUSTER_ROLE_BINDINGS, "roleRef.kind", "Role", 'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'),
    (INGRESSES, "spec.rules.0.http.paths.0.path", "a", 'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path'),
]  # fmt: skip

UPDATES = [
    (resources.CONFIG_MAPS, "metadata.name", "tea", f'metadata.name: Invalid value: "tea": {_IMMUTABLE}'),
    (resources.CONFIG_MAPS, "metadata.uid", "x", f'metadata.uid: Invalid value: "x": {_IMMUTABLE}'),
    (resources.DEPLOYMENTS, "spec.selector.matchLabels.new", "x", f'spec.selector: Invalid value: {{"matchLabels":{{"app":"lemonade","new":"x"}}}}: {_IMMUTABLE}'),
    (resources.STATEFUL_SETS, "spec.serviceName", "tea", f"spec: Forbidden: {_SPEC_UPDATES}"),
    (resources.JOBS, "spec.completions", 5, f"spec.completions: Invalid value: 5: {_IMMUTABLE}"),
    (resources.SERVICES, "spec.clusterIPs.0", "10.96.0.10", 'spec.clusterIPs[0]: Invalid value: ["10.96.0.10"]: may not change once set'),
    (resources.SECRETS, "type", "tea", f'type: Invalid value: "tea": {_IMMUTABLE}'),
    (resources.PODS, "spec.containers", [CONTAINER, CONTAINER], "spec.containers: Forbidden: pod updates may not add or remove containers"),
    (resources.PODS, "spec.tolerations", [], "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"),
    (ROLE_BINDINGS, "roleRef.name", "waiter", 'roleRef: Invalid value: {"kind":"Role","name":"waiter","apiGroup":"rbac.authorization.k8s.io"}: cannot change roleRef'),
    (resources.PRIORITY_CLASSES, "value", 6, "value: Forbidden: may not be changed in an update."),
    (resources.NODES, "spec.podCIDRs", ["10.1.0.0/24"], 'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "path", "value", "message"), CREATES)
def test_a_broken_order_is_refused(resource: Resource, path: str, value: Any, message: str) -> None:
    assert message in texts(validate_create(resource, changed(resource, path, value)))


@pytest.mark.parametrize(("resource", "path", "value", "message"), UPDATES)
def test_what_was_ordered_stays(resource: Resource, path: str, value: Any, message: str) -> None:
    assert message in texts(validate_update(resource, changed(resource, path, value), good(resource)))


def test_a_pods_image_may_change_and_nothing_else_does() -> None:
    image = changed(resources.PODS, "spec.containers.0.image", "kubeade.local/better")
    assert validate_update(resources.PODS, image, good(resources.PODS)) == []
    command = changed(resources.PODS, "spec.containers.0.command", ["true"])
    (error,) = validate_update(resources.PODS, command, good(resources.PODS))
    assert error.reason == "FieldValueForbidden"
    assert error.text().startswith(
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    )


def test_a_resize_changes_cpu_and_memory_only() -> None:
    more = changed(resources.PODS, "spec.containers.0.resources.limits.cpu", "1")
    assert validate_update(resources.PODS, more, good(resources.PODS), "resize") == []
    other = changed(resources.PODS, "spec.containers.0.image", "x")
    found = texts(validate_update(resources.PODS, other, good(resources.PODS), "resize"))
    assert found == ["spec: Forbidden: only cpu and memory resources are mutable"]


def test_ephemeral_containers_are_added_and_never_changed() -> None:
    debugger = {"name": "debugger", "image": "i", "imagePullPolicy": "Never"}
    new = changed(resources.PODS, "spec.ephemeralContainers", [debugger])
    update = (resources.PODS, new, good(resources.PODS), "ephemeralcontainers")
    assert texts(validate_update(*update)) == []
    gone = texts(validate_update(resources.PODS, good(resources.PODS), new, "ephemeralcontainers"))
    assert gone == [
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debugger" may not be removed\n'
    ]


def test_a_fixed_config_map_stays_fixed() -> None:
    old = changed(resources.CONFIG_MAPS, "immutable", True)
    new = changed(resources.CONFIG_MAPS, "data", {"menu": "sweet"})
    fixed = "Forbidden: field is immutable when `immutable` is set"
    found = texts(validate_update(resources.CONFIG_MAPS, new, old))
    assert found == [f"immutable: {fixed}", f"data: {fixed}"]


def test_a_deleted_object_gets_no_new_finalizers() -> None:
    old = changed(resources.CONFIG_MAPS, "metadata.deletionTimestamp", "2026-01-01T00:00:00Z")
    new = copy.deepcopy(old)
    new["metadata"]["finalizers"] = ["example.com/wait"]
    detail = "no new finalizers can be added if the object is being deleted, found new finalizers"
    expected = f'metadata.finalizers: Forbidden: {detail} []string{{"example.com/wait"}}'
    assert texts(validate_update(resources.CONFIG_MAPS, new, old)) == [expected]


def test_a_bound_claim_may_grow() -> None:
    old = changed(resources.PERSISTENT_VOLUME_CLAIMS, "status.phase", "Bound")
    new = copy.deepcopy(old)
    new["spec"]["resources"]["requests"]["storage"] = "2Gi"
    assert validate_update(resources.PERSISTENT_VOLUME_CLAIMS, new, old) == []
    unbound = changed(resources.PERSISTENT_VOLUME_CLAIMS, "spec.resources.requests.storage", "2Gi")
    (error,) = validate_update(
        resources.PERSISTENT_VOLUME_CLAIMS, unbound, good(resources.PERSISTENT_VOLUME_CLAIMS)
    )
    assert "spec is immutable after creation" in error.message


def test_loopback_endpoints_are_an_option() -> None:
    local = changed(resources.ENDPOINT_SLICES, "endpoints.0.addresses", ["127.3.0.1"])
    assert (
        validate_create(resources.ENDPOINT_SLICES, local, ValidationOptions(allow_loopback_endpoints=True))
        == []
    )


def test_a_binding_names_a_node() -> None:
    assert texts(list(validate_binding({"target": {"kind": "Pod"}}))) == [
        'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"',
        "target.name: Required value",
    ]
    assert list(validate_binding({"target": {"kind": "Node", "name": "n"}})) == []

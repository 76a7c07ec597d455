"""The flow schemas and priority levels that upstream keeps: the mandatory ones and the suggested ones."""

from kubeade.api.resource import Object, Resource

GROUP = "flowcontrol.apiserver.k8s.io"
FLOW_SCHEMAS = Resource(GROUP, "v1", "flowschemas", "FlowSchema", namespaced=False)
PRIORITY_LEVELS = Resource(
    GROUP, "v1", "prioritylevelconfigurations", "PriorityLevelConfiguration", namespaced=False
)
AUTO_UPDATE_ANNOTATION = "apf.kubernetes.io/autoupdate-spec"

# name, shares, lendable percent, (queues, hand size) or nothing for a level that rejects
_LIMITED_LEVELS = [
    ("catch-all", 5, 0, None),
    ("system", 30, 33, (64, 6)),
    ("node-high", 40, 25, (64, 6)),
    ("leader-election", 10, 0, (16, 4)),
    ("workload-high", 40, 50, (128, 6)),
    ("workload-low", 100, 90, (128, 6)),
    ("global-default", 20, 50, (128, 6)),
]
_QUEUE_LENGTH_LIMIT = 50

_EVERYBODY = ["group:system:unauthenticated", "group:system:authenticated"]
_NODES = ["group:system:nodes"]
_MANAGER, _SCHEDULER = "user:system:kube-controller-manager", "user:system:kube-scheduler"
_SYSTEM_ACCOUNTS = "account:kube-system/*"
_EVERYTHING = ["*/*", "url:*"]
# name, priority level, precedence, how flows are told apart, who, what
_SCHEMAS = [
    ("exempt", "exempt", 1, "", ["group:system:masters"], _EVERYTHING),
    ("probes", "exempt", 2, "", _EVERYBODY, ["get url:/healthz,/readyz,/livez"]),
    (
        "system-leader-election",
        "leader-election",
        100,
        "ByUser",
        [_MANAGER, _SCHEDULER, _SYSTEM_ACCOUNTS],
        ["get,create,update coordination.k8s.io/leases"],
    ),
    (
        "system-node-high",
        "node-high",
        400,
        "ByUser",
        _NODES,
        ["/nodes,nodes/status", "coordination.k8s.io/leases"],
    ),
    ("system-nodes", "system", 500, "ByUser", _NODES, _EVERYTHING),
    ("kube-controller-manager", "workload-high", 800, "ByNamespace", [_MANAGER], _EVERYTHING),
    ("kube-scheduler", "workload-high", 800, "ByNamespace", [_SCHEDULER], _EVERYTHING),
    (
        "kube-system-service-accounts",
        "workload-high",
        900,
        "ByNamespace",
        [_SYSTEM_ACCOUNTS],
        _EVERYTHING,
    ),
    (
        "service-accounts",
        "workload-low",
        9000,
        "ByUser",
        ["group:system:serviceaccounts"],
        _EVERYTHING,
    ),
    ("global-default", "global-default", 9900, "ByUser", _EVERYBODY, _EVERYTHING),
    ("catch-all", "catch-all", 10000, "ByUser", _EVERYBODY, _EVERYTHING),
]


def priority_levels() -> list[Object]:
    exempt = {"nominalConcurrencyShares": 0, "lendablePercent": 0}
    levels = [_object(PRIORITY_LEVELS, "exempt", {"type": "Exempt", "exempt": exempt})]
    for name, shares, lendable_percent, queues in _LIMITED_LEVELS:
        limited = {
            "nominalConcurrencyShares": shares,
            "lendablePercent": lendable_percent,
            "limitResponse": _limit_response(queues),
        }
        levels.append(_object(PRIORITY_LEVELS, name, {"type": "Limited", "limited": limited}))
    return levels


def flow_schemas() -> list[Object]:
    schemas = []
    for name, level, precedence, distinguisher, subjects, targets in _SCHEMAS:
        rules: Object = {"subjects": [_subject(subject) for subject in subjects]}
        for target in targets:
            field, rule = _rule(target)
            rules.setdefault(field, []).append(rule)
        spec: Object = {
            "priorityLevelConfiguration": {"name": level},
            "matchingPrecedence": precedence,
            "rules": [rules],
        }
        if distinguisher:
            spec["distinguisherMethod"] = {"type": distinguisher}
        schemas.append(_object(FLOW_SCHEMAS, name, spec))
    return schemas


def _object(resource: Resource, name: str, spec: Object) -> Object:
    metadata = {"name": name, "annotations": {AUTO_UPDATE_ANNOTATION: "true"}}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}


def _limit_response(queues: tuple[int, int] | None) -> Object:
    if queues is None:
        return {"type": "Reject"}
    count, hand_size = queues
    queuing = {"queues": count, "handSize": hand_size, "queueLengthLimit": _QUEUE_LENGTH_LIMIT}
    return {"type": "Queue", "queuing": queuing}


def _subject(text: str) -> Object:
    kind, _, name = text.partition(":")
    if kind == "account":
        namespace, _, account = name.partition("/")
        service_account = {"namespace": namespace, "name": account}
        return {"kind": "ServiceAccount", "serviceAccount": service_account}
    return {"kind": kind.capitalize(), kind: {"name": name}}


def _rule(target: str) -> tuple[str, Object]:
    """`[VERBS] url:PATHS` or `[VERBS] GROUP/RESOURCES`; without verbs, all of them."""
    how, _, what = target.rpartition(" ")
    verbs = how.split(",") if how else ["*"]
    if what.startswith("url:"):
        return "nonResourceRules", {"verbs": verbs, "nonResourceURLs": what.removeprefix("url:").split(",")}
    group, _, resources = what.partition("/")
    rule: Object = {
        "verbs": verbs,
        "apiGroups": [group],
        "resources": resources.split(","),
        "namespaces": ["*"],
    }
    # Leases are namespaced: the rules about them do not reach cluster-scoped resources.
    return "resourceRules", rule if group == "coordination.k8s.io" else {**rule, "clusterScope": True}

"""The default RBAC objects, read from a notation made for eyes.

    system:kube-dns
        list watch | core | endpoints services
        get | url | /healthz
        update | core | configmaps | cluster-info

A role's name, then its rules: verbs, API groups (`core` is the unnamed one), resources, and resource names
if there are any; or verbs, `url`, and paths. `read`, `write` and `readwrite` stand for the usual verbs.
Every object carries the label and the annotation by which the reconciliation at start knows its own.
"""

from collections.abc import Iterable, Iterator

from kubeade.api.resource import Object
from kubeade.apiserver.authorization.controller_roles import CONTROLLER_ROLES
from kubeade.apiserver.authorization.default_roles import CLUSTER_ROLES
from kubeade.apiserver.authorization.namespace_roles import NAMESPACE_ROLES

GROUP = "rbac.authorization.k8s.io"
API_VERSION = f"{GROUP}/v1"
BOOTSTRAPPING_LABEL = "kubernetes.io/bootstrapping"
AUTO_UPDATE_ANNOTATION = "rbac.authorization.kubernetes.io/autoupdate"
CONTROLLER_PREFIX = "system:controller:"

_VERBS = {
    "read": ["get", "list", "watch"],
    "write": ["create", "delete", "deletecollection", "patch", "update"],
    "readwrite": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
}
_AGGREGATED = {"admin": "", "edit": "admin", "view": "edit"}
"""Each gathered role, and the one that it is itself gathered into."""

_AUTHENTICATED, _UNAUTHENTICATED = "group:system:authenticated", "group:system:unauthenticated"
_CLUSTER_BINDINGS = {
    "cluster-admin": ["group:system:masters"],
    "system:basic-user": [_AUTHENTICATED],
    "system:discovery": [_AUTHENTICATED],
    "system:kube-controller-manager": ["user:system:kube-controller-manager"],
    "system:kube-dns": ["account:kube-system/kube-dns"],
    "system:kube-scheduler": ["user:system:kube-scheduler"],
    "system:monitoring": ["group:system:monitoring"],
    "system:node": [],
    "system:node-proxier": ["user:system:kube-proxy"],
    "system:public-info-viewer": [_AUTHENTICATED, _UNAUTHENTICATED],
    "system:service-account-issuer-discovery": ["group:system:serviceaccounts"],
    "system:volume-scheduler": ["user:system:kube-scheduler"],
}
_LEADER_LOCKING = "system::leader-locking-"
_NAMESPACE_BINDINGS: list[tuple[str, str, str, list[str]]] = [
    ("kube-public", "system:controller:bootstrap-signer", "", ["account:kube-system/bootstrap-signer"]),
    (
        "kube-system",
        "system::extension-apiserver-authentication-reader",
        "extension-apiserver-authentication-reader",
        ["user:system:kube-controller-manager", "user:system:kube-scheduler"],
    ),
    (
        "kube-system",
        f"{_LEADER_LOCKING}kube-controller-manager",
        "",
        [
            "user:system:kube-controller-manager",
            "account:kube-system/kube-controller-manager",
            "account:kube-system/leader-election-controller",
        ],
    ),
    (
        "kube-system",
        f"{_LEADER_LOCKING}kube-scheduler",
        "",
        ["user:system:kube-scheduler", "account:kube-system/kube-scheduler"],
    ),
    ("kube-system", "system:controller:bootstrap-signer", "", ["account:kube-system/bootstrap-signer"]),
    ("kube-system", "system:controller:cloud-provider", "", ["account:kube-system/cloud-provider"]),
    ("kube-system", "system:controller:token-cleaner", "", ["account:kube-system/token-cleaner"]),
]


def cluster_roles() -> list[Object]:
    """Every default ClusterRole; the gathered ones last, with the rules that they will have at first."""
    roles = [
        _role("ClusterRole", "", name, rules) for name, rules in _parse(CLUSTER_ROLES + CONTROLLER_ROLES)
    ]
    for role in roles:
        for gathered in _AGGREGATED:
            if role["metadata"]["name"] == f"system:aggregate-to-{gathered}":
                role["metadata"]["labels"][aggregation_label(gathered)] = "true"
    by_name = {role["metadata"]["name"]: role for role in roles}
    previous = ""
    for name in reversed(_AGGREGATED):
        # An aggregated role's sources are taken in the order of their names.
        sources = sorted({f"system:aggregate-to-{name}", previous} - {""})
        rules: list[Object] = []
        for source in sources:
            rules += [rule for rule in by_name[source]["rules"] if rule not in rules]
        by_name[name] = _gathered_role(name, _AGGREGATED[name], rules)
        previous = name
    roles += [by_name[name] for name in _AGGREGATED]
    return roles


def cluster_role_bindings() -> list[Object]:
    bindings = [_binding("", name, name, subjects) for name, subjects in _CLUSTER_BINDINGS.items()]
    for name, _ in _parse(CONTROLLER_ROLES):
        account = f"account:kube-system/{name.removeprefix(CONTROLLER_PREFIX)}"
        bindings.append(_binding("", name, name, [account]))
    return bindings


def roles() -> list[Object]:
    """The Roles of kube-system and kube-public."""
    found = []
    for qualified_name, rules in _parse(NAMESPACE_ROLES):
        namespace, _, name = qualified_name.partition("/")
        found.append(_role("Role", namespace, name, rules))
    return found


def role_bindings() -> list[Object]:
    return [
        _binding(namespace, name, role or name, who) for namespace, name, role, who in _NAMESPACE_BINDINGS
    ]


def node_rules() -> list[Object]:
    """What the Node authorizer allows every node, beyond what depends on its pods."""
    return next(rules for name, rules in _parse(CLUSTER_ROLES) if name == "system:node")


def aggregation_label(role: str) -> str:
    return f"rbac.authorization.k8s.io/aggregate-to-{role}"


def _parse(text: str) -> Iterator[tuple[str, list[Object]]]:
    name, rules = "", list[Object]()
    for line in text.strip().splitlines():
        if line.startswith(" "):
            rules.append(_rule(line))
            continue
        if name:
            yield name, rules
        name, rules = line, []
    yield name, rules


def _rule(line: str) -> Object:
    verbs, groups, resources, *names = (part.split() for part in line.split("|"))
    expanded = _VERBS.get(verbs[0], verbs)
    if groups == ["url"]:
        return {"verbs": list(expanded), "nonResourceURLs": resources}
    api_groups = ["" if group == "core" else group for group in groups]
    rule: Object = {"verbs": list(expanded), "apiGroups": api_groups, "resources": resources}
    return {**rule, "resourceNames": names[0]} if names else rule


def _metadata(namespace: str, name: str) -> Object:
    metadata: Object = {
        "name": name,
        "labels": {BOOTSTRAPPING_LABEL: "rbac-defaults"},
        "annotations": {AUTO_UPDATE_ANNOTATION: "true"},
    }
    return {**metadata, "namespace": namespace} if namespace else metadata


def _role(kind: str, namespace: str, name: str, rules: list[Object]) -> Object:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": _metadata(namespace, name), "rules": rules}


def _gathered_role(name: str, gathered_into: str, rules: list[Object]) -> Object:
    role = _role("ClusterRole", "", name, rules)
    if gathered_into:
        role["metadata"]["labels"][aggregation_label(gathered_into)] = "true"
    selector = {"matchLabels": {aggregation_label(name): "true"}}
    role["aggregationRule"] = {"clusterRoleSelectors": [selector]}
    return role


def _binding(namespace: str, name: str, role: str, subjects: Iterable[str]) -> Object:
    prefix = "" if namespace else "Cluster"
    return {
        "apiVersion": API_VERSION,
        "kind": f"{prefix}RoleBinding",
        "metadata": _metadata(namespace, name),
        "roleRef": {"apiGroup": GROUP, "kind": f"{prefix}Role", "name": role},
        "subjects": [_subject(subject) for subject in subjects],
    }


def _subject(text: str) -> Object:
    kind, _, name = text.partition(":")
    if kind == "account":
        namespace, _, account = name.partition("/")
        return {"kind": "ServiceAccount", "namespace": namespace, "name": account}
    return {"apiGroup": GROUP, "kind": {"user": "User", "group": "Group"}[kind], "name": name}

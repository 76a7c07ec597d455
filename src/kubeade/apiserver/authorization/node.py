"""What a node may do: to itself, to its pods, and to what its pods refer to (upstream: Node authorizer).

A node is a user of group `system:nodes` named `system:node:<name>`. What is allowed to every node alike
comes from the rules of `system:node`; NodeRestriction in the admission chain guards what is written.
"""

from collections.abc import Callable

from kubeade.apiserver.authorization.node_graph import NodeGraph
from kubeade.apiserver.authorization.policy import node_rules
from kubeade.apiserver.authorization.rules import compile_rule
from kubeade.apiserver.seams import Attributes, Decision, Reader, User

NODES_GROUP = "system:nodes"
NODE_USER_PREFIX = "system:node:"

_ALLOWED = Decision(True)
_READ = frozenset({"get", "list", "watch"})
_OWN_OBJECT_VERBS = frozenset({"get", "create", "update", "patch", "delete"})


def node_name(user: User) -> str:
    """The node that this user is, or ""."""
    if NODES_GROUP in user.groups and user.name.startswith(NODE_USER_PREFIX):
        return user.name.removeprefix(NODE_USER_PREFIX)
    return ""


class NodeAuthorizer:
    """Allows nodes what they need; has no opinion on anybody else."""

    def __init__(self, reader: Reader) -> None:
        self._graph = NodeGraph(reader)
        self._rules = [compile_rule(rule) for rule in node_rules()]
        self._special: dict[tuple[str, str], Callable[[str, Attributes], Decision]] = {
            ("", "secrets"): self._read_related,
            ("", "configmaps"): self._read_related,
            ("", "persistentvolumeclaims"): self._claim,
            ("", "persistentvolumes"): self._get_related,
            ("resource.k8s.io", "resourceclaims"): self._get_related,
            ("storage.k8s.io", "volumeattachments"): self._get_related,
            ("", "serviceaccounts"): self._service_account,
            ("coordination.k8s.io", "leases"): _lease,
            ("storage.k8s.io", "csinodes"): _csi_node,
            ("resource.k8s.io", "resourceslices"): self._resource_slice,
            ("", "nodes"): _node,
            ("", "pods"): self._pod,
        }

    async def authorize(self, attributes: Attributes) -> Decision:
        node = node_name(attributes.user)
        if not node:
            unknown = NODES_GROUP in attributes.user.groups
            return Decision(False, f'unknown node for user "{attributes.user.name}"' if unknown else "")
        special = self._special.get((attributes.group, attributes.resource))
        if attributes.resource_request and special is not None:
            return special(node, attributes)
        return Decision(any(rule.allows(attributes) for rule in self._rules))

    def _related(self, node: str, attributes: Attributes) -> Decision:
        if not attributes.name:
            return Decision(False, "No Object name found")
        target = (attributes.resource, attributes.namespace, attributes.name)
        if self._graph.leads_to(node, target):
            return _ALLOWED
        return Decision(False, f"no relationship found between node '{node}' and this object")

    def _read_related(self, node: str, attributes: Attributes) -> Decision:
        if attributes.verb not in _READ:
            return Decision(False, "can only read resources of this type")
        if attributes.subresource:
            return Decision(False, "cannot read subresource")
        if not attributes.namespace:
            return Decision(False, "can only read namespaced object of this type")
        return self._related(node, attributes)

    def _get_related(self, node: str, attributes: Attributes) -> Decision:
        if attributes.verb != "get":
            return Decision(False, "can only get individual resources of this type")
        if attributes.subresource:
            return Decision(False, "cannot get subresource")
        return self._related(node, attributes)

    def _claim(self, node: str, attributes: Attributes) -> Decision:
        if attributes.subresource != "status":
            return self._get_related(node, attributes)
        if attributes.verb not in {"update", "patch"}:
            return Decision(False, "can only get/update/patch this type")
        return self._related(node, attributes)

    def _service_account(self, node: str, attributes: Attributes) -> Decision:
        if attributes.verb == "get" and not attributes.subresource:
            return self._read_related(node, attributes)
        if attributes.verb != "create" or not attributes.name:
            return Decision(False, "can only create tokens for individual service accounts")
        if attributes.subresource != "token":
            return Decision(False, "can only create token subresource of serviceaccount")
        return self._related(node, attributes)

    def _resource_slice(self, node: str, attributes: Attributes) -> Decision:
        if attributes.subresource:
            return Decision(False, "cannot authorize ResourceSlice subresources")
        match attributes.verb:
            case "create":
                return _ALLOWED
            case "get" | "update" | "patch" | "delete":
                return self._related(node, attributes)
            case "watch" | "list" | "deletecollection":
                if _selects(attributes, "spec.nodeName", node):
                    return _ALLOWED
                why = "can only list/watch/deletecollection resourceslices with nodeName field selector"
                return Decision(False, why)
        return Decision(False)

    def _pod(self, node: str, attributes: Attributes) -> Decision:
        match attributes.subresource, attributes.verb:
            case "", "get":
                return self._get_related(node, attributes)
            case "", "list" | "watch":
                if _selects(attributes, "spec.nodeName", node):
                    return _ALLOWED
                if attributes.name:
                    return self._related(node, attributes)
                return Decision(False, "can only list/watch pods with spec.nodeName field selector")
            case ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create"):
                return _ALLOWED
        return Decision(False)


def _selects(attributes: Attributes, field: str, value: str) -> bool:
    requirements = attributes.field_selector.replace("==", "=").split(",")
    return f"{field}={value}" in requirements


def _lease(node: str, attributes: Attributes) -> Decision:
    if attributes.verb not in _OWN_OBJECT_VERBS:
        return Decision(False, "can only get, create, update, patch, or delete a node lease")
    if attributes.namespace != "kube-node-lease":
        return Decision(False, 'can only access leases in the "kube-node-lease" system namespace')
    # The authorizer does not know the name of what is created; NodeRestriction does.
    if attributes.verb != "create" and attributes.name != node:
        return Decision(False, "can only access node lease with the same name as the requesting node")
    return _ALLOWED


def _csi_node(node: str, attributes: Attributes) -> Decision:
    if attributes.verb not in _OWN_OBJECT_VERBS:
        return Decision(False, "can only get, create, update, patch, or delete a CSINode")
    if attributes.subresource:
        return Decision(False, "cannot authorize CSINode subresources")
    if attributes.verb != "create" and attributes.name != node:
        return Decision(False, "can only access CSINode with the same name as the requesting node")
    return _ALLOWED


def _node(node: str, attributes: Attributes) -> Decision:
    match attributes.subresource, attributes.verb:
        case ("", "create" | "update" | "patch") | ("status", "update" | "patch"):
            return _ALLOWED
        case "", "get" | "list" | "watch":
            if attributes.name == node:
                return _ALLOWED
            if not attributes.name:
                return Decision(False, f"node '{node}' cannot read all nodes, only its own Node object")
            return Decision(False, f"node '{node}' cannot read '{attributes.name}', only its own Node object")
    return Decision(False)

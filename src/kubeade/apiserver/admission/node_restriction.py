"""NodeRestriction: a node writes about itself and its pods only.

The Node authorizer lets nodes through to these writes because it cannot see what is written; here one can.
Requests for tokens are checked where they are answered (`authentication.token_request`).
"""

from kubeade.api.errors import NotFound
from kubeade.api.parts import part, parts, text
from kubeade.api.resources import NODES, PODS
from kubeade.apiserver.admission.plugin import (
    CREATE,
    DELETE,
    UPDATE,
    Plugin,
    annotations_of,
    new_object,
    refused,
)
from kubeade.apiserver.authorization.node import NODES_GROUP, node_name
from kubeade.apiserver.authorization.node_graph import references_of
from kubeade.apiserver.seams import AdmissionAttributes, Reader

MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
_OWN_LABELS = frozenset(
    {
        "kubernetes.io/hostname",
        "kubernetes.io/arch",
        "kubernetes.io/os",
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.kubernetes.io/region",
        "failure-domain.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    }
)
_OWN_LABEL_DOMAINS = ("kubelet.kubernetes.io", "node.kubernetes.io")


class NodeRestriction(Plugin):
    resources = (
        ("", "pods"),
        ("", "nodes"),
        ("", "persistentvolumeclaims"),
        ("coordination.k8s.io", "leases"),
        ("storage.k8s.io", "csinodes"),
        ("resource.k8s.io", "resourceslices"),
    )
    operations = frozenset({CREATE, UPDATE, DELETE})

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def validate(self, attributes: AdmissionAttributes) -> None:
        if NODES_GROUP not in attributes.user.groups:
            return
        node = node_name(attributes.user)
        if not node:
            raise refused(attributes, f'could not determine node from user "{attributes.user.name}"')
        match attributes.resource.plural:
            case "pods":
                self._check_pod(attributes, node)
            case "nodes":
                _check_node(attributes, node)
            case "persistentvolumeclaims" if attributes.subresource != "status":
                raise refused(attributes, "may only update PVC status")
            case "leases":
                _check_own(attributes, node, "node lease")
            case "csinodes":
                _check_own(attributes, node, "CSINode")
            case "resourceslices" if attributes.operation is CREATE:
                if text(attributes.object, "spec", "nodeName") != node:
                    why = "can only create ResourceSlice with the same NodeName as the requesting node"
                    raise refused(attributes, why)

    def _check_pod(self, attributes: AdmissionAttributes, node: str) -> None:
        match attributes.subresource, attributes.operation:
            case "", operation if operation is CREATE:
                self._check_mirror_pod(attributes, node)
            case "", operation if operation is DELETE:
                if text(attributes.old_object, "spec", "nodeName") != node:
                    why = f'node "{node}" can only delete pods with spec.nodeName set to itself'
                    raise refused(attributes, why)
            case "status", operation if operation is UPDATE:
                _check_status(attributes, node)
            case "eviction", operation if operation is CREATE:
                pod = self._reader.read(PODS, attributes.name, attributes.namespace)
                if pod is None:
                    raise NotFound.of(PODS.plural, attributes.name)
                if text(pod, "spec", "nodeName") != node:
                    why = f"node {node} can only evict pods with spec.nodeName set to itself"
                    raise refused(attributes, why)
            case (("" | "status" | "eviction"), operation):
                why = f'node "{node}" can only create and delete mirror pods'
                raise refused(attributes, f'unexpected operation "{operation.value}", {why}')
            case subresource, _:
                why = (
                    f"unexpected pod subresource \"{subresource}\", only 'status' and 'eviction' are allowed"
                )
                raise refused(attributes, why)

    def _check_mirror_pod(self, attributes: AdmissionAttributes, node: str) -> None:
        """A node shows the pods that it runs of its own accord; they belong to it and refer to nothing."""
        pod, who = new_object(attributes), f'node "{node}"'
        if MIRROR_ANNOTATION not in annotations_of(pod):
            why = f'pod does not have "{MIRROR_ANNOTATION}" annotation, {who} can only create mirror pods'
            raise refused(attributes, why)
        if text(pod, "spec", "nodeName") != node:
            raise refused(attributes, f"{who} can only create pods with spec.nodeName set to itself")
        owners = parts(pod, "metadata", "ownerReferences")
        own = {"apiVersion": "v1", "kind": "Node", "name": node}
        if len(owners) != 1 or any(owners[0].get(key) != value for key, value in own.items()):
            raise refused(attributes, f"{who} can only create pods with an owner reference set to itself")
        if not owners[0].get("controller"):
            why = f"{who} can only create pods with a controller owner reference set to itself"
            raise refused(attributes, why)
        if owners[0].get("blockOwnerDeletion"):
            raise refused(attributes, f"{who} must not set blockOwnerDeletion on an owner reference")
        known = self._reader.read(NODES, node)
        if known is None:
            raise NotFound.of(NODES.plural, node)
        uid = known["metadata"]["uid"]
        if owners[0].get("uid") != uid:
            raise refused(attributes, f"node {node} UID mismatch: expected {owners[0].get('uid')} got {uid}")
        referenced = next((plural for plural in references_of(pod) if plural != "serviceaccounts"), None)
        if referenced or text(pod, "spec", "serviceAccountName"):
            raise refused(
                attributes, f"{who} can not create pods that reference {referenced or 'serviceaccounts'}"
            )


def _check_status(attributes: AdmissionAttributes, node: str) -> None:
    old, new = attributes.old_object, new_object(attributes)
    if text(old, "spec", "nodeName") != node:
        why = "can only update pod status for pods with spec.nodeName set to itself"
        raise refused(attributes, f'node "{node}" {why}')
    if part(old, "metadata", "labels") != part(new, "metadata", "labels"):
        raise refused(attributes, f'node "{node}" cannot update labels through pod status')


def _check_node(attributes: AdmissionAttributes, node: str) -> None:
    who = f'node "{node}" is not allowed to'
    if attributes.name != node:
        raise refused(attributes, f'{who} modify node "{attributes.name}"')
    new, old = attributes.object, attributes.old_object
    if new is None:
        return
    labels, old_labels = part(new, "metadata", "labels"), part(old, "metadata", "labels")
    changed = {key for key in labels | old_labels if labels.get(key) != old_labels.get(key)}
    forbidden = ", ".join(sorted(filter(_is_forbidden_label, changed)))
    if old is None:
        if forbidden:
            raise refused(attributes, f"{who} set the following labels: {forbidden}")
        return
    for where, field in (("spec", "taints"), ("metadata", "ownerReferences")):
        if parts(new, where, field) != parts(old, where, field):
            raise refused(attributes, f"{who} modify {field}")
    if forbidden:
        raise refused(attributes, f"is not allowed to modify labels: {forbidden}")


def _is_forbidden_label(label: str) -> bool:
    """Labels by which pods are steered are not the node's own to choose."""
    domain = label.partition("/")[0] if "/" in label else ""
    if _is_below(domain, "node-restriction.kubernetes.io"):
        return True
    if not (_is_below(domain, "kubernetes.io") or _is_below(domain, "k8s.io")):
        return False
    return label not in _OWN_LABELS and not any(_is_below(domain, own) for own in _OWN_LABEL_DOMAINS)


def _is_below(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")


def _check_own(attributes: AdmissionAttributes, node: str, what: str) -> None:
    if what == "node lease" and attributes.namespace != "kube-node-lease":
        why = 'can only access leases in the "kube-node-lease" system namespace'
        raise refused(attributes, why)
    name = text(attributes.object, "metadata", "name") or attributes.name
    if name != node:
        raise refused(attributes, f"can only access {what} with the same name as the requesting node")

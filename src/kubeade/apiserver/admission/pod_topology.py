"""PodTopologyLabels: a pod that is given to a node gets the node's zone and region as labels."""

from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.api.resources import NODES
from kubeade.apiserver.admission.plugin import CREATE, Plugin, new_object
from kubeade.apiserver.seams import AdmissionAttributes, Reader

_COPIED = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class PodTopologyLabels(Plugin):
    resources = (("", "pods"),)
    operations = frozenset({CREATE})

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        found = new_object(attributes)
        node_name = _node_of(found, attributes.subresource)
        node = self._reader.read(NODES, node_name) if node_name else None
        labels = part(node, "metadata", "labels")
        copied = {name: labels[name] for name in _COPIED if name in labels}
        if copied:
            metadata = found.setdefault("metadata", {})
            metadata["labels"] = {**(metadata.get("labels") or {}), **copied}


def _node_of(found: Object, subresource: str) -> str:
    """The node that a new pod names, or that a Binding gives one to. (A Binding's labels become the
    pod's.)"""
    if subresource == "binding":
        return text(found, "target", "name") if part(found, "target").get("kind") == "Node" else ""
    return "" if subresource else text(found, "spec", "nodeName")

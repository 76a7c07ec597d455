"""Which pods are beyond help. Pure."""

from collections.abc import Collection, Iterable

from kubeade.api.parts import parts, text
from kubeade.api.pod_state import condition, is_finished
from kubeade.api.resource import Object

TERMINATED_LIMIT = 12500
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


def orphaned(pods: Iterable[Object], absent_nodes: Collection[str]) -> list[Object]:
    """Pods on nodes that do not exist."""
    return [pod for pod in pods if pod["spec"].get("nodeName") in absent_nodes]


def out_of_service(pods: Iterable[Object], nodes: Iterable[Object]) -> list[Object]:
    """Pods on their way out of nodes that somebody has declared dead."""
    dead = {node["metadata"]["name"] for node in nodes if _is_out_of_service(node)}
    leaving = (pod for pod in pods if pod["metadata"].get("deletionTimestamp"))
    return [pod for pod in leaving if pod["spec"].get("nodeName") in dead]


def _is_out_of_service(node: Object) -> bool:
    ready = (condition(node, "Ready") or {}).get("status") == "True"
    return not ready and any(one.get("key") == OUT_OF_SERVICE for one in parts(node, "spec", "taints"))


def unscheduled_terminating(pods: Iterable[Object]) -> list[Object]:
    """Pods that are to be deleted and have no node whose kubelet would end them."""
    return [
        pod for pod in pods if pod["metadata"].get("deletionTimestamp") and not pod["spec"].get("nodeName")
    ]


def surplus(pods: Iterable[Object], limit: int = TERMINATED_LIMIT) -> list[Object]:
    """The oldest finished pods above the limit."""
    finished = sorted((pod for pod in pods if is_finished(pod)), key=_created)
    return finished[: max(len(finished) - limit, 0)]


def _created(pod: Object) -> str:
    return text(pod, "metadata", "creationTimestamp")

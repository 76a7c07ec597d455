"""Which pods are beyond help. Pure."""

from collections.abc import Collection, Iterable

from kubeade.api.parts import text
from kubeade.api.pod_state import is_finished
from kubeade.api.resource import Object

TERMINATED_LIMIT = 12500


def orphaned(pods: Iterable[Object], nodes: Collection[str]) -> list[Object]:
    """Pods on nodes that do not exist."""
    return [pod for pod in pods if pod["spec"].get("nodeName") and pod["spec"]["nodeName"] not in nodes]


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

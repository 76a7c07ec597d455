"""What the node is short of: kept for the node's conditions and for the admission of pods."""

from datetime import datetime, timedelta

from kubeade.api.pod_requests import qos_class
from kubeade.api.resource import Object
from kubeade.api.taints import untolerated
from kubeade.kubelet import pods

_TAINT = {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}


class Pressure:
    """A condition that was seen stays for a while, so that it does not flap."""

    def __init__(self, transition_seconds: float) -> None:
        self._transition = timedelta(seconds=transition_seconds)
        self._seen: dict[str, datetime] = {}

    def see(self, conditions: set[str], now: datetime) -> None:
        kept = {name: at for name, at in self._seen.items() if now - at < self._transition}
        self._seen = kept | dict.fromkeys(conditions, now)

    @property
    def conditions(self) -> list[str]:
        """MemoryPressure, DiskPressure, PIDPressure: those that hold."""
        return sorted(self._seen)

    def refusal(self, pod: Object) -> str:
        """Why a pod may not start here now; empty if it may (upstream: eviction manager's Admit)."""
        if not self._seen or pods.is_critical(pod):
            return ""
        if self.conditions == ["MemoryPressure"]:
            tolerated = untolerated([_TAINT], pod["spec"].get("tolerations"), ("NoSchedule",)) is None
            if qos_class(pod) != "BestEffort" or tolerated:
                return ""
        return f"The node had condition: [{' '.join(self.conditions)}]. "

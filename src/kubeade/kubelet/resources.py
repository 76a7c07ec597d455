"""What the cgroups of a pod's containers are set to, from requests and limits. Pure."""

from kubeade.api.pod_requests import container_amounts, qos_class
from kubeade.api.resource import Object
from kubeade.cri.types import LinuxResources

CPU_PERIOD_MICROSECONDS = 100_000
MIN_CPU_QUOTA_MICROSECONDS = 1_000
MIN_CPU_SHARES = 2
MAX_CPU_SHARES = 262_144
SHARES_PER_CPU = 1024

OOM_GUARANTEED = -997
OOM_BEST_EFFORT = 1000


def linux_resources(container: Object, pod: Object, memory_capacity_bytes: int) -> LinuxResources:
    """cgroup settings of one container. What it does not limit itself its pod's own limit bounds."""
    requests = container_amounts(container, "requests")
    limits = {**container_amounts(pod["spec"], "limits"), **container_amounts(container, "limits")}
    limit_millis = limits.get("cpu", 0)
    request_millis = requests.get("cpu", limit_millis)
    return LinuxResources(
        cpu_period=CPU_PERIOD_MICROSECONDS if limit_millis else 0,
        cpu_quota=_quota(limit_millis),
        cpu_shares=_shares(request_millis),
        memory_limit_in_bytes=limits.get("memory", 0),
        oom_score_adj=oom_score(container, pod, memory_capacity_bytes),
    )


def pod_resources(pod: Object) -> LinuxResources | None:
    """What bounds all containers of the pod together: only limits that are the pod's own."""
    limits = container_amounts(pod["spec"], "limits")
    if not limits.get("cpu") and not limits.get("memory"):
        return None
    return LinuxResources(
        cpu_period=CPU_PERIOD_MICROSECONDS if limits.get("cpu") else 0,
        cpu_quota=_quota(limits.get("cpu", 0)),
        memory_limit_in_bytes=limits.get("memory", 0),
    )


def oom_score(container: Object, pod: Object, memory_capacity_bytes: int) -> int:
    """Who dies first when memory is short: the less was promised, the sooner."""
    if pod["spec"].get("priority", 0) >= 2_000_000_000:
        return OOM_GUARANTEED
    quality = qos_class(pod)
    if quality == "Guaranteed":
        return OOM_GUARANTEED
    if quality == "BestEffort":
        return OOM_BEST_EFFORT
    requested = container_amounts(container, "requests").get("memory", 0)
    score = 1000 - 1000 * requested // max(1, memory_capacity_bytes)
    return min(max(score, 1000 + OOM_GUARANTEED), OOM_BEST_EFFORT - 1)


def _quota(millis: int) -> int:
    if not millis:
        return 0
    return max(MIN_CPU_QUOTA_MICROSECONDS, millis * CPU_PERIOD_MICROSECONDS // 1000)


def _shares(millis: int) -> int:
    return min(MAX_CPU_SHARES, max(MIN_CPU_SHARES, millis * SHARES_PER_CPU // 1000))

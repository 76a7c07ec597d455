"""When the node is short of something, and who has to go."""

from datetime import UTC, datetime, timedelta

import pytest

from kubeade.cri.types import ContainerMetadata, ContainerState, ContainerStats, ContainerStatus
from kubeade.kubelet.eviction.pressure import Pressure
from kubeade.kubelet.eviction.ranking import (
    eviction_message,
    limits_storage,
    over_storage_limit,
    ranked,
)
from kubeade.kubelet.eviction.signals import Shortage, conditions_of, shortages, signals
from kubeade.kubelet.stats.machine import FilesystemRoom, MachineUsage
from kubeade.kubelet.stats.usage import ContainerUsage, PodUsage, Size

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MIB = 1 << 20
MACHINE = MachineUsage(
    memory_total_bytes=1000 * MIB, working_set_bytes=300 * MIB, pid_limit=100, processes=50
)
ROOM = FilesystemRoom(1000 * MIB, 600 * MIB, 1000, 500)


def pod(name, *, requests=None, limits=None, priority=0, memory=0, layer=0, processes=1, volumes=(), **sizes):
    app = {"name": "app", "resources": {"requests": requests or {}, "limits": limits or {}}}
    manifest = {
        "metadata": {"name": name, "namespace": "shop", "uid": name},
        "spec": {"containers": [app], "priority": priority, "volumes": list(volumes)},
    }
    metadata = ContainerMetadata("app")
    status = ContainerStatus(name, metadata, ContainerState.RUNNING, 1, 1, 0, 0, "i", "i")
    stats = ContainerStats(
        name, metadata, {}, 1, 0, memory, memory, processes=processes, writable_layer_bytes=layer
    )
    found = {volume: Size(size) for volume, size in sizes.items()}
    return PodUsage(manifest, [ContainerUsage(status, stats, 0)], [], found)


def names(found):
    return [each.pod["metadata"]["name"] for each in found]


@pytest.mark.parametrize(
    ("thresholds", "expected"),
    [
        ({"memory.available": "700Mi"}, []),
        ({"memory.available": "701Mi"}, ["memory.available"]),
        ({"memory.available": "71%"}, ["memory.available"]),
        ({"nodefs.available": "60%"}, []),
        ({"pid.available": "51%", "nodefs.inodesFree": "51%"}, ["nodefs.inodesFree", "pid.available"]),
        ({}, []),
    ],
)
def test_threshold_is_crossed_below_an_amount_or_a_share(thresholds, expected):
    assert [each.signal for each in shortages(signals(MACHINE, ROOM, ROOM), thresholds)] == expected


def test_what_is_not_known_is_not_short():
    nothing = FilesystemRoom(0, 0, 0, 0)
    every = dict.fromkeys(("memory.available", "nodefs.inodesFree", "pid.available"), "50%")
    assert shortages(signals(MachineUsage(), nothing, nothing), every) == []


def test_inodes_and_bytes_are_both_pressure_on_the_disk():
    crossed = [Shortage("nodefs.inodesFree", 2, 1), Shortage("memory.available", 2, 1)]
    assert conditions_of(crossed) == {"DiskPressure", "MemoryPressure"}


def test_those_above_their_requests_go_first_then_the_less_important_then_the_greediest():
    found = [
        pod("modest", requests={"memory": "500Mi"}, memory=400 * MIB),
        pod("important", memory=900 * MIB, priority=10),
        pod("greedy", memory=300 * MIB),
        pod("greedier", memory=200 * MIB, requests={"memory": "1Mi"}),
        pod("critical", memory=990 * MIB, priority=2_000_001_000),
    ]
    assert names(ranked(found, "memory")) == ["greedy", "greedier", "important", "modest"]


def test_processes_are_ranked_by_importance_first():
    found = [pod("many", processes=90, priority=5), pod("few", processes=2), pod("some", processes=9)]
    assert names(ranked(found, "pids")) == ["some", "few", "many"]


def test_disk_counts_layers_and_volumes():
    found = [pod("layer", layer=10 * MIB), pod("volume", cache=20 * MIB)]
    assert names(ranked(found, "ephemeral-storage")) == ["volume", "layer"]


def test_message_names_the_container_that_took_more_than_it_asked_for():
    found = pod("web", requests={"memory": "64Mi"}, memory=300 * MIB)
    assert eviction_message(found, Shortage("memory.available", 100 * MIB, 50 * MIB)) == (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 51200Ki. "
        "Container app was using 307200Ki, request is 64Mi, has larger consumption of memory. "
    )


def test_volume_above_its_limit_ends_the_pod():
    volume = {"name": "cache", "emptyDir": {"sizeLimit": "1Mi"}}
    assert over_storage_limit(pod("web", volumes=[volume], cache=MIB)) is None
    verdict = over_storage_limit(pod("web", volumes=[volume], cache=MIB + 1))
    assert verdict.message == 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". '
    assert not verdict.disrupts


def test_limits_of_pod_and_container_are_kept():
    limits = {"ephemeral-storage": "1Mi"}
    assert "exceeds the total limit" in over_storage_limit(pod("web", limits=limits, cache=2 * MIB)).message
    assert "exceeds the total limit" in over_storage_limit(pod("web", limits=limits, layer=2 * MIB)).message
    assert over_storage_limit(pod("web", limits=limits, layer=MIB)) is None
    two = pod("web", limits=limits, layer=2 * MIB)
    two.pod["spec"]["containers"].append({"name": "other"})
    assert over_storage_limit(two).message == (
        'Container app exceeded its local ephemeral storage limit "1Mi". '
    )


def test_only_pods_with_a_limit_need_measuring():
    assert not limits_storage(pod("web", volumes=[{"name": "c", "emptyDir": {}}]).pod)
    assert limits_storage(pod("web", volumes=[{"name": "c", "emptyDir": {"sizeLimit": "1Mi"}}]).pod)
    assert limits_storage(pod("web", limits={"ephemeral-storage": "1Mi"}).pod)


def test_condition_stays_for_a_while():
    pressure = Pressure(60)
    pressure.see({"MemoryPressure"}, NOW)
    pressure.see(set(), NOW + timedelta(seconds=59))
    assert pressure.conditions == ["MemoryPressure"]
    pressure.see(set(), NOW + timedelta(seconds=60))
    assert pressure.conditions == []


def test_short_of_memory_only_those_who_promise_nothing_stay_out():
    pressure = Pressure(60)
    best_effort, burstable = pod("a").pod, pod("b", requests={"memory": "1Mi"}).pod
    assert pressure.refusal(best_effort) == ""
    pressure.see({"MemoryPressure"}, NOW)
    assert pressure.refusal(burstable) == ""
    assert pressure.refusal(best_effort) == "The node had condition: [MemoryPressure]. "
    best_effort["spec"]["tolerations"] = [
        {"key": "node.kubernetes.io/memory-pressure", "operator": "Exists", "effect": "NoSchedule"}
    ]
    assert pressure.refusal(best_effort) == ""


def test_short_of_disk_everybody_stays_out_but_the_critical():
    pressure = Pressure(60)
    pressure.see({"DiskPressure"}, NOW)
    assert pressure.refusal(pod("a", requests={"memory": "1Mi"}).pod)
    assert pressure.refusal(pod("a", priority=2_000_001_000).pod) == ""

"""Making room for what is more important."""

from scheduler_builders import cluster, info, node

from kubeade.scheduler import preemption
from kubeade.scheduler.cycle import decide
from kubeade.scheduler.plugins import DEFAULT_PLUGINS


def find(pod, world, violating=()):
    failed = decide(pod, world, DEFAULT_PLUGINS)
    return preemption.find(pod, world, DEFAULT_PLUGINS, failed, lambda pods: set(violating))


def full(*pods):
    world = cluster(node("a", cpu="2"))
    for one in pods:
        world.place(one, "a")
    return world


def test_the_lowest_priority_goes_first():
    world = full(
        info("low", requests={"cpu": "1"}, priority=1), info("mid", requests={"cpu": "1"}, priority=5)
    )
    found = find(info("high", requests={"cpu": "1"}, priority=10), world)
    assert [victim.key for victim in found.victims] == ["default/low"]


def test_nothing_of_equal_priority_is_evicted():
    world = full(info("one", requests={"cpu": "2"}, priority=10))
    said = find(info("high", requests={"cpu": "1"}, priority=10), world)
    assert said == "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."


def test_eviction_is_no_help_where_the_node_is_too_small():
    said = find(info("huge", requests={"cpu": "3"}, priority=10), full())
    assert said == "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."


def test_a_disruption_budget_is_spared_where_possible():
    world = full(
        info("kept", requests={"cpu": "1"}, priority=1), info("free", requests={"cpu": "1"}, priority=1)
    )
    found = find(info("high", requests={"cpu": "1"}, priority=10), world, violating={"default/kept"})
    assert [victim.key for victim in found.victims] == ["default/free"]


def test_a_pod_may_decline_to_preempt():
    world = full(info("low", requests={"cpu": "2"}, priority=1))
    polite = info("high", requests={"cpu": "1"}, priority=10, preemptionPolicy="Never")
    assert find(polite, world) == "preemption: not eligible due to preemptionPolicy=Never."


def test_a_promised_node_counts_as_full_for_others():
    world = full()
    promised = info("first", requests={"cpu": "2"}, priority=10)
    promised.pod["status"] = {"nominatedNodeName": "a"}
    world.nominated[promised.key] = promised
    failed = decide(info("second", requests={"cpu": "1"}, priority=5), world, DEFAULT_PLUGINS)
    assert failed.per_node() == {"a": "Insufficient cpu"}


def test_a_victim_whose_anti_affinity_is_in_the_way_goes():
    """What the filters look at beyond the node changes with the victims."""
    apart = {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "new"}}}
            ]
        }
    }
    world = full(info("apart", affinity=apart, priority=1), info("other", priority=1))
    found = find(info("new", labels={"app": "new"}, priority=10), world)
    assert [victim.key for victim in found.victims] == ["default/apart"]


def test_in_a_large_cluster_only_so_many_nodes_are_compared():
    world = cluster(*(node(f"n{number}", cpu="1") for number in range(150)))
    for number in range(150):
        priority = 1 if number == 120 else 2
        world.place(info(f"p{number}", requests={"cpu": "1"}, priority=priority), f"n{number}")
    found = find(info("high", requests={"cpu": "1"}, priority=10), world)
    assert found.node_name == "n0"

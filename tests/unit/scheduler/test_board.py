"""What boards remember never changes a decision."""

from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_builders import cluster, info, node

from kubeade.scheduler.board import BOARDS_LIMIT, Boards
from kubeade.scheduler.cycle import NoPlacement, Placement, decide, nodes_to_find
from kubeade.scheduler.framework import Filter, check
from kubeade.scheduler.plugins import DEFAULT_PLUGINS

GPU = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
SOFT = {"key": "slow", "value": "", "effect": "PreferNoSchedule"}
APART = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {
                "topologyKey": "kubernetes.io/hostname",
                "labelSelector": {"matchLabels": {"app": "apart"}},
            }
        ]
    }
}
KINDS = (
    {"requests": {"cpu": "1"}},
    {"requests": {"cpu": "500m", "memory": "1Gi"}},
    {"requests": {"cpu": "3", "memory": "5Gi"}, "priority": 10},
    {"tolerations": [{"key": "gpu", "operator": "Exists"}]},
    {"nodeSelector": {"disk": "ssd"}},
    {"containers": [{"name": "c", "image": "i", "ports": [{"hostPort": 80}]}]},
    {"ownerReferences": [{"uid": "rs", "controller": True}]},
    {"labels": {"app": "apart"}, "affinity": APART},
    {
        "labels": {"app": "even"},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "even"}},
            }
        ],
    },
)
NODES = st.sampled_from(
    [
        {},
        {"cpu": "2"},
        {"taints": [GPU]},
        {"taints": [SOFT]},
        {"unschedulable": True},
        {"labels": {"disk": "ssd", "topology.kubernetes.io/zone": "z"}},
        {"images": 500_000_000},
    ]
)
NAMES = st.sampled_from([f"n{number}" for number in range(5)])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("schedule"), st.sampled_from(KINDS)),
        st.tuples(st.just("set"), st.tuples(NAMES, NODES)),
        st.tuples(st.just("drop"), NAMES),
        st.tuples(st.just("finish"), st.integers(0, 40)),
    ),
    max_size=40,
)


def plainly(pod, world, start):
    """The same decision by asking every node, and nothing remembered."""
    nodes = list(world.nodes.values())
    if not nodes:
        return None
    start %= len(nodes)
    filters = [made for one in DEFAULT_PLUGINS if (made := one.filter_for(pod, world))]
    order = nodes[start:] + nodes[:start]
    feasible = [one for one in order if check(one, filters) is None][: nodes_to_find(len(nodes))]
    if not feasible:
        return None
    totals = [0.0] * len(feasible)
    scorings = [(one.weight, made) for one in DEFAULT_PLUGINS if (made := one.score_for(pod, world))]
    for weight, scoring in sorted(scorings, key=lambda one: one[1].key is None):
        scores = scoring.normalize([scoring.score(one) for one in feasible])
        totals = [total + weight * score for total, score in zip(totals, scores, strict=True)]
    return feasible[totals.index(max(totals))].name


def with_images(made, size):
    if size:
        made["status"]["images"] = [{"names": ["i:latest"], "sizeBytes": size}]
    return made


@settings(deadline=None)
@given(STEPS)
def test_a_decision_with_boards_is_the_decision_without(steps):
    world, boards, start = cluster(node("n0"), node("n1")), Boards(), 0
    for number, (what, given_) in enumerate(steps):
        if what == "set":
            name, spec = given_
            spec = dict(spec)
            size = spec.pop("images", 0)
            world.set_node(with_images(node(name, **spec), size))
        elif what == "drop":
            world.remove_node(given_)
        elif what == "finish":
            world.displace(f"default/p{given_}")
        else:
            pod = info(f"p{number}", **given_)
            outcome = decide(pod, world, DEFAULT_PLUGINS, start, boards)
            assert outcome == decide(pod, world, DEFAULT_PLUGINS, start)
            expected = plainly(pod, world, start)
            if isinstance(outcome, NoPlacement):
                assert expected is None
                assert outcome.refusals.keys() == world.nodes.keys()
                continue
            assert outcome.node_name == expected
            start += outcome.nodes_seen
            world.place(pod, outcome.node_name)


def test_only_the_node_that_changed_is_asked_again():
    world, boards = cluster(*(node(f"n{number}") for number in range(3))), Boards()
    asked = []

    class Recording:
        name, weight = "Recording", 1.0

        def filter_for(self, pod, cluster):
            return Filter(lambda one: asked.append(one.name), key="recording")

        def score_for(self, pod, cluster):
            return None

    for number in range(3):
        outcome = decide(info(f"p{number}"), world, [Recording()], number, boards)
        assert outcome == Placement(f"n{number}", 3)
        world.place(info(f"p{number}"), outcome.node_name)
    assert asked == ["n0", "n1", "n2", "n0", "n1"]


def test_boards_of_kinds_long_unseen_are_let_go():
    world, boards = cluster(node("a", cpu="1000")), Boards()
    for number in range(BOARDS_LIMIT + 5):
        decide(info(f"p{number}", requests={"cpu": f"{number + 1}m"}), world, DEFAULT_PLUGINS, 0, boards)
    assert len(boards) == BOARDS_LIMIT

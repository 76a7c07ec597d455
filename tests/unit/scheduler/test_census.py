"""How many pods of a kind are on which node."""

from hypothesis import given
from hypothesis import strategies as st
from scheduler_builders import cluster, info, node

from kubeade.scheduler.census import Census

LABELS = ({}, {"app": "a"}, {"app": "b"})
MOVES = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["n0", "n1", "gone", ""]), st.integers(0, 2)))


def counted(census: Census) -> dict:
    return {kind.example.kin: dict(kind.homes) for kind in census}


def counted_plainly(placed: dict) -> dict:
    found: dict = {}
    for pod, home in placed.values():
        homes = found.setdefault(pod.kin, {})
        homes[home] = homes.get(home, 0) + 1
    return found


@given(MOVES)
def test_it_agrees_with_counting_pods_one_by_one(moves):
    world, placed = cluster(node("n0"), node("n1")), {}
    for number, home, labels in moves:
        pod = info(f"p{number}", labels=LABELS[labels])
        if home:
            world.place(pod, home)
            placed[pod.key] = pod, home
        else:
            world.displace(pod.key)
            placed.pop(pod.key, None)
    assert counted(world.kin) == counted_plainly(placed)


def test_what_would_be_leaves_what_is_alone():
    world = cluster(node("n0"), node("n1"))
    stays, goes = info("stays", labels={"app": "a"}), info("goes", labels={"app": "a"})
    for pod in (stays, goes):
        world.place(pod, "n0")
    trial = world.nodes["n0"].copy()
    trial.remove(goes.key)
    trial.add(info("comes", labels={"app": "b"}))
    imagined = world.with_node(trial)
    assert sorted(count for kind in imagined.kin for count in kind.homes.values()) == [1, 1]
    assert [kind.homes for kind in world.kin] == [{"n0": 2}]


def test_pods_of_a_node_that_is_gone_are_nowhere():
    world = cluster(node("n0"))
    world.place(info("p"), "n0")
    world.remove_node("n0")
    (kind,) = world.kin
    assert list(world.homes(kind)) == []

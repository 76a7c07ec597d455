"""One decision: which node, or why none."""

from scheduler_builders import cluster, info, node

from kubeade.scheduler.cycle import NoPlacement, Placement, decide, nodes_to_find
from kubeade.scheduler.plugins import DEFAULT_PLUGINS


def place(pod, world, start=0):
    return decide(pod, world, DEFAULT_PLUGINS, start)


def refusal(pod, world):
    outcome = place(pod, world)
    assert isinstance(outcome, NoPlacement)
    return outcome.message()


def test_a_plain_pod_goes_to_the_emptiest_node():
    world = cluster(node("a"), node("b"))
    world.place(info("there", requests={"cpu": "2", "memory": "2Gi"}), "a")
    assert place(info("new", requests={"cpu": "1"}), world) == Placement("b", 2)


def test_an_empty_cluster_says_so():
    assert refusal(info("new"), cluster()) == "no nodes available to schedule pods"


def test_every_node_says_why_and_the_summary_counts():
    world = cluster(
        node("small", cpu="1"),
        node("tainted", taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]),
        node("cordoned", unschedulable=True),
    )
    outcome = place(info("big", requests={"cpu": "2"}), world)
    assert isinstance(outcome, NoPlacement)
    assert outcome.message() == (
        "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {gpu: yes}, "
        "1 node(s) were unschedulable."
    )
    assert outcome.per_node()["small"] == "Insufficient cpu"


def test_a_toleration_opens_a_tainted_node():
    world = cluster(node("a", taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]))
    tolerant = info("new", tolerations=[{"key": "gpu", "operator": "Exists"}])
    assert place(tolerant, world) == Placement("a", 1)


def test_a_node_selector_is_obeyed():
    world = cluster(node("a"), node("b", labels={"disk": "ssd"}))
    assert place(info("new", nodeSelector={"disk": "ssd"}), world).node_name == "b"
    assert "didn't match Pod's node affinity/selector" in refusal(
        info("x", nodeSelector={"disk": "tape"}), world
    )


def test_preferred_node_affinity_decides_between_equals():
    term = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
    wish = {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 10, "preference": term}]
        }
    }
    world = cluster(node("a"), node("b", labels={"disk": "ssd"}))
    assert place(info("new", affinity=wish), world).node_name == "b"


def test_a_host_port_is_taken_once():
    ports = [{"containerPort": 80, "hostPort": 8080}]
    holder, other = info("one"), info("two")
    for one in (holder, other):
        one.pod["spec"]["containers"][0]["ports"] = ports
    holder, other = type(holder).of(holder.pod), type(other).of(other.pod)
    world = cluster(node("a"))
    world.place(holder, "a")
    assert "didn't have free ports" in refusal(other, world)


def test_anti_affinity_keeps_pods_of_a_kind_apart_in_both_directions():
    term = {"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "kubernetes.io/hostname"}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    world = cluster(node("a"), node("b"))
    world.place(info("one", labels={"app": "x"}, affinity=apart), "a")
    assert place(info("two", labels={"app": "x"}, affinity=apart), world).node_name == "b"
    assert place(info("plain", labels={"app": "x"}), world).node_name == "b"


def test_affinity_finds_its_partner_and_the_first_of_a_kind_may_start_anywhere():
    term = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "zone"}
    near = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    world = cluster(node("a", labels={"zone": "1"}), node("b", labels={"zone": "2"}))
    assert "didn't match pod affinity rules" in refusal(
        info("web", labels={"app": "web"}, affinity=near), world
    )
    assert isinstance(place(info("db-0", labels={"app": "db"}, affinity=near), world), Placement)
    world.place(info("db", labels={"app": "db"}), "b")
    assert place(info("web", labels={"app": "web"}, affinity=near), world).node_name == "b"


def test_topology_spread_is_kept():
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }
    world = cluster(node("a", labels={"zone": "1"}), node("b", labels={"zone": "2"}, unschedulable=True))
    world.place(info("one", labels={"app": "x"}), "a")
    spread = info("two", labels={"app": "x"}, topologySpreadConstraints=[constraint])
    assert "didn't match pod topology spread constraints" in refusal(spread, world)


def test_pods_of_one_controller_are_spread_without_being_asked():
    owner = [{"uid": "rs", "controller": True, "kind": "ReplicaSet", "name": "rs"}]
    world = cluster(node("a"), node("b"), node("c"))
    used = set()
    for number in range(3):
        one = info(f"p{number}", ownerReferences=owner)
        outcome = place(one, world)
        world.place(one, outcome.node_name)
        used.add(outcome.node_name)
    assert used == {"a", "b", "c"}


def test_an_unbound_claim_keeps_the_pod_waiting():
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    world = cluster(node("a"))
    assert 'persistentvolumeclaim "data" not found' in refusal(info("p", volumes=volumes), world)
    world.claims["default/data"] = {"spec": {}}
    assert "unbound immediate PersistentVolumeClaims" in refusal(info("p", volumes=volumes), world)
    world.claims["default/data"] = {
        "metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
        "spec": {"volumeName": "pv"},
    }
    assert "bound to non-existent pv(s)" in refusal(info("p", volumes=volumes), world)
    world.volumes["pv"] = {"spec": {}}
    assert place(info("p", volumes=volumes), world) == Placement("a", 1)


def test_large_clusters_are_sampled_as_upstream_does():
    assert [nodes_to_find(count) for count in (50, 100, 1000, 5000, 10000)] == [50, 100, 420, 500, 500]


def test_what_was_worked_out_of_a_node_is_forgotten_when_a_pod_comes_or_goes():
    world = cluster(node("a", cpu="2"), node("b", cpu="2"))
    one = info("one", requests={"cpu": "1500m"})
    assert place(one, world) == Placement("a", 2)
    world.place(one, "a")
    assert place(info("two", requests={"cpu": "1500m"}), world) == Placement("b", 2)
    world.place(info("two", requests={"cpu": "1500m"}), "b")
    assert refusal(info("three", requests={"cpu": "1500m"}), world).startswith(
        "0/2 nodes are available: 2 Insuff"
    )
    world.displace(one.key)
    assert place(info("three", requests={"cpu": "1500m"}), world) == Placement("a", 2)

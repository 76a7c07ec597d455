"""Claims that wait for their first consumer: where a pod fits, and what is then done for them."""

import pytest
from scheduler_builders import cluster, info, node

from kubeade.api.volume_matching import SELECTED_NODE, reserved
from kubeade.scheduler.cycle import NoPlacement, Placement, decide
from kubeade.scheduler.plugins import DEFAULT_PLUGINS
from kubeade.scheduler.plugins.volume_binding import Bindings, bindings_for


def claim(name, storage="1Gi", **annotations):
    return {
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}", "resourceVersion": "7"}
        | {"annotations": annotations},
        "spec": {
            "storageClassName": "late",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": storage}},
        },
    }


def volume(name, on, storage="1Gi"):
    required = {
        "nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [on]}]}
        ]
    }
    return {
        "metadata": {"name": name},
        "spec": {
            "storageClassName": "late",
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": storage},
            "nodeAffinity": {"required": required},
        },
        "status": {"phase": "Available"},
    }


def consumer(*claims):
    mounted = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    return info("p", volumes=mounted)


@pytest.fixture
def world():
    made = cluster(node("a"), node("b"))
    made.storage_classes["late"] = {
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    return made


def have(world, claims=(), volumes=()):
    world.claims.update({f"default/{one['metadata']['name']}": one for one in claims})
    world.volumes.update({one["metadata"]["name"]: one for one in volumes})


def place(world, *claims):
    outcome = decide(consumer(*claims), world, DEFAULT_PLUGINS)
    return outcome.node_name if isinstance(outcome, Placement) else outcome


def test_a_pod_goes_where_a_free_volume_is_and_takes_the_smallest(world):
    one = claim("data")
    have(world, [one], [volume("big", "b", "9Gi"), volume("small", "b", "2Gi"), volume("tiny", "a", "1Mi")])
    assert place(world, "data") == "b"
    assert bindings_for(consumer("data"), world.nodes["b"], world) == Bindings(
        ((one, world.volumes["small"]),)
    )


def test_nowhere_without_a_volume(world):
    have(world, [claim("data", "5Gi")], [volume("small", "b")])
    outcome = place(world, "data")
    assert isinstance(outcome, NoPlacement)
    assert "2 node(s) didn't find available persistent volumes to bind" in outcome.message()


def test_two_claims_get_two_volumes_of_one_node(world):
    have(world, [claim("x"), claim("y")], [volume("a1", "a"), volume("b1", "b"), volume("b2", "b")])
    assert place(world, "x", "y") == "b"
    made = bindings_for(consumer("x", "y"), world.nodes["b"], world)
    assert [one["metadata"]["name"] for _, one in made.volumes] == ["b1", "b2"]


def test_a_volume_that_was_promised_is_taken(world):
    other = claim("other")
    have(world, [claim("data")], [reserved(volume("a1", "a"), other), volume("b1", "b")])
    assert place(world, "data") == "b"


def test_the_volume_reserved_for_a_claim_is_its_own(world):
    one = claim("data")
    have(world, [one], [volume("a1", "a"), reserved(volume("b1", "b", "9Gi"), one)])
    assert place(world, "data") == "b"


def test_a_provisioner_is_told_of_the_node(world):
    world.storage_classes["late"]["provisioner"] = "example.com/disks"
    one = claim("data")
    have(world, [one])
    assert place(world, "data") == "a"
    assert bindings_for(consumer("data"), world.nodes["a"], world) == Bindings(provisioned=(one,))


def test_a_class_provisions_only_in_its_topologies(world):
    topology = {"matchLabelExpressions": [{"key": "kubernetes.io/hostname", "values": ["b"]}]}
    world.storage_classes["late"] |= {"provisioner": "example.com/disks", "allowedTopologies": [topology]}
    have(world, [claim("data")])
    assert place(world, "data") == "b"


def test_a_claim_whose_node_is_chosen_stays_with_it(world):
    world.storage_classes["late"]["provisioner"] = "example.com/disks"
    have(world, [claim("data", **{SELECTED_NODE: "b"})])
    assert place(world, "data") == "b"


def test_a_claim_that_names_its_volume_is_not_the_schedulers(world):
    one = claim("data")
    one["spec"]["volumeName"] = "b1"
    have(world, [one], [volume("b1", "b")])
    outcome = place(world, "data")
    assert isinstance(outcome, NoPlacement)
    assert "unbound immediate PersistentVolumeClaims" in outcome.message()

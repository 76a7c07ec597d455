"""Deployments and their ReplicaSets against a real API server."""

from controller_lab import ControllerLab, deployment, template

from kubeade.api.parts import part, text
from kubeade.api.pod_state import condition
from kubeade.api.resource import Object
from kubeade.api.resources import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS

REVISION = "deployment.kubernetes.io/revision"


async def finished(lab: ControllerLab, name: str = "web", updated: int = 2) -> Object:
    """Play kubelet until every replica is of the new template and available."""

    async def complete() -> Object | None:
        await lab.make_all_ready()
        found = await lab.client.get(DEPLOYMENTS, name, "default")
        status, generation = part(found, "status"), found["metadata"]["generation"]
        counts = [status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas")]
        progressing = condition(found, "Progressing") or {}
        done = progressing.get("reason") == "NewReplicaSetAvailable"
        return (
            found if done and counts == [updated] * 3 and status["observedGeneration"] == generation else None
        )

    return await lab.until(complete)


async def image_of_pods(lab: ControllerLab) -> set[str]:
    return {pod["spec"]["containers"][0]["image"] for pod in await lab.pods()}


async def test_pods_appear_and_the_status_tells_of_it(lab: ControllerLab) -> None:
    await lab.deployment(replicas=2)
    found = await finished(lab)
    assert found["metadata"]["annotations"][REVISION] == "1"
    assert text(condition(found, "Available"), "reason") == "MinimumReplicasAvailable"
    (owned,) = await lab.items(REPLICA_SETS)
    digest = owned["metadata"]["labels"]["pod-template-hash"]
    assert owned["metadata"]["name"] == f"web-{digest}"
    assert all(p["metadata"]["labels"]["pod-template-hash"] == digest for p in await lab.pods())
    progressing = condition(found, "Progressing")
    assert progressing is not None
    assert progressing["message"] == f'ReplicaSet "web-{digest}" has successfully progressed.'


async def test_a_new_template_replaces_every_pod(lab: ControllerLab) -> None:
    await lab.deployment(replicas=2)
    await finished(lab)
    await lab.patch(DEPLOYMENTS, "web", {"spec": {"template": template("web", "two")}})
    found = await finished(lab)
    assert await image_of_pods(lab) == {"two"}
    assert found["metadata"]["annotations"][REVISION] == "2"
    assert len(await lab.items(REPLICA_SETS)) == 2


async def test_going_back_reuses_the_old_replica_set_under_a_new_revision(lab: ControllerLab) -> None:
    await lab.deployment(replicas=1)
    await finished(lab, updated=1)
    for image in ("two", "one"):
        await lab.patch(DEPLOYMENTS, "web", {"spec": {"template": template("web", image)}})
        await finished(lab, updated=1)
    sets = await lab.items(REPLICA_SETS)
    revisions = {
        one["spec"]["template"]["spec"]["containers"][0]["image"]: one["metadata"]["annotations"]
        for one in sets
    }
    assert revisions["one"][REVISION] == "3"
    assert revisions["one"]["deployment.kubernetes.io/revision-history"] == "1"
    assert revisions["two"][REVISION] == "2"


async def test_the_number_of_pods_follows_replicas(lab: ControllerLab) -> None:
    await lab.deployment(replicas=1)
    await lab.count_pods(1)
    await lab.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 4}})
    await lab.count_pods(4)
    await lab.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 0}})
    await lab.count_pods(0)


async def test_a_deleted_pod_is_replaced(lab: ControllerLab) -> None:
    await lab.deployment(replicas=1)
    (pod,) = await lab.count_pods(1)
    await lab.client.delete(PODS, pod["metadata"]["name"], "default", grace_period_seconds=0)
    (other,) = await lab.count_pods(1)
    assert other["metadata"]["uid"] != pod["metadata"]["uid"]


async def test_a_paused_deployment_scales_but_does_not_roll(lab: ControllerLab) -> None:
    await lab.deployment(replicas=1)
    await finished(lab, updated=1)
    change = {"spec": {"paused": True, "replicas": 2, "template": template("web", "two")}}
    await lab.patch(DEPLOYMENTS, "web", change)
    await lab.count_pods(2)
    assert await image_of_pods(lab) == {"one"}

    async def says_paused() -> bool:
        found = await lab.client.get(DEPLOYMENTS, "web", "default")
        return text(condition(found, "Progressing"), "reason") == "DeploymentPaused"

    await lab.until(says_paused)


async def test_recreate_waits_for_the_last_old_pod(lab: ControllerLab) -> None:
    await lab.deployment(replicas=1, strategy={"type": "Recreate"})
    await finished(lab, updated=1)
    await lab.patch(DEPLOYMENTS, "web", {"spec": {"template": template("web", "two")}})
    await finished(lab, updated=1)
    assert await image_of_pods(lab) == {"two"}


async def test_history_beyond_its_limit_is_deleted(lab: ControllerLab) -> None:
    await lab.deployment(replicas=1, revisionHistoryLimit=1)
    for image in ("one", "two", "three"):
        await lab.patch(DEPLOYMENTS, "web", {"spec": {"template": template("web", image)}})
        await finished(lab, updated=1)

    async def two_left() -> bool:
        return len(await lab.items(REPLICA_SETS)) == 2

    await lab.until(two_left)


async def test_an_orphaned_replica_set_is_adopted(lab: ControllerLab) -> None:
    labels = {"app": "web", "pod-template-hash": "old"}
    old = deployment("web-old", image="old", replicas=0, selector={"matchLabels": labels})
    old["metadata"]["labels"] = labels
    old["spec"]["template"]["metadata"]["labels"] = labels
    await lab.client.create(REPLICA_SETS, old, "default")
    made = await lab.deployment(replicas=0)

    async def adopted() -> bool:
        found = await lab.client.get(REPLICA_SETS, "web-old", "default")
        return any(o["uid"] == made["metadata"]["uid"] for o in found["metadata"].get("ownerReferences", []))

    await lab.until(adopted)


async def test_events_tell_of_scaling_and_creation(lab: ControllerLab) -> None:
    await lab.deployment(replicas=1)

    async def told() -> bool:
        events = {(one["reason"], one["source"]["component"]) for one in await lab.items(EVENTS)}
        wanted = {
            ("ScalingReplicaSet", "deployment-controller"),
            ("SuccessfulCreate", "replicaset-controller"),
        }
        return wanted <= events

    await lab.until(told)

"""StatefulSets against a real API server: order, identity, claims, and new templates from the top down."""

from controller_lab import ControllerLab, template

from kubeade.api.parts import number, part
from kubeade.api.resource import Object
from kubeade.api.resources import CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, STATEFUL_SETS

CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
}


async def stateful_set(lab: ControllerLab, **spec: object) -> None:
    body = {
        "metadata": {"name": "db"},
        "spec": {
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": template("db"),
            **spec,
        },
    }
    await lab.client.create(STATEFUL_SETS, body, "default")


async def settled(lab: ControllerLab, pods: int, updated: int | None = None) -> Object:
    """Play kubelet until so many pods are available, and so many of the newest template."""

    async def complete() -> Object | None:
        await lab.make_all_ready()
        found = await lab.client.get(STATEFUL_SETS, "db", "default")
        status = part(found, "status")
        keys = ("replicas", "availableReplicas", "updatedReplicas")
        seen = number(status, "observedGeneration") == number(found, "metadata", "generation")
        wanted = [pods, pods, pods if updated is None else updated]
        return found if seen and [number(status, key) for key in keys] == wanted else None

    found: Object = await lab.until(complete)
    return found


async def images(lab: ControllerLab) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in await lab.pods()}


async def test_pods_come_one_after_the_other_with_names_of_their_own(lab: ControllerLab) -> None:
    await stateful_set(lab, replicas=2)
    (first,) = await lab.count_pods(1)
    assert first["metadata"]["name"] == first["spec"]["hostname"] == "db-0"
    assert first["spec"]["subdomain"] == "db"
    assert first["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "db-0"
    assert first["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "0"
    found = await settled(lab, 2)
    assert found["status"]["currentRevision"] == found["status"]["updateRevision"]
    assert sorted(await images(lab)) == ["db-0", "db-1"]


async def test_parallel_does_not_wait(lab: ControllerLab) -> None:
    await stateful_set(lab, replicas=3, podManagementPolicy="Parallel")
    await lab.count_pods(3)


async def test_claims_follow_the_name_and_outlive_the_pod(lab: ControllerLab) -> None:
    await stateful_set(lab, replicas=2, volumeClaimTemplates=[CLAIM])
    await settled(lab, 2)
    pods = {pod["metadata"]["name"]: pod for pod in await lab.pods()}
    volumes = {volume["name"]: volume for volume in pods["db-1"]["spec"]["volumes"]}
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] == "data-db-1"
    await lab.patch(STATEFUL_SETS, "db", {"spec": {"replicas": 1}})
    await settled(lab, 1)
    assert list(await images(lab)) == ["db-0"]
    names = {one["metadata"]["name"] for one in await lab.items(PERSISTENT_VOLUME_CLAIMS)}
    assert names == {"data-db-0", "data-db-1"}


async def test_the_retention_policy_makes_claims_go_with_their_set(lab: ControllerLab) -> None:
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    await stateful_set(
        lab, replicas=1, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy
    )
    found = await settled(lab, 1)

    async def owned() -> bool:
        (claim,) = await lab.items(PERSISTENT_VOLUME_CLAIMS)
        owners = claim["metadata"].get("ownerReferences") or []
        return [one["uid"] for one in owners] == [found["metadata"]["uid"]]

    await lab.until(owned)


async def test_a_new_template_replaces_pods_down_to_the_partition(lab: ControllerLab) -> None:
    await stateful_set(lab, replicas=3)
    await settled(lab, 3)
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    change = {"template": template("db", "two"), "updateStrategy": strategy}
    await lab.patch(STATEFUL_SETS, "db", {"spec": change})
    found = await settled(lab, 3, updated=1)
    assert await images(lab) == {"db-0": "one", "db-1": "one", "db-2": "two"}
    assert found["status"]["currentRevision"] != found["status"]["updateRevision"]
    strategy["rollingUpdate"] = {"partition": 0}
    await lab.patch(STATEFUL_SETS, "db", {"spec": {"updateStrategy": strategy}})
    found = await settled(lab, 3)
    assert set((await images(lab)).values()) == {"two"}
    assert found["status"]["currentRevision"] == found["status"]["updateRevision"]
    assert sorted(one["revision"] for one in await lab.items(CONTROLLER_REVISIONS)) == [1, 2]

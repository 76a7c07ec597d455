"""Claims and volumes find each other, and stay while they are used."""

from typing import Any

from controller_lab import ControllerLab

from kubeade.api.errors import NotFound
from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.api.resources import EVENTS, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS


async def volume(lab: ControllerLab, name: str, storage: str = "1Gi", **spec: Any) -> Object:
    body = {
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": storage},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": f"/tmp/{name}"},
            **spec,
        },
    }
    return await lab.client.create(PERSISTENT_VOLUMES, body)


async def claim(lab: ControllerLab, name: str, storage: str = "1Gi", **spec: Any) -> Object:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}, **spec}
    body = {"metadata": {"name": name}, "spec": wanted}
    return await lab.client.create(PERSISTENT_VOLUME_CLAIMS, body, "default")


async def in_phase(lab: ControllerLab, resource: Any, name: str, phase: str) -> Object:
    async def found() -> Object | None:
        item = await lab.get(resource, name)
        return item if text(item, "status", "phase") == phase else None

    answer: Object = await lab.until(found)
    return answer


async def mounting_pod(lab: ControllerLab, name: str, source: Object) -> Object:
    spec = {
        "nodeName": "somewhere",
        "containers": [{"name": "main", "image": "one"}],
        "volumes": [{"name": "data", **source}],
    }

    async def made() -> Object | None:
        try:
            return await lab.client.create(PODS, {"metadata": {"name": name}, "spec": spec}, "default")
        except NotFound:
            return None

    answer: Object = await lab.until(made)
    return answer


async def default_account(lab: ControllerLab) -> None:
    from kubeade.api.resources import SERVICE_ACCOUNTS

    async def there() -> Object | None:
        return await lab.get(SERVICE_ACCOUNTS, "default")

    await lab.until(there)


async def test_a_claim_gets_the_smallest_volume_that_suits(lab: ControllerLab) -> None:
    for name, storage in (("large", "10Gi"), ("small", "1Gi"), ("fitting", "3Gi")):
        await volume(lab, name, storage)
        await in_phase(lab, PERSISTENT_VOLUMES, name, "Available")
    await claim(lab, "data", "2Gi")
    bound = await in_phase(lab, PERSISTENT_VOLUME_CLAIMS, "data", "Bound")
    assert bound["spec"]["volumeName"] == "fitting"
    assert bound["status"]["capacity"] == {"storage": "3Gi"}
    found = await in_phase(lab, PERSISTENT_VOLUMES, "fitting", "Bound")
    assert found["spec"]["claimRef"]["uid"] == bound["metadata"]["uid"]


async def test_a_claim_waits_for_a_volume_and_says_so(lab: ControllerLab) -> None:
    await claim(lab, "data")
    await in_phase(lab, PERSISTENT_VOLUME_CLAIMS, "data", "Pending")

    async def told() -> bool:
        events = [one for one in await lab.items(EVENTS) if one["reason"] == "FailedBinding"]
        return any("no storage class is set" in one["message"] for one in events)

    await lab.until(told)
    await volume(lab, "late")
    await in_phase(lab, PERSISTENT_VOLUME_CLAIMS, "data", "Bound")


async def test_no_two_claims_get_one_volume(lab: ControllerLab) -> None:
    await claim(lab, "one")
    await claim(lab, "two")
    await volume(lab, "only")
    await in_phase(lab, PERSISTENT_VOLUMES, "only", "Bound")
    await volume(lab, "other")
    claims = [await in_phase(lab, PERSISTENT_VOLUME_CLAIMS, name, "Bound") for name in ("one", "two")]
    assert {one["spec"]["volumeName"] for one in claims} == {"only", "other"}


async def test_a_volume_is_released_by_the_end_of_its_claim(lab: ControllerLab) -> None:
    await volume(lab, "v")
    await claim(lab, "data")
    await in_phase(lab, PERSISTENT_VOLUME_CLAIMS, "data", "Bound")
    await in_phase(lab, PERSISTENT_VOLUMES, "v", "Bound")
    await lab.client.delete(PERSISTENT_VOLUME_CLAIMS, "data", "default")
    await lab.gone(PERSISTENT_VOLUME_CLAIMS, "data")
    await in_phase(lab, PERSISTENT_VOLUMES, "v", "Released")


async def test_a_claim_without_its_volume_is_lost(lab: ControllerLab) -> None:
    await volume(lab, "v")
    await claim(lab, "data")
    await in_phase(lab, PERSISTENT_VOLUME_CLAIMS, "data", "Bound")
    await lab.client.patch(PERSISTENT_VOLUMES, "v", {"metadata": {"finalizers": None}})
    await lab.client.delete(PERSISTENT_VOLUMES, "v")
    await in_phase(lab, PERSISTENT_VOLUME_CLAIMS, "data", "Lost")


async def test_a_claim_stays_as_long_as_a_pod_uses_it(lab: ControllerLab) -> None:
    await default_account(lab)
    await claim(lab, "data")
    await mounting_pod(lab, "user", {"persistentVolumeClaim": {"claimName": "data"}})
    await lab.client.delete(PERSISTENT_VOLUME_CLAIMS, "data", "default")
    other = await claim(lab, "unused")
    await lab.client.delete(PERSISTENT_VOLUME_CLAIMS, other["metadata"]["name"], "default")
    await lab.gone(PERSISTENT_VOLUME_CLAIMS, "unused")
    assert await lab.get(PERSISTENT_VOLUME_CLAIMS, "data") is not None
    await lab.client.delete(PODS, "user", "default", grace_period_seconds=0)
    await lab.gone(PERSISTENT_VOLUME_CLAIMS, "data")


async def test_a_bound_volume_stays_until_its_claim_goes(lab: ControllerLab) -> None:
    await volume(lab, "v")
    await claim(lab, "data")
    await in_phase(lab, PERSISTENT_VOLUME_CLAIMS, "data", "Bound")
    await lab.client.delete(PERSISTENT_VOLUMES, "v")
    await lab.client.delete(PERSISTENT_VOLUME_CLAIMS, "data", "default")
    await lab.gone(PERSISTENT_VOLUMES, "v")


async def test_an_ephemeral_volume_has_a_claim_of_the_pods_own(lab: ControllerLab) -> None:
    await default_account(lab)
    template = {
        "metadata": {"labels": {"kind": "scratch"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    pod = await mounting_pod(lab, "user", {"ephemeral": {"volumeClaimTemplate": template}})

    async def made() -> Object | None:
        return await lab.get(PERSISTENT_VOLUME_CLAIMS, "user-data")

    found = await lab.until(made)
    assert part(found, "metadata", "labels") == {"kind": "scratch"}
    assert found["metadata"]["ownerReferences"][0]["uid"] == pod["metadata"]["uid"]
    await lab.client.delete(PODS, "user", "default", grace_period_seconds=0)
    await lab.gone(PERSISTENT_VOLUME_CLAIMS, "user-data")

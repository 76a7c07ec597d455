"""Garbage collection and the emptying of namespaces, against a real API server."""

from typing import Any

import pytest
from controller_lab import ControllerLab, deployment

from kubeade.api.errors import NotFound
from kubeade.api.ownership import controller_reference
from kubeade.api.parts import part
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import (
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    REPLICA_SETS,
    SERVICE_ACCOUNTS,
)
from kubeade.controllers.garbagecollector import controller

STANDS = Resource("lemonade.example", "v1", "stands", "Stand")


async def config_map(lab: ControllerLab, name: str, **metadata: Any) -> Object:
    body = {"metadata": {"name": name, **metadata}}
    return await lab.client.create(CONFIG_MAPS, body, metadata.get("namespace", "default"))


async def stands_are_served(lab: ControllerLab) -> None:
    names = {"plural": "stands", "singular": "stand", "kind": "Stand", "listKind": "StandList"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    spec = {"group": "lemonade.example", "scope": "Namespaced", "names": names, "versions": [version]}
    body = {"metadata": {"name": "stands.lemonade.example"}, "spec": spec}
    await lab.client.create(CUSTOM_RESOURCE_DEFINITIONS, body)

    async def served() -> bool:
        try:
            await lab.client.list(STANDS, "default")
        except NotFound:
            return False
        return True

    await lab.until(served)


async def test_custom_resources_own_and_are_owned(lab: ControllerLab) -> None:
    await stands_are_served(lab)
    body = {"apiVersion": "lemonade.example/v1", "kind": "Stand", "metadata": {"name": "corner"}}
    stand = await lab.client.create(STANDS, body, "default")
    reference = {k: v for k, v in controller_reference(stand).items() if k != "controller"}
    await config_map(lab, "menu", ownerReferences=[reference])
    await lab.client.delete(STANDS, "corner", "default")
    await lab.gone(CONFIG_MAPS, "menu")


async def test_an_owner_that_came_and_went_before_its_kind_was_known_is_missed(
    lab: ControllerLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = {"apiVersion": "v1", "kind": "ConfigMap", "name": "nobody", "uid": "unknown"}
    await config_map(lab, "orphan", ownerReferences=[nobody])
    await lab.gone(CONFIG_MAPS, "orphan")  # the collector follows what there is by now
    monkeypatch.setattr(controller, "REDISCOVER_SECONDS", 0.6)
    await stands_are_served(lab)
    body = {"apiVersion": "lemonade.example/v1", "kind": "Stand", "metadata": {"name": "corner"}}
    stand = await lab.client.create(STANDS, body, "default")
    reference = {k: v for k, v in controller_reference(stand).items() if k != "controller"}
    await config_map(lab, "menu", ownerReferences=[reference])
    await lab.client.delete(STANDS, "corner", "default")
    await lab.gone(CONFIG_MAPS, "menu")


async def test_custom_resources_go_with_their_namespace(lab: ControllerLab) -> None:
    await stands_are_served(lab)
    await lab.namespace("shop")
    body = {"apiVersion": "lemonade.example/v1", "kind": "Stand", "metadata": {"name": "corner"}}
    await lab.client.create(STANDS, body, "shop")
    await lab.client.delete(NAMESPACES, "shop")
    await lab.gone(NAMESPACES, "shop")
    assert await lab.items(STANDS, "shop") == []


async def test_deleting_in_the_background_takes_all_that_is_owned(lab: ControllerLab) -> None:
    await lab.deployment(replicas=2)
    await lab.count_pods(2)
    await lab.client.delete(DEPLOYMENTS, "web", "default", propagation_policy="Background")
    await lab.count_pods(0)

    async def no_sets() -> bool:
        return not await lab.items(REPLICA_SETS)

    await lab.until(no_sets)


async def test_deleting_in_the_foreground_takes_the_owner_last(lab: ControllerLab) -> None:
    owner = await config_map(lab, "owner")
    held = await config_map(
        lab,
        "held",
        finalizers=["example.com/hold"],
        ownerReferences=[controller_reference({**owner, "apiVersion": "v1", "kind": "ConfigMap"})],
    )
    await lab.client.delete(CONFIG_MAPS, "owner", "default", propagation_policy="Foreground")

    async def held_is_going() -> bool:
        found = await lab.client.get(CONFIG_MAPS, "held", "default")
        return "deletionTimestamp" in found["metadata"]

    await lab.until(held_is_going)
    assert await lab.get(CONFIG_MAPS, "owner") is not None
    await lab.patch(CONFIG_MAPS, held["metadata"]["name"], {"metadata": {"finalizers": None}})
    await lab.gone(CONFIG_MAPS, "owner")


async def test_orphans_stay_without_their_owner(lab: ControllerLab) -> None:
    await lab.deployment(replicas=1)
    await lab.count_pods(1)
    await lab.client.delete(DEPLOYMENTS, "web", "default", propagation_policy="Orphan")
    await lab.gone(DEPLOYMENTS, "web")
    (left,) = await lab.items(REPLICA_SETS)
    assert not left["metadata"].get("ownerReferences")
    await lab.count_pods(1)


async def test_what_names_an_owner_that_never_was_is_deleted(lab: ControllerLab) -> None:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "never", "uid": "no-such-uid"}
    await config_map(lab, "child", ownerReferences=[reference])
    await lab.gone(CONFIG_MAPS, "child")


async def test_one_of_two_owners_is_enough_to_stay(lab: ControllerLab) -> None:
    owners = [await config_map(lab, name) for name in ("one", "two")]
    references: list[Object] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": o["metadata"]["name"], "uid": o["metadata"]["uid"]}
        for o in owners
    ]
    await config_map(lab, "child", ownerReferences=references)
    await lab.client.delete(CONFIG_MAPS, "one", "default")

    async def released() -> bool:
        child = await lab.client.get(CONFIG_MAPS, "child", "default")
        return [one["name"] for one in child["metadata"]["ownerReferences"]] == ["two"]

    await lab.until(released)


async def test_every_namespace_gets_its_account_and_authority(lab: ControllerLab) -> None:
    await lab.namespace("shop")

    async def there() -> bool:
        account = await lab.get(SERVICE_ACCOUNTS, "default", "shop")
        authority = await lab.get(CONFIG_MAPS, "kube-root-ca.crt", "shop")
        return account is not None and part(authority, "data") == {"ca.crt": "PEM"}

    await lab.until(there)


async def test_a_deleted_namespace_takes_everything_with_it(lab: ControllerLab) -> None:
    await lab.namespace("shop")
    await lab.client.create(DEPLOYMENTS, deployment("web", replicas=2), "shop")
    await lab.client.delete(NAMESPACES, "shop")
    await lab.gone(NAMESPACES, "shop")
    for resource in (DEPLOYMENTS, REPLICA_SETS, PODS, CONFIG_MAPS):
        assert await lab.items(resource, "shop") == []


async def test_a_namespace_says_what_it_waits_for(lab: ControllerLab) -> None:
    await lab.namespace("shop")
    await config_map(lab, "held", namespace="shop", finalizers=["example.com/hold"])
    await lab.client.delete(NAMESPACES, "shop")

    async def told() -> dict[str, str] | None:
        found = await lab.client.get(NAMESPACES, "shop")
        messages = {one["type"]: one["message"] for one in part(found, "status").get("conditions") or []}
        only_the_held = "has 1 resource" in messages.get("NamespaceContentRemaining", "")
        return messages if only_the_held and "NamespaceFinalizersRemaining" in messages else None

    messages = await lab.until(told)
    assert messages["NamespaceContentRemaining"] == (
        "Some resources are remaining: configmaps. has 1 resource instances"
    )
    assert messages["NamespaceFinalizersRemaining"] == (
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    )
    await lab.client.patch(CONFIG_MAPS, "held", {"metadata": {"finalizers": None}}, "shop")
    await lab.gone(NAMESPACES, "shop")


@pytest.mark.parametrize("name", ["default"])
async def test_a_deleted_default_account_comes_back(lab: ControllerLab, name: str) -> None:
    async def there() -> Object | None:
        return await lab.get(SERVICE_ACCOUNTS, name)

    first = await lab.until(there)
    await lab.client.delete(SERVICE_ACCOUNTS, name, "default")

    async def another() -> bool:
        found = await there()
        return found is not None and found["metadata"]["uid"] != first["metadata"]["uid"]

    await lab.until(another)


async def test_a_circle_of_owners_goes_whole_and_leaves_the_collector_idle(lab: ControllerLab) -> None:
    names = ["one", "two", "three"]
    made = {n: await lab.client.create(CONFIG_MAPS, {"metadata": {"name": n}}, "default") for n in names}
    for name, owner in zip(names, ["three", "one", "two"], strict=True):
        reference = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner,
            "uid": made[owner]["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
        patch = {"metadata": {"ownerReferences": [reference]}}
        await lab.client.patch(CONFIG_MAPS, name, patch, "default")
    await lab.client.delete(CONFIG_MAPS, "one", "default", propagation_policy="Foreground")

    async def gone() -> bool:
        left = {one["metadata"]["name"] for one in await lab.items(CONFIG_MAPS)}
        return not left & set(names)

    await lab.until(gone)

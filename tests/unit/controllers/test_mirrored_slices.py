"""What a hand-written Endpoints says, as EndpointSlices."""

from typing import Any

from controller_lab import ControllerLab

from kubeade.api.resource import Object
from kubeade.api.resources import ENDPOINT_SLICES, ENDPOINTS, SERVICES
from kubeade.controllers.endpointslicemirroring.plan import MANAGER, plan, should_mirror

SUBSET = {
    "addresses": [{"ip": "192.0.2.1", "hostname": "one"}, {"ip": "2001:db8::1"}],
    "notReadyAddresses": [{"ip": "192.0.2.2"}],
    "ports": [{"name": "web", "port": 80}],
}


def endpoints(**more: Any) -> Object:
    return {"metadata": {"name": "own", "namespace": "default", "uid": "u"}, "subsets": [SUBSET], **more}


def test_each_family_has_a_slice() -> None:
    made = {one["addressType"]: one for one in plan(endpoints(), []).create}
    assert [each["addresses"] for each in made["IPv6"]["endpoints"]] == [["2001:db8::1"]]
    ready = {each["addresses"][0]: each["conditions"]["ready"] for each in made["IPv4"]["endpoints"]}
    assert ready == {"192.0.2.1": True, "192.0.2.2": False}
    assert made["IPv4"]["endpoints"][0]["hostname"] == "one"


def test_what_is_right_is_left_alone() -> None:
    existing = [{**one, "metadata": {**one["metadata"], "name": "x"}} for one in plan(endpoints(), []).create]
    again = plan(endpoints(), existing)
    assert (again.create, again.update, again.delete) == ([], [], [])


def test_what_is_no_longer_said_is_deleted() -> None:
    existing = plan(endpoints(), []).create
    assert plan(endpoints(subsets=[]), existing).delete == existing


def test_a_selector_or_a_label_forbids_mirroring() -> None:
    service: Object = {"spec": {}}
    assert should_mirror(endpoints(), service)
    assert not should_mirror(endpoints(), {"spec": {"selector": {"app": "web"}}})
    assert not should_mirror(endpoints(), None)
    labels = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    assert not should_mirror({"metadata": {"labels": labels}}, service)


async def test_slices_come_and_go_with_the_endpoints(lab: ControllerLab) -> None:
    await lab.client.create(
        SERVICES, {"metadata": {"name": "own"}, "spec": {"ports": [{"port": 80}]}}, "default"
    )
    subset = {"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}
    await lab.client.create(ENDPOINTS, {"metadata": {"name": "own"}, "subsets": [subset]}, "default")
    selector = "kubernetes.io/service-name=own"

    async def mirrored() -> list[Object]:
        return await lab.items(ENDPOINT_SLICES, selector=selector)

    (one,) = await lab.until(mirrored)
    assert one["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] == MANAGER
    await lab.client.delete(ENDPOINTS, "own", "default")

    async def gone() -> bool:
        return not await mirrored()

    await lab.until(gone)

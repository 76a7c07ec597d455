"""EndpointSlices and Endpoints follow the pods of a Service, against a real API server."""

from typing import Any

from controller_lab import ControllerLab

from kubeade.api.parts import part, parts
from kubeade.api.resource import Object
from kubeade.api.resources import ENDPOINT_SLICES, ENDPOINTS, PODS, SERVICES


async def service(lab: ControllerLab, **spec: Any) -> Object:
    ports = [{"name": "web", "port": 80, "targetPort": "http"}]
    body = {
        "metadata": {"name": "web", "labels": {"tier": "front"}},
        "spec": {"selector": {"app": "web"}, "ports": ports, "clusterIP": "None", **spec},
    }
    return await lab.client.create(SERVICES, body, "default")


async def slices(lab: ControllerLab) -> list[Object]:
    return await lab.items(ENDPOINT_SLICES, selector="kubernetes.io/service-name=web")


async def with_ready(lab: ControllerLab, count: int) -> list[Object]:
    async def found() -> list[Object] | None:
        listed = await slices(lab)
        endpoints = [one for each in listed for one in parts(each, "endpoints")]
        ready = [one for one in endpoints if one["conditions"]["ready"]]
        return listed if listed and len(ready) == count else None

    answer: list[Object] = await lab.until(found)
    return answer


async def subset(lab: ControllerLab, kind: str, count: int) -> Object:
    async def found() -> Object | None:
        endpoints = await lab.get(ENDPOINTS, "web")
        for one in parts(endpoints, "subsets"):
            if len(one.get(kind) or []) == count:
                return one
        return None

    answer: Object = await lab.until(found)
    return answer


async def test_a_service_without_pods_has_an_empty_slice(lab: ControllerLab) -> None:
    await service(lab)
    (one,) = await with_ready(lab, 0)
    assert parts(one, "endpoints") == []
    assert one["metadata"]["labels"]["tier"] == "front"
    assert one["metadata"]["labels"]["service.kubernetes.io/headless"] == ""
    assert one["metadata"]["name"].startswith("web-")


async def test_ready_pods_are_listed_under_their_own_port(lab: ControllerLab) -> None:
    await service(lab)
    await lab.deployment(replicas=2)
    pods = await lab.count_pods(2)
    await lab.make_ready(pods)
    (one,) = await with_ready(lab, 2)
    (port,) = one["ports"]
    assert (port["name"], port["port"], port["protocol"]) == ("web", 8080, "TCP")
    assert {e["addresses"][0] for e in one["endpoints"]} == {"10.244.0.1", "10.244.0.2"}
    assert {e["targetRef"]["name"] for e in one["endpoints"]} == {p["metadata"]["name"] for p in pods}
    found = await subset(lab, "addresses", 2)
    assert [port["port"] for port in found["ports"]] == [8080]


async def test_a_pod_that_is_not_ready_is_listed_as_such(lab: ControllerLab) -> None:
    await service(lab)
    await lab.deployment(replicas=1)
    (pod,) = await lab.count_pods(1)
    await lab.make_ready([pod])
    await with_ready(lab, 1)
    conditions = [{"type": "Ready", "status": "False"}]
    status = {"status": {"conditions": conditions}}
    await lab.patch(PODS, pod["metadata"]["name"], status, subresource="status")
    (one,) = await with_ready(lab, 0)
    assert one["endpoints"][0]["conditions"] == {"ready": False, "serving": False, "terminating": False}
    await subset(lab, "notReadyAddresses", 1)


async def test_a_service_may_publish_what_is_not_ready(lab: ControllerLab) -> None:
    await service(lab, publishNotReadyAddresses=True)
    await lab.deployment(replicas=1)
    (pod,) = await lab.count_pods(1)
    status = {"phase": "Running", "podIP": "10.244.0.9", "podIPs": [{"ip": "10.244.0.9"}]}
    await lab.patch(PODS, pod["metadata"]["name"], {"status": status}, subresource="status")
    (one,) = await with_ready(lab, 1)
    assert one["endpoints"][0]["conditions"]["serving"] is False
    await subset(lab, "addresses", 1)


async def test_a_service_without_selector_is_left_to_others(lab: ControllerLab) -> None:
    await service(lab)
    await with_ready(lab, 0)
    body = {"metadata": {"name": "own"}, "spec": {"ports": [{"port": 80}], "clusterIP": "None"}}
    await lab.client.create(SERVICES, body, "default")
    await lab.deployment(replicas=1)
    await lab.make_ready(await lab.count_pods(1))
    await with_ready(lab, 1)
    assert await lab.items(ENDPOINT_SLICES, selector="kubernetes.io/service-name=own") == []
    assert await lab.get(ENDPOINTS, "own") is None


async def test_endpoints_go_with_their_service(lab: ControllerLab) -> None:
    await service(lab)
    await with_ready(lab, 0)
    await lab.client.delete(SERVICES, "web", "default")
    await lab.gone(ENDPOINTS, "web")

    async def no_slices() -> bool:
        return not await slices(lab)

    await lab.until(no_slices)


async def test_changed_ports_rewrite_the_slice(lab: ControllerLab) -> None:
    await service(lab)
    await lab.deployment(replicas=1)
    await lab.make_ready(await lab.count_pods(1))
    (before,) = await with_ready(lab, 1)
    await lab.patch(SERVICES, "web", {"spec": {"ports": [{"name": "web", "port": 80, "targetPort": 9090}]}})

    async def changed() -> Object | None:
        listed = await slices(lab)
        ports = [port["port"] for one in listed for port in parts(one, "ports")]
        return listed[0] if ports == [9090] else None

    after = await lab.until(changed)
    assert after["metadata"]["name"] == before["metadata"]["name"]
    assert len(part(after, "metadata")) > 0

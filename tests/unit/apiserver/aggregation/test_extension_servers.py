"""A group that another server serves: found, asked, told who asks, and missed when it is away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from api_lab import ADMIN, ApiLab
from extension_stand import ExtensionServer, aggregating_lab

from kubeade.apiserver.seams import User
from kubeade.lib.http.connection import Limits
from kubeade.lib.http.dial import Address, send
from kubeade.lib.http.message import Request, Response
from kubeade.lib.http.server import HttpServer

API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
NAME = "v1.shop.example"
DRINKS = "/apis/shop.example/v1/namespaces/default/drinks"
AGGREGATED = {"accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}


@pytest.fixture
async def extension(tmp_path: Path) -> AsyncIterator[ExtensionServer]:
    (tmp_path / "extension").mkdir()
    server = ExtensionServer(tmp_path / "extension")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def lab(tmp_path: Path, extension: ExtensionServer) -> AsyncIterator[ApiLab]:
    async with aggregating_lab(tmp_path, extension.directory / "proxies") as lab:
        await lab.make("/api/v1/namespaces", {"metadata": {"name": "shop"}})
        yield lab


async def make_service(lab: ApiLab, extension: ExtensionServer, port: int = 443) -> None:
    spec = {"type": "ExternalName", "externalName": "localhost"}
    await lab.make("/api/v1/namespaces/shop/services", {"metadata": {"name": "drinks"}, "spec": spec})


async def register(lab: ApiLab, extension: ExtensionServer, **spec: Any) -> Any:
    service = {"namespace": "shop", "name": "drinks", "port": extension.port}
    spec = {
        "group": "shop.example",
        "version": "v1",
        "service": service,
        "caBundle": extension.bundle,
        "groupPriorityMinimum": 17790,
        "versionPriority": 10,
    } | spec
    return await lab.make(API_SERVICES, {"metadata": {"name": NAME}, "spec": spec})


async def wait_condition(lab: ApiLab, accept: Callable[[dict[str, Any]], bool], name: str = NAME) -> Any:
    """The first Available condition that is accepted; from a watch, so that nothing is polled."""
    async with lab.watching(f"{API_SERVICES}?watch=true&fieldSelector=metadata.name={name}") as events:
        while True:
            found = await events.next()
            for condition in found["object"].get("status", {}).get("conditions", []):
                if accept(condition):
                    return condition


async def wait_reason(lab: ApiLab, reason: str) -> Any:
    return await wait_condition(lab, lambda condition: condition["reason"] == reason)


@pytest.fixture
async def served(lab: ApiLab, extension: ExtensionServer) -> ApiLab:
    await make_service(lab, extension)
    await register(lab, extension)
    assert (await wait_reason(lab, "Passed"))["message"] == "all checks passed"
    extension.seen.clear()
    return lab


# -- requests ------------------------------------------------------------------------------------------


async def test_a_request_arrives_with_the_user_s_identity(served: ApiLab, extension: ExtensionServer) -> None:
    jane = User("j\u00f6rg", "42", ("system:masters", "a,b"), {"acme.org/x": ("1", "2")})
    headers = {"authorization": "Bearer secret", "x-remote-user": "root", "x-remote-group": "spoofed"}
    answer = await served.send("GET", f"{DRINKS}/cola?watch=0", headers=headers, user=jane)
    assert answer.json == {"kind": "Drink", "path": f"{DRINKS}/cola"}
    seen = extension.seen[-1]
    assert seen.peer_certificate
    assert seen.query_string == "watch=0"
    assert "authorization" not in seen.headers
    assert seen.values("x-remote-user") == ["j\u00f6rg".encode().decode("latin-1")]
    assert seen.values("x-remote-group") == ["system:masters", "a,b"]
    assert seen.values("x-remote-extra-acme.org%2fx") == ["1", "2"]
    assert seen.headers["x-remote-uid"] == "42"


async def test_it_is_authorized_here_first(served: ApiLab, extension: ExtensionServer) -> None:
    served.doors.forbidden.add("delete")
    assert (await served.send("DELETE", f"{DRINKS}/cola")).status == 403
    assert extension.seen == []
    asked = served.doors.asked[-1]
    assert (asked.group, asked.resource, asked.name) == ("shop.example", "drinks", "cola")


async def test_a_large_body_passes_without_being_held(served: ApiLab, extension: ExtensionServer) -> None:
    async def handle(request: Request) -> Response:
        request.identity = ADMIN
        assert request.body == b""
        return await served.server.handle(request)

    front = HttpServer(handle, limits=Limits(body_bytes=1000), streams=served.server.streams)
    port = await front.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {DRINKS} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    writer.write(head.encode() + b"8000\r\n%b\r\n" % (b"x" * 0x8000) * 20 + b"0\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    await front.stop()
    (sent,) = [each for each in extension.seen if each.method == "POST"]
    assert sent.body == b"x" * 0x8000 * 20


async def test_bodies_and_refusals_pass_unchanged(served: ApiLab, extension: ExtensionServer) -> None:
    extension.status = 422
    answer = await served.send("POST", DRINKS, b"\x00raw", headers={"content-type": "application/x-own"})
    assert (answer.status, answer.body) == (422, b"as told")
    (sent,) = [each for each in extension.seen if each.method == "POST"]  # others ask whether it is there
    assert (sent.body, sent.headers["content-type"]) == (
        b"\x00raw",
        "application/x-own",
    )


async def test_a_redirect_is_not_handed_on(served: ApiLab, extension: ExtensionServer) -> None:
    extension.status = 302
    answer = await served.send("GET", f"{DRINKS}/cola")
    message = b"the backend attempted to redirect this request, which is not permitted"
    assert (answer.status, answer.body, answer.header("location")) == (502, message, [])


async def test_an_upgrade_passes_through(served: ApiLab) -> None:
    async def handle(request: Request) -> Response:
        request.identity = ADMIN
        return await served.server.handle(request)

    front = HttpServer(handle)
    port = await front.start()
    headers = [("connection", "Upgrade"), ("upgrade", "websocket"), ("x-remote-user", "root")]
    answer = await send(Address("127.0.0.1", port), "GET", f"{DRINKS}/cola/pour", headers)
    assert answer.status == 101
    duplex = answer.duplex()
    await duplex.write(b"lemonade")
    assert await asyncio.wait_for(duplex.read(), 5) == b"LEMONADE"
    await duplex.close()
    await front.stop(0.1)


# -- availability --------------------------------------------------------------------------------------


async def test_without_a_service_it_is_unavailable(lab: ApiLab, extension: ExtensionServer) -> None:
    await register(lab, extension)
    condition = await wait_reason(lab, "ServiceNotFound")
    assert condition["message"] == 'service/drinks in "shop" is not present'
    answer = await lab.send("GET", f"{DRINKS}/cola")
    assert (answer.status, answer.body) == (503, b"service unavailable\n")
    assert answer.header("content-type") == ["text/plain; charset=utf-8"]
    await make_service(lab, extension)
    assert (await wait_reason(lab, "Passed"))["status"] == "True"


@pytest.mark.parametrize("trust", [{"caBundle": None}, {"caBundle": "proxies"}])
async def test_a_server_that_cannot_be_verified_is_not_gone_to(
    lab: ApiLab, extension: ExtensionServer, trust: dict[str, Any]
) -> None:
    if trust["caBundle"]:
        import base64

        trust = {"caBundle": base64.b64encode(extension.proxies.certificate_pem).decode()}
    await make_service(lab, extension)
    await register(lab, extension, **trust)
    condition = await wait_reason(lab, "FailedDiscoveryCheck")
    assert "CERTIFICATE_VERIFY_FAILED" in condition["message"]
    assert extension.seen == []


async def test_a_name_that_cannot_be_looked_up_is_unavailable(
    lab: ApiLab, extension: ExtensionServer
) -> None:
    spec = {"type": "ExternalName", "externalName": f"{'x' * 70}.example"}
    await lab.make("/api/v1/namespaces/shop/services", {"metadata": {"name": "drinks"}, "spec": spec})
    await register(lab, extension)
    assert "no such host" in (await wait_reason(lab, "FailedDiscoveryCheck"))["message"]


async def test_verification_can_be_given_up(lab: ApiLab, extension: ExtensionServer) -> None:
    await make_service(lab, extension)
    await register(lab, extension, caBundle=None, insecureSkipTLSVerify=True)
    assert (await wait_reason(lab, "Passed"))["status"] == "True"


async def test_a_server_that_answers_badly_is_unavailable(lab: ApiLab, extension: ExtensionServer) -> None:
    extension.status = 500
    await make_service(lab, extension)
    await register(lab, extension)
    condition = await wait_reason(lab, "FailedDiscoveryCheck")
    assert condition["message"].endswith("bad status: 500")


# -- discovery and OpenAPI -----------------------------------------------------------------------------


async def test_its_group_is_discovered_at_its_priority(served: ApiLab) -> None:
    groups = [each["name"] for each in (await served.send("GET", "/apis")).json["groups"]]
    assert groups[:4] == ["apiregistration.k8s.io", "apps", "shop.example", "events.k8s.io"]
    group = (await served.send("GET", "/apis/shop.example")).json
    assert group["preferredVersion"] == {"groupVersion": "shop.example/v1", "version": "v1"}
    resources = (await served.send("GET", "/apis/shop.example/v1")).json["resources"]
    assert [each["name"] for each in resources] == ["drinks", "drinks/status"]


def version_of(document: Any, group: str) -> Any:
    return next(each["versions"][0] for each in document["items"] if each["metadata"].get("name") == group)


async def test_aggregated_discovery_has_it_current_then_stale(
    served: ApiLab, extension: ExtensionServer
) -> None:
    document = (await served.send("GET", "/apis", headers=AGGREGATED)).json
    found = version_of(document, "shop.example")
    assert found["freshness"] == "Current"
    kind = {"group": "shop.example", "version": "v1", "kind": "Drink"}
    assert found["resources"] == [
        {
            "resource": "drinks",
            "responseKind": kind,
            "scope": "Namespaced",
            "singularResource": "drink",
            "verbs": ["get", "list"],
            "subresources": [{"subresource": "status", "responseKind": kind, "verbs": ["get"]}],
        }
    ]
    assert (await served.send("DELETE", "/api/v1/namespaces/shop/services/drinks")).status == 200
    await wait_reason(served, "ServiceNotFound")
    stale = version_of((await served.send("GET", "/apis", headers=AGGREGATED)).json, "shop.example")
    assert stale == {**found, "freshness": "Stale"}


async def test_its_documents_are_part_of_ours(served: ApiLab) -> None:
    v2 = (await served.send("GET", "/openapi/v2")).json
    operation = v2["paths"]["/apis/shop.example/v1/drinks"]
    assert operation == {
        "parameters": [{"name": "pretty", "in": "query", "type": "string"}],
        "get": {"responses": {"200": {"schema": {"$ref": "#/definitions/Drink"}}}},
    }
    assert "/version/" not in v2["paths"] and "/api/v1/namespaces/{namespace}/pods" in v2["paths"]
    assert {"Drink", "Meta"} <= set(v2["definitions"]) and "Unused" not in v2["definitions"]
    index = (await served.send("GET", "/openapi/v3")).json["paths"]
    assert index["apis/shop.example/v1"] == {"serverRelativeURL": "/openapi/v3/apis/shop.example/v1?hash=AB"}
    v3 = await served.send("GET", "/openapi/v3/apis/shop.example/v1")
    assert v3.json == {"openapi": "3.0.0", "paths": {}}


@pytest.mark.parametrize(
    "broken", [{"paths": []}, {"paths": {DRINKS.replace("/namespaces", ""): {"x": 1}}}, []]
)
async def test_a_document_that_cannot_be_read_is_left_out(
    served: ApiLab, extension: ExtensionServer, broken: Any
) -> None:
    extension.documents["/openapi/v2"] = broken
    for accept in ("application/json", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"):
        answer = await served.send("GET", "/openapi/v2", headers={"accept": accept})
        assert answer.status == 200
        assert b"shop.example" not in answer.body


async def test_it_is_gone_with_its_registration(served: ApiLab) -> None:
    assert (await served.send("DELETE", f"{API_SERVICES}/{NAME}")).status == 200
    assert (await served.send("GET", f"{DRINKS}/cola")).status == 404
    assert (await served.send("GET", "/apis/shop.example")).status == 404
    assert "apis/shop.example/v1" not in (await served.send("GET", "/openapi/v3")).json["paths"]


# -- our own -------------------------------------------------------------------------------------------


async def test_every_group_version_of_our_own_is_registered(lab: ApiLab) -> None:
    for name in ("v1.", "v2.autoscaling"):
        condition = await wait_condition(lab, lambda found: found["status"] == "True", name)
        assert condition["reason"] == "Local"
    found = (await lab.send("GET", f"{API_SERVICES}/v1.apps")).json
    assert found["spec"] == {"group": "apps", "version": "v1"} | {
        "groupPriorityMinimum": 17800,
        "versionPriority": 15,
    }
    assert found["metadata"]["labels"] == {"kube-aggregator.kubernetes.io/automanaged": "onstart"}
    assert (await lab.send("GET", f"{API_SERVICES}/v1.apiregistration.k8s.io")).status == 404


async def test_custom_groups_are_registered_while_they_are_defined(lab: ApiLab) -> None:
    names = {"plural": "cups", "singular": "cup", "kind": "Cup", "listKind": "CupList"}
    schema = {"openAPIV3Schema": {"type": "object"}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    spec = {"group": "cups.example", "names": names, "scope": "Namespaced", "versions": [version]}
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    async with lab.watching(
        f"{API_SERVICES}?watch=true&fieldSelector=metadata.name=v1.cups.example"
    ) as events:
        await lab.make(definitions, {"metadata": {"name": "cups.cups.example"}, "spec": spec})
        made = (await events.next())["object"]
        assert (made["spec"]["groupPriorityMinimum"], made["spec"]["versionPriority"]) == (1000, 100)
        assert made["metadata"]["labels"] == {"kube-aggregator.kubernetes.io/automanaged": "true"}
        assert (await lab.send("DELETE", f"{definitions}/cups.cups.example")).status == 200
        while (await events.next())["type"] != "DELETED":
            pass

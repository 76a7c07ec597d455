"""Getting and listing: pages, selectors, revisions, representations."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_lab import ApiLab, api_lab

from kubeade.api.resource import Object
from kubeade.apiserver.seams import Question
from kubeade.apiserver.server import ApiServerConfig

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as found:
        yield found


async def names(lab: ApiLab, path: str) -> list[str]:
    answer = await lab.send("GET", path)
    assert answer.status == 200, answer.body
    return [item["metadata"]["name"] for item in answer.json["items"]]


async def test_a_list_holds_a_namespace_or_all_in_key_order(lab: ApiLab) -> None:
    for namespace, name in [("b", "x"), ("a", "z"), ("a-b", "w"), ("a", "y")]:
        await lab.config_map(name, namespace)
    assert await names(lab, "/api/v1/namespaces/a/configmaps") == ["y", "z"]
    assert await names(lab, "/api/v1/configmaps") == ["w", "y", "z", "x"]


async def test_an_empty_list_is_a_list(lab: ApiLab) -> None:
    answer = await lab.send("GET", CONFIG_MAPS)
    assert answer.json["kind"] == "ConfigMapList"
    assert answer.json["items"] == []


async def test_what_is_missing_is_named(lab: ApiLab) -> None:
    answer = await lab.send("GET", "/apis/apps/v1/namespaces/default/deployments/web")
    assert answer.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'deployments.apps "web" not found',
        "reason": "NotFound",
        "details": {"name": "web", "group": "apps", "kind": "deployments"},
        "code": 404,
    }


async def test_labels_and_fields_select(lab: ApiLab) -> None:
    await lab.pod("a", metadata={"labels": {"app": "web"}})
    await lab.pod("b", metadata={"labels": {"app": "db"}}, spec={"nodeName": "n1"})
    pods = "/api/v1/namespaces/default/pods"
    assert await names(lab, f"{pods}?labelSelector=app%3Dweb") == ["a"]
    assert await names(lab, f"{pods}?labelSelector=app+in+(web,db)") == ["a", "b"]
    await lab.pod("c", metadata={"labels": {"app": "n1"}}, spec={"nodeName": "n12"})
    assert await names(lab, "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1") == ["b"]
    assert await names(lab, "/api/v1/pods?fieldSelector=spec.nodeName%21%3Dn1") == ["a", "c"]
    assert await names(lab, "/api/v1/pods?fieldSelector=spec.nodeName%3D") == ["a"]
    assert await names(lab, "/api/v1/pods?fieldSelector=metadata.name%3Da") == ["a"]
    assert await names(lab, f"{pods}?fieldSelector=metadata.name%3Da") == ["a"]
    assert (await lab.send("GET", f"{pods}?fieldSelector=spec.nope%3Da")).status == 400
    assert (await lab.send("GET", f"{pods}?labelSelector=a%3D%3D%3Db")).status == 400


@pytest.mark.parametrize("changes", [True, False])
async def test_pages_together_are_the_list_as_it_was_at_the_first(lab: ApiLab, changes: bool) -> None:
    for name in "abcde":
        await lab.config_map(name)
    first = (await lab.send("GET", f"{CONFIG_MAPS}?limit=2")).json
    assert first["metadata"]["remainingItemCount"] == 3
    if changes:
        await lab.config_map("aa")
        await lab.send("DELETE", f"{CONFIG_MAPS}/d")
    else:
        await lab.send("POST", "/api/v1/namespaces", {"metadata": {"name": "elsewhere"}})
    found, token = [item["metadata"]["name"] for item in first["items"]], first["metadata"]["continue"]
    while token:
        page = (await lab.send("GET", f"{CONFIG_MAPS}?limit=2&continue={token}")).json
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        found += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue")
    assert found == list("abcde")


async def test_a_page_whose_revision_is_forgotten_offers_an_inconsistent_rest(lab: ApiLab) -> None:
    for name in "abc":
        await lab.config_map(name)
    first = (await lab.send("GET", f"{CONFIG_MAPS}?limit=2")).json
    await lab.config_map("d")
    await lab.server.storage.ledger.compact(lab.server.storage.ledger.revision)
    token = first["metadata"]["continue"]
    expired = await lab.send("GET", f"{CONFIG_MAPS}?limit=2&continue={token}")
    assert (expired.status, expired.json["reason"]) == (410, "Expired")
    assert await names(lab, f"{CONFIG_MAPS}?continue={expired.json['metadata']['continue']}") == ["c", "d"]


async def test_a_list_in_pages_is_promised_for_five_minutes(lab: ApiLab) -> None:
    for name in "abc":
        await lab.config_map(name)
    token = (await lab.send("GET", f"{CONFIG_MAPS}?limit=1")).json["metadata"]["continue"]
    lab.clock.advance(300)
    second = await lab.send("GET", f"{CONFIG_MAPS}?limit=1&continue={token}")
    assert second.status == 200
    lab.clock.advance(1)
    for late in (token, second.json["metadata"]["continue"]):
        assert (await lab.send("GET", f"{CONFIG_MAPS}?limit=1&continue={late}")).status == 410


@pytest.mark.parametrize(
    "token", ["x", "eyJ2IjoieCJ9", "e30", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi94In0"]
)
async def test_made_up_continue_tokens_are_refused(lab: ApiLab, token: str) -> None:
    answer = await lab.send("GET", f"{CONFIG_MAPS}?continue={token}")
    assert answer.status == 400
    assert answer.message.startswith("invalid continue token: continue key is not valid")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("resourceVersion=0", 200),
        ("resourceVersion=0&resourceVersionMatch=NotOlderThan", 200),
        ("resourceVersion=0&resourceVersionMatch=Exact", 422),
        ("resourceVersionMatch=Exact", 422),
        ("resourceVersion=1&resourceVersionMatch=Newest", 422),
        ("resourceVersion=one", 400),
        ("sendInitialEvents=true", 422),
        ("limit=many", 400),
    ],
)
async def test_list_options_are_checked_as_upstream_does(lab: ApiLab, query: str, status: int) -> None:
    await lab.config_map("a")
    assert (await lab.send("GET", f"{CONFIG_MAPS}?{query}")).status == status


async def test_an_exact_revision_shows_the_list_as_it_was(lab: ApiLab) -> None:
    revision = (await lab.config_map("a"))["metadata"]["resourceVersion"]
    await lab.config_map("b")
    query = f"resourceVersion={revision}&resourceVersionMatch=Exact"
    assert await names(lab, f"{CONFIG_MAPS}?{query}") == ["a"]


async def test_tables_show_rows_and_columns(lab: ApiLab) -> None:
    await lab.config_map("menu", data={"a": "b", "c": "d"})
    table = (await lab.send("GET", CONFIG_MAPS, headers=TABLE)).json
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert [column["name"] for column in table["columnDefinitions"]][:3] == ["Name", "Data", "Age"]
    assert table["rows"][0]["cells"][:3] == ["menu", 2, "0s"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


async def test_metadata_alone_can_be_asked_for(lab: ApiLab) -> None:
    await lab.config_map("menu", data={"a": "b"})
    headers = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    (item,) = (await lab.send("GET", CONFIG_MAPS, headers=headers)).json["items"]
    assert item["kind"] == "PartialObjectMetadata"
    assert "data" not in item


@pytest.mark.parametrize(
    ("accept", "status", "media_type"),
    [
        ("", 200, "application/json"),
        ("application/vnd.kubernetes.protobuf,application/json", 200, "application/vnd.kubernetes.protobuf"),
        ("application/yaml", 200, "application/yaml"),
        ("text/html, */*;q=0.8", 200, "application/json"),
        ("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io", 406, "application/json"),
    ],
)
async def test_the_first_form_that_is_spoken_is_answered(
    lab: ApiLab, accept: str, status: int, media_type: str
) -> None:
    answer = await lab.send("GET", CONFIG_MAPS, headers={"accept": accept})
    assert (answer.status, answer.header("content-type")) == (status, [media_type])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothings", 404),
        ("GET", "/apis/nobody.io/v1/nothings", 404),
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/namespaces/../configmaps", 400),
        ("GET", "/api/v1/namespaces/default/configmaps/a/log", 404),
        ("POST", "/api/v1/namespaces/default/configmaps/a", 405),
        ("PUT", "/api/v1/namespaces/default/configmaps", 405),
        ("POST", "/api/v1/configmaps", 405),
        ("GET", "/api/v1/bindings", 405),
        ("POST", "/version", 405),
        ("DELETE", "/api/v1/namespaces", 405),
        ("BREW", "/api/v1/namespaces", 405),
    ],
)
async def test_what_there_is_not_and_what_cannot_be_done(
    lab: ApiLab, method: str, path: str, status: int
) -> None:
    answer = await lab.send(method, path)
    assert (answer.status, answer.json["kind"]) == (status, "Status")


async def test_who_is_not_known_and_who_is_not_allowed(lab: ApiLab) -> None:
    assert (await lab.send("GET", CONFIG_MAPS, user=None)).status == 401
    lab.doors.forbidden.add("list")
    answer = await lab.send("GET", CONFIG_MAPS)
    assert answer.status == 403
    assert answer.message == (
        'configmaps is forbidden: User "admin" cannot list resource "configmaps" in API group "" '
        'in the namespace "default"'
    )


async def test_versions_of_one_kind_share_their_objects(lab: ApiLab) -> None:
    body = {
        "metadata": {"name": "web"},
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"},
            "targetCPUUtilizationPercentage": 70,
        },
    }
    await lab.make("/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers", body)
    path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/web"
    newer = (await lab.send("GET", path)).json
    assert newer["apiVersion"] == "autoscaling/v2"
    assert newer["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


async def test_an_order_tells_who_placed_it_and_who_touched_it_last(lab: ApiLab) -> None:
    made = await lab.config_map("menu")
    order = (await lab.send("GET", f"{CONFIG_MAPS}/menu/order")).json
    assert order == {
        "uid": made["metadata"]["uid"],
        "resourceVersion": "2",
        "createRevision": "2",
        "creator": "admin",
        "lastAuthor": "admin",
    }
    assert lab.doors.asked[-1].subresource == "order"


async def test_health_and_version_and_metrics_answer(lab: ApiLab) -> None:
    assert (await lab.send("GET", "/readyz")).body == b"ok"
    assert b"[+]ping ok" in (await lab.send("GET", "/readyz?verbose")).body
    done = lab.server.health.add_hook("first-objects")
    assert (await lab.send("GET", "/readyz")).status == 500
    done()
    assert (await lab.send("GET", "/readyz")).status == 200
    assert (await lab.send("GET", "/version")).json["minor"] == "37"
    await lab.config_map("a")
    metrics = (await lab.send("GET", "/metrics")).body
    assert b'apiserver_request_total{verb="CREATE",group="",version="v1",resource="configmaps"' in metrics
    assert b'apiserver_storage_objects{resource="configmaps"} 1' in metrics


async def test_discovery_comes_in_parts_and_as_a_whole(lab: ApiLab) -> None:
    assert (await lab.send("GET", "/api")).json["versions"] == ["v1"]
    assert "apps" in {group["name"] for group in (await lab.send("GET", "/apis")).json["groups"]}
    names_ = {each["name"] for each in (await lab.send("GET", "/api/v1")).json["resources"]}
    assert {"pods", "pods/log", "pods/eviction"} <= names_
    assert "pods/order" not in names_
    accept = {
        "accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    }
    whole = await lab.send("GET", "/apis", headers=accept)
    assert whole.json["kind"] == "APIGroupDiscoveryList"
    again = await lab.send("GET", "/apis", headers={**accept, "if-none-match": whole.header("etag")[0]})
    assert (again.status, again.body) == (304, b"")


async def test_what_is_answered_and_not_kept_has_no_table(tmp_path: Path) -> None:
    async def answer(question: Question) -> Object:
        return question.body

    config = ApiServerConfig(responders={("authorization.k8s.io", "selfsubjectaccessreviews", ""): answer})
    async with api_lab(tmp_path, config=config) as lab:
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        assert (await lab.send("POST", path, {"spec": {}})).status == 201
        assert (await lab.send("POST", path, {"spec": {}}, headers=TABLE)).status == 406


@pytest.mark.parametrize(
    ("path", "form", "message"),
    [
        (
            f"{CONFIG_MAPS}/menu",
            "PartialObjectMetadataList",
            "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)",
        ),
        (
            CONFIG_MAPS,
            "PartialObjectMetadata",
            "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)",
        ),
    ],
)
async def test_a_list_is_not_shown_as_one_object_nor_the_other_way(
    lab: ApiLab, path: str, form: str, message: str
) -> None:
    await lab.config_map("menu")
    accept = f"application/json;as={form};v=v1;g=meta.k8s.io"
    answer = await lab.send("GET", path, headers={"accept": accept})
    assert (answer.status, answer.json["reason"], answer.json["message"]) == (406, "NotAcceptable", message)

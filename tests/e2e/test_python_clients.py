"""What Python programs are written with: kopf, kr8s, lightkube and the official client, each on a kind of its
own and on a ConfigMap - created, listed, watched, patched, deleted."""

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kr8s.asyncio
import kr8s.asyncio.objects
import kubernetes
import lightkube
import pytest
from kubernetes import dynamic
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap
from lightkube.types import PatchType

OPERATOR = Path(__file__).parent / "programs" / "stand_operator.py"
PATIENCE_SECONDS = 30.0
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Place:
    """A namespace, and a kind `Stand` that is this test's own."""

    kubeconfig: str
    namespace: str
    group: str

    def stand(self, name: str, cups: int) -> dict[str, Any]:
        kind = {"apiVersion": f"{self.group}/v1", "kind": "Stand"}
        return {**kind, "metadata": {"name": name, "namespace": self.namespace}, "spec": {"cups": cups}}


def eventually(look: Callable[[], Any], what: str) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {PATIENCE_SECONDS:.0f} s")


def definition(group: str) -> dict[str, Any]:
    keep = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = {"type": "object", "properties": {"cups": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"spec": spec, "status": keep}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "stands", "singular": "stand", "kind": "Stand"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"stands.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": names,
            "versions": [{**version, "subresources": {"status": {}}}],
        },
    }


@pytest.fixture
def api(cluster: Path) -> Iterator[kubernetes.client.ApiClient]:
    with kubernetes.config.new_client_from_config(str(cluster / "kubeconfig")) as client:
        yield client


@pytest.fixture
def place(cluster: Path, api: kubernetes.client.ApiClient) -> Iterator[Place]:
    name = f"clients-{os.getpid()}-{next(_NUMBERS)}"
    group = f"{name}.example.com"
    core, definitions = kubernetes.client.CoreV1Api(api), kubernetes.client.ApiextensionsV1Api(api)
    core.create_namespace({"metadata": {"name": name}})
    definitions.create_custom_resource_definition(definition(group))

    def established() -> bool:
        found = definitions.read_custom_resource_definition(f"stands.{group}")
        return any(c.type == "Established" and c.status == "True" for c in found.status.conditions or ())

    eventually(established, "the kind")
    yield Place(str(cluster / "kubeconfig"), name, group)
    definitions.delete_custom_resource_definition(f"stands.{group}")
    core.delete_namespace(name)


class Seen:
    """A watch in a thread of its own, as programs have it; what it saw, as (type, name)."""

    def __init__(self, events: Callable[[], Iterator[tuple[str, str]]], count: int) -> None:
        self.events: list[tuple[str, str]] = []
        self._source = events
        self._count = count
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for event in self._source():
            self.events.append(event)
            if len(self.events) >= self._count:
                return

    def all(self) -> list[tuple[str, str]]:
        self._thread.join(PATIENCE_SECONDS)
        return self.events


LIFE = ["ADDED", "MODIFIED", "DELETED"]


def test_the_official_client_lives_with_its_own_kind(place: Place, api: kubernetes.client.ApiClient) -> None:
    stands = kubernetes.client.CustomObjectsApi(api)
    where = (place.group, "v1", place.namespace, "stands")

    def watched() -> Iterator[tuple[str, str]]:
        revision = stands.list_namespaced_custom_object(*where)["metadata"]["resourceVersion"]
        started.set()
        events = kubernetes.watch.Watch().stream(
            stands.list_namespaced_custom_object, *where, resource_version=revision
        )
        return ((event["type"], event["object"]["metadata"]["name"]) for event in events)

    started = threading.Event()
    seen = Seen(watched, 3)
    assert started.wait(PATIENCE_SECONDS)
    stands.create_namespaced_custom_object(*where, place.stand("corner", 3))
    patched = stands.patch_namespaced_custom_object(*where, "corner", {"spec": {"cups": 4}})
    assert patched["spec"] == {"cups": 4}
    (item,) = stands.list_namespaced_custom_object(*where)["items"]
    assert item["metadata"]["generation"] == 2
    stands.delete_namespaced_custom_object(*where, "corner")
    assert seen.all() == [(kind, "corner") for kind in LIFE]
    with pytest.raises(kubernetes.client.ApiException) as refused:
        stands.get_namespaced_custom_object(*where, "corner")
    assert refused.value.status == 404


def test_the_official_client_lives_with_config_maps(place: Place, api: kubernetes.client.ApiClient) -> None:
    core = kubernetes.client.CoreV1Api(api)
    body = kubernetes.client.V1ConfigMap(
        metadata=kubernetes.client.V1ObjectMeta(name="menu", labels={"of": "corner"}), data={"ade": "1"}
    )
    made = core.create_namespaced_config_map(place.namespace, body)
    core.patch_namespaced_config_map("menu", place.namespace, {"data": {"tea": "2"}})
    found = core.list_namespaced_config_map(place.namespace, label_selector="of=corner").items
    assert [each.data for each in found] == [{"ade": "1", "tea": "2"}]
    core.delete_namespaced_config_map("menu", place.namespace)
    events = kubernetes.watch.Watch().stream(
        core.list_namespaced_config_map,
        place.namespace,
        resource_version=made.metadata.resource_version,
        label_selector="of=corner",
        timeout_seconds=1,
    )
    assert [event["type"] for event in events] == ["MODIFIED", "DELETED"]


def test_the_official_dynamic_client_discovers_and_applies(
    place: Place, api: kubernetes.client.ApiClient
) -> None:
    stands = dynamic.DynamicClient(api).resources.get(api_version=f"{place.group}/v1", kind="Stand")
    applied = stands.server_side_apply(
        body=place.stand("corner", 3), namespace=place.namespace, field_manager="program"
    )
    assert applied.metadata.managedFields[0].manager == "program"
    assert [each.metadata.name for each in stands.get(namespace=place.namespace).items] == ["corner"]
    stands.delete("corner", place.namespace)
    assert stands.get(namespace=place.namespace).items == []


async def test_kr8s_lives_with_its_own_kind_and_config_maps(place: Place) -> None:
    api = await kr8s.asyncio.api(kubeconfig=place.kubeconfig, namespace=place.namespace)
    stand_class = kr8s.asyncio.objects.new_class(
        "Stand", version=f"{place.group}/v1", namespaced=True, plural="stands"
    )
    menu = {"metadata": {"name": "menu", "namespace": place.namespace}, "data": {"ade": "1"}}
    wanted = [
        (stand_class, place.stand("corner", 3), {"spec": {"cups": 4}}),
        (kr8s.asyncio.objects.ConfigMap, menu, {"data": {"ade": "2"}}),
    ]
    for kind, body, change in wanted:
        made = await kind(body, api=api)
        await made.create()
        assert await made.exists()
        await made.patch(change)
        await made.refresh()
        (field, value) = next(iter(change.items()))
        assert dict(made.raw[field]) == value
        assert made.name in [each.name async for each in kind.list(namespace=place.namespace, api=api)]
        await made.label({"of": "corner"})
        await made.delete()
        await made.wait("delete", timeout=10)
        assert not await made.exists()


async def test_kr8s_watches_and_finds_kinds_by_name(place: Place) -> None:
    api = await kr8s.asyncio.api(kubeconfig=place.kubeconfig, namespace=place.namespace)
    stand_class = kr8s.asyncio.objects.new_class(
        "Stand", version=f"{place.group}/v1", namespaced=True, plural="stands"
    )
    stand = await stand_class(place.stand("corner", 3), api=api)
    await stand.create()
    seen = []
    async for kind, found in api.watch(f"stands.{place.group}", namespace=place.namespace):
        seen.append((kind, found.name))
        if kind == "ADDED":
            await found.patch({"spec": {"cups": 4}})
        elif kind == "MODIFIED":
            await found.delete()
        else:
            break
    assert seen == [(kind, "corner") for kind in LIFE]


def test_lightkube_lives_with_its_own_kind(place: Place) -> None:
    client = lightkube.Client(
        config=lightkube.KubeConfig.from_file(place.kubeconfig), field_manager="program"
    )
    stand_class = create_namespaced_resource(place.group, "v1", "Stand", "stands")
    body = place.stand("corner", 3)
    client.create(
        stand_class(metadata=ObjectMeta(name="corner", namespace=place.namespace), spec=body["spec"])
    )
    seen = []
    for kind, found in client.watch(stand_class, namespace=place.namespace):
        seen.append((kind, found.metadata.name))
        if kind == "ADDED":
            change = {"spec": {"cups": 4}}
            client.patch(stand_class, "corner", change, namespace=place.namespace, patch_type=PatchType.MERGE)
        elif kind == "MODIFIED":
            assert found["spec"] == {"cups": 4}
            client.delete(stand_class, "corner", namespace=place.namespace)
        else:
            break
    assert seen == [(kind, "corner") for kind in LIFE]
    assert list(client.list(stand_class, namespace=place.namespace)) == []


def test_lightkube_lives_with_config_maps(place: Place) -> None:
    client = lightkube.Client(
        config=lightkube.KubeConfig.from_file(place.kubeconfig), field_manager="program"
    )
    menu = ConfigMap(metadata=ObjectMeta(name="menu", namespace=place.namespace), data={"ade": "1"})
    client.create(menu)
    client.patch(ConfigMap, "menu", {"data": {"tea": "2"}}, namespace=place.namespace)
    assert client.get(ConfigMap, "menu", namespace=place.namespace).data == {"ade": "1", "tea": "2"}
    applied = ConfigMap(
        apiVersion="v1",
        kind="ConfigMap",
        metadata=ObjectMeta(name="applied", namespace=place.namespace),
        data={"ade": "3"},
    )
    assert client.apply(applied).metadata.managedFields[0].operation == "Apply"
    names = {each.metadata.name for each in client.list(ConfigMap, namespace=place.namespace)}
    assert {"menu", "applied"} <= names
    client.delete(ConfigMap, "menu", namespace=place.namespace)
    with pytest.raises(ApiError) as refused:
        client.get(ConfigMap, "menu", namespace=place.namespace)
    assert refused.value.status.reason == "NotFound"


@pytest.fixture
def operator(place: Place, tmp_path: Path) -> Iterator[Place]:
    """stand_operator.py, run by kopf as its users run it."""
    environment = {**os.environ, "KUBECONFIG": place.kubeconfig, "STAND_GROUP": place.group}
    command = [
        sys.executable,
        "-m",
        "kopf",
        "run",
        "--standalone",
        "--namespace",
        place.namespace,
        str(OPERATOR),
    ]
    log = tmp_path / "operator.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        yield place
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0, log.read_text()
    text = log.read_text()
    assert "Traceback" not in text, text


def test_a_kopf_operator_does_its_work(operator: Place, api: kubernetes.client.ApiClient) -> None:
    stands, core = kubernetes.client.CustomObjectsApi(api), kubernetes.client.CoreV1Api(api)
    where = (operator.group, "v1", operator.namespace, "stands")

    def stand() -> Any:
        return stands.get_namespaced_custom_object(*where, "corner")

    def config_maps() -> dict[str, Any]:
        return {
            each.metadata.name: each for each in core.list_namespaced_config_map(operator.namespace).items
        }

    stands.create_namespaced_custom_object(*where, operator.stand("corner", 3))
    menu = eventually(lambda: config_maps().get("corner-menu"), "the menu")
    assert menu.data == {"cups": "3"}
    assert menu.metadata.owner_references[0].kind == "Stand"
    eventually(lambda: stand().get("status", {}).get("phase") == "Open", "the phase")
    eventually(lambda: stand().get("status", {}).get("poured", 0) >= 3, "the timer's work")
    assert stand()["metadata"]["finalizers"] == [f"{operator.group}/finalizer"]
    stands.patch_namespaced_custom_object(*where, "corner", {"spec": {"cups": 5}})
    eventually(lambda: config_maps()["corner-menu"].data == {"cups": "5"}, "the changed menu")
    eventually(lambda: stand()["status"]["phase"] == "Changed from 3 to 5", "the changed phase")
    events = core.list_namespaced_event(operator.namespace, field_selector="involvedObject.name=corner").items
    assert "Opened" in {each.reason for each in events}
    stands.delete_namespaced_custom_object(*where, "corner")
    eventually(lambda: "corner-receipt" in config_maps(), "the receipt")
    eventually(lambda: not stands.list_namespaced_custom_object(*where)["items"], "the end of the stand")
    eventually(lambda: "corner-menu" not in config_maps(), "the end of what it owned")

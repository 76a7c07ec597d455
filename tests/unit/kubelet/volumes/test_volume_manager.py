"""Volumes are made as ordered, kept fresh, removed, or refused by name."""

import asyncio
import os

import pytest
from memory_api import MemoryApi
from observations import pod, spec_container

from kubeade.api.resources import CONFIG_MAPS
from kubeade.client.client import Client
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.failures import VolumeError
from kubeade.kubelet.payload import references
from kubeade.kubelet.referenced_objects import ReferencedObjects
from kubeade.kubelet.volumes.manager import VolumeManager, memory_limit
from kubeade.kubelet.volumes.mounter import NoMounter
from kubeade.kubelet.volumes.tokens import Tokens
from kubeade.lib.clock import SystemClock


class Bench:
    def __init__(self, directory):
        self.api = MemoryApi()
        self.client = Client(self.api, user_agent="kubelet")
        self.changed = []
        self.objects = ReferencedObjects(self.client, self.changed.append)
        self.tokens = Tokens(self.client, SystemClock())
        self.config = KubeletConfig("n1", directory)
        self.manager = VolumeManager(self.config, self.client, self.objects, self.tokens, NoMounter())

    def put(self, plural, kind, name, **more):
        path = f"/api/v1/namespaces/shop/{plural}/{name}"
        self.api.put(path, {"kind": kind, "metadata": {"name": name, "namespace": "shop"}, **more})

    async def ensure(self, *volumes, **spec):
        ordered = pod(volumes=list(volumes), **spec)
        await self.objects.track("u", references(ordered))
        found = await self.manager.ensure(ordered, {"cpu": "4"})
        return [found[each["name"]].path for each in volumes]


@pytest.fixture
async def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.objects.close()


async def test_config_map_becomes_files(bench):
    bench.put("configmaps", "ConfigMap", "menu", data={"a": "1"}, binaryData={"b": "AAE="})
    (path,) = await bench.ensure({"name": "v", "configMap": {"name": "menu"}})
    assert (path / "a").read_text() == "1"
    assert (path / "b").read_bytes() == b"\x00\x01"


async def test_items_choose_keys_paths_and_modes(bench):
    bench.put("configmaps", "ConfigMap", "menu", data={"a": "1", "b": "2"})
    items = [{"key": "b", "path": "x/y", "mode": 0o600}]
    (path,) = await bench.ensure({"name": "v", "configMap": {"name": "menu", "items": items}})
    assert [each.name for each in path.iterdir() if not each.name.startswith("..")] == ["x"]
    assert (path / "x/y").stat().st_mode & 0o777 == 0o600


async def test_missing_config_map_is_named(bench):
    with pytest.raises(VolumeError, match=r'SetUp failed for volume "v" : configmap "menu" not found'):
        await bench.ensure({"name": "v", "configMap": {"name": "menu"}})


async def test_missing_key_is_named(bench):
    bench.put("secrets", "Secret", "key", data={})
    volume = {"name": "v", "secret": {"secretName": "key", "items": [{"key": "k", "path": "k"}]}}
    with pytest.raises(VolumeError, match="references non-existent secret key: k"):
        await bench.ensure(volume)


async def test_optional_may_be_missing(bench):
    (path,) = await bench.ensure({"name": "v", "configMap": {"name": "menu", "optional": True}})
    assert [each for each in path.iterdir() if not each.name.startswith("..")] == []


async def test_change_of_a_config_map_reaches_the_files(bench):
    bench.put("configmaps", "ConfigMap", "menu", data={"a": "1"})
    volume = {"name": "v", "configMap": {"name": "menu"}}
    (path,) = await bench.ensure(volume)
    bench.put("configmaps", "ConfigMap", "menu", data={"a": "2"})
    async with asyncio.timeout(5):
        while bench.objects.get(CONFIG_MAPS, "shop", "menu")["data"]["a"] != "2":
            await asyncio.sleep(0)
    assert bench.changed == ["u"]
    await bench.ensure(volume)
    assert (path / "a").read_text() == "2"


async def test_projected_volume_joins_its_sources(bench):
    bench.put("configmaps", "ConfigMap", "menu", data={"a": "1"})
    sources = [
        {"configMap": {"name": "menu"}},
        {"serviceAccountToken": {"path": "token"}},
        {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    ]
    (path,) = await bench.ensure({"name": "v", "projected": {"sources": sources}})
    texts = {name: (path / name).read_text() for name in ("a", "token", "name")}
    assert texts == {"a": "1", "token": "token-1", "name": "web"}


async def test_token_is_asked_for_once(bench):
    volume = {"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
    await bench.ensure(volume)
    await bench.ensure(volume)
    assert bench.api.tokens == 1


async def test_token_of_a_single_user_is_his_alone(bench):
    volume = {"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
    (path,) = await bench.ensure(volume, securityContext={"runAsUser": 1000})
    assert (path / "token").stat().st_mode & 0o777 == 0o600


async def test_empty_dir_is_writable_for_all_and_goes_with_the_pod(bench):
    (path,) = await bench.ensure({"name": "v", "emptyDir": {}})
    assert path.stat().st_mode & 0o777 == 0o777
    (path / "x").write_text("x")
    await bench.manager.remove("u")
    assert not path.exists()


async def test_memory_on_a_node_that_cannot_mount_is_on_disk(bench):
    (path,) = await bench.ensure({"name": "v", "emptyDir": {"medium": "Memory"}})
    assert path.is_dir()
    assert not path.is_mount()


@pytest.mark.parametrize(
    ("type", "problem"),
    [("Directory", "is not a directory"), ("File", "is not a file"), ("Socket", "is not a socket file")],
)
async def test_host_path_of_another_type_is_refused(bench, tmp_path, type, problem):
    with pytest.raises(VolumeError, match=f"hostPath type check failed: .*missing {problem}"):
        await bench.ensure({"name": "v", "hostPath": {"path": str(tmp_path / "missing"), "type": type}})


async def test_host_path_may_be_made(bench, tmp_path):
    place = tmp_path / "new"
    volume = {"name": "v", "hostPath": {"path": str(place), "type": "DirectoryOrCreate"}}
    assert await bench.ensure(volume) == [place]
    await bench.manager.remove("u")
    assert place.is_dir()


async def test_bound_claim_leads_to_its_host_path(bench, tmp_path):
    bench.put(
        "persistentvolumeclaims", "PersistentVolumeClaim", "c",
        spec={"volumeName": "pv"}, status={"phase": "Bound"},
    )  # fmt: skip
    bench.api.put(
        "/api/v1/persistentvolumes/pv",
        {"metadata": {"name": "pv"}, "spec": {"hostPath": {"path": str(tmp_path / "data")}}},
    )
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "c"}}
    assert await bench.ensure(volume) == [tmp_path / "data"]


async def test_unbound_claim_is_waited_for(bench):
    bench.put("persistentvolumeclaims", "PersistentVolumeClaim", "c", spec={}, status={"phase": "Pending"})
    with pytest.raises(VolumeError, match="PVC is not bound"):
        await bench.ensure({"name": "v", "persistentVolumeClaim": {"claimName": "c"}})


@pytest.mark.parametrize("kind", ["nfs", "csi", "iscsi", "gitRepo"])
async def test_other_kinds_are_refused_by_name(bench, kind):
    with pytest.raises(VolumeError, match=f"{kind} volumes are not supported by this node"):
        await bench.ensure({"name": "v", kind: {}})


async def test_cluster_trust_bundle_is_refused_by_name(bench):
    volume = {"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"path": "x"}}]}}
    with pytest.raises(VolumeError, match="clusterTrustBundle are not supported"):
        await bench.ensure(volume)


async def test_downward_api_volume_shows_limits(bench):
    reference = {"containerName": "app", "resource": "limits.cpu", "divisor": "1m"}
    items = [{"path": "cpu", "resourceFieldRef": reference}]
    app = spec_container(resources={"limits": {"cpu": "250m"}})
    (path,) = await bench.ensure({"name": "v", "downwardAPI": {"items": items}}, containers=[app])
    assert (path / "cpu").read_text() == "250"


@pytest.mark.parametrize(
    ("policy", "kept"), [("OnRootMismatch", True), ("Always", False)], ids=["on-mismatch", "always"]
)
async def test_claim_is_given_to_the_group_once_and_by_policy(bench, tmp_path, policy, kept, monkeypatch):
    place = tmp_path / "disk"
    place.mkdir()
    place.chmod(0o2770)
    (place / "file").write_text("x")
    given = []
    monkeypatch.setattr(
        "kubeade.kubelet.volumes.manager.give_to_group", lambda path, group, **_: given.append((path, group))
    )
    bench.put(
        "persistentvolumeclaims",
        "PersistentVolumeClaim",
        "c",
        spec={"volumeName": "pv"},
        status={"phase": "Bound"},
    )
    spec = {"local": {"path": str(place)}}
    bench.api.put("/api/v1/persistentvolumes/pv", {"metadata": {"name": "pv"}, "spec": spec})
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "c"}}
    context = {"fsGroup": place.stat().st_gid, "fsGroupChangePolicy": policy}
    for _ in range(2):
        await bench.ensure(volume, securityContext=context)
    assert given == ([] if kept else [(place, place.stat().st_gid)])


async def test_image_volume_is_left_to_the_runtime(bench):
    ordered = pod(volumes=[{"name": "v", "image": {"reference": "menu:1", "pullPolicy": "Always"}}])
    found = (await bench.manager.ensure(ordered, {}))["v"]
    assert (found.image, found.pull_policy, found.read_only) == ("menu:1", "Always", True)


@pytest.mark.parametrize(
    ("size_limit", "limits", "expected"),
    [
        ("1Ki", ["2Ki", "2Ki"], 1024),
        ("1Gi", ["2Ki", "2Ki"], 4096),
        (None, ["2Ki", None], 1 << 20),
        (None, ["2Ki", "1Ki"], 3072),
    ],
)
def test_memory_volume_is_bounded_by_volume_pod_and_node(size_limit, limits, expected):
    containers = [
        spec_container(f"c{n}", resources={"limits": {"memory": limit}} if limit else {})
        for n, limit in enumerate(limits)
    ]
    ordered = {"spec": {"containers": containers}}
    source = {"sizeLimit": size_limit} if size_limit else {}
    assert memory_limit(ordered, source, {"memory": "1Mi"}) == expected


async def test_files_belong_to_whom_the_volume_or_the_item_names(bench):
    bench.put("configmaps", "ConfigMap", "menu", data={"a": "1", "b": "2"})
    items = [{"key": "a", "path": "a"}, {"key": "b", "path": "b", "user": 1002}]
    (path,) = await bench.ensure(
        {"name": "v", "configMap": {"name": "menu", "defaultUser": 1001, "items": items}}
    )
    own = os.geteuid()
    expected = (1001, 1002) if own == 0 else (own, own)
    assert ((path / "a").stat().st_uid, (path / "b").stat().st_uid) == expected


async def test_empty_directory_has_the_mode_it_asks_for(bench):
    (path,) = await bench.ensure({"name": "v", "emptyDir": {"mode": 0o1770}})
    assert path.stat().st_mode & 0o7777 == 0o1770

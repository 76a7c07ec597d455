"""Images that nobody uses go, the least recently used first."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from kubeade.cri.service import CriError
from kubeade.cri.types import Image
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.eviction import images as images_module
from kubeade.kubelet.eviction.images import ImageCollector
from kubeade.kubelet.stats.machine import FilesystemRoom


class Clock:
    def __init__(self):
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self):
        return self.moment


class Store:
    """Image service and runtime in one."""

    def __init__(self, *names):
        self.images = [Image(f"sha256:{name}", [f"{name}:1"], [], 100) for name in names]
        self.running = []
        self.stuck = set()

    async def list_images(self):
        return list(self.images)

    async def list_containers(self):
        return [SimpleNamespace(image=name, image_ref="") for name in self.running]

    async def remove_image(self, image):
        if image in self.stuck:
            raise CriError("busy")
        self.images = [each for each in self.images if each.id != image]

    async def image_fs_info(self):
        return []

    @property
    def names(self):
        return [each.repo_tags[0].partition(":")[0] for each in self.images]


@pytest.fixture
def clock():
    return Clock()


def collector(store, clock, tmp_path):
    return ImageCollector(KubeletConfig("n", tmp_path), store, store, clock)


async def test_what_has_just_come_and_what_is_used_stays(clock, tmp_path):
    store = Store("old", "used", "pinned")
    store.images[2].pinned = True
    store.running = ["used:1"]
    collect = collector(store, clock, tmp_path)
    assert await collect.collect_all() == 0
    clock.moment += timedelta(minutes=3)
    store.images.append(Image("sha256:new", ["new:1"], [], 100))
    assert await collect.collect_all() == 100
    assert store.names == ["used", "pinned", "new"]


async def test_full_disk_loses_the_least_recently_used_down_to_the_mark(clock, tmp_path, monkeypatch):
    store = Store("first", "second", "third")
    collect = collector(store, clock, tmp_path)
    await collect.collect_all()
    clock.moment += timedelta(minutes=3)
    store.running = ["first:1"]
    await collect._unused()
    store.running = []
    clock.moment += timedelta(minutes=3)
    monkeypatch.setattr(images_module, "filesystem_room", lambda _: FilesystemRoom(2000, 50, 0, 0))
    await collect.collect_if_due()
    assert store.names == ["first"], "150 bytes were wanted, each image has 100"


async def test_nothing_goes_while_the_disk_has_room(clock, tmp_path, monkeypatch):
    store = Store("first")
    collect = collector(store, clock, tmp_path)
    await collect._unused()
    clock.moment += timedelta(minutes=3)
    monkeypatch.setattr(images_module, "filesystem_room", lambda _: FilesystemRoom(2000, 150, 0, 0))
    await collect.collect_if_due()
    assert store.names == ["first"]


async def test_image_that_cannot_be_removed_does_not_stop_the_others(clock, tmp_path):
    store = Store("stuck", "other")
    store.stuck = {"sha256:stuck"}
    collect = collector(store, clock, tmp_path)
    await collect._unused()
    clock.moment += timedelta(minutes=3)
    assert await collect.collect_all() == 100
    assert store.names == ["stuck"]

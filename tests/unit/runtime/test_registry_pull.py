"""Pulling from a registry, against a small one on the loopback."""

import asyncio
import base64

import pytest
from aiohttp import web
from image_parts import Image, digest, entry, layer

from kubeade.cri.service import PullFailed, Unauthenticated
from kubeade.cri.types import AuthConfig
from kubeade.runtime.images.pull import pull
from kubeade.runtime.images.reference import parse_reference
from kubeade.runtime.images.store import ImageStore


class FakeRegistry:
    """Serves one image as shop/lemonade:1. `password` turns token authentication on."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self.contents = image.contents()
        self.password = ""
        self.failures = 0
        self.served: list[str] = []
        self.port = 0

    async def handle(self, request: web.Request) -> web.Response:
        if request.path == "/token":
            return self._token(request)
        if self.password and request.headers.get("Authorization") != "Bearer good":
            challenge = f'Bearer realm="http://127.0.0.1:{self.port}/token",service="shop"'
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        if self.failures:
            self.failures -= 1
            return web.Response(status=503)
        name = request.path.rpartition("/")[2]
        self.served.append(name)
        data = self.image.index if name == "1" else self.contents.get(name)
        return web.Response(body=data) if data is not None else web.Response(status=404)

    def _token(self, request: web.Request) -> web.Response:
        wanted = base64.b64encode(f"alice:{self.password}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {wanted}":
            return web.Response(status=401)
        return web.json_response({"token": "good"})


@pytest.fixture
async def registry():
    fake = FakeRegistry(Image([layer(entry("lemon", b"sour")), layer(entry("sugar", b"sweet"))]))
    runner = web.ServerRunner(web.Server(fake.handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.port = runner.addresses[0][1]
    yield fake
    await runner.cleanup()


@pytest.fixture
def store(tmp_path):
    return ImageStore(tmp_path / "images")


@pytest.fixture
def fetch(store, registry):
    async def fetch(tag: str = ":1", auth: AuthConfig | None = None, progress=lambda *_: None) -> str:
        reference = parse_reference(f"127.0.0.1:{registry.port}/shop/lemonade{tag}")
        return await pull(store, reference, auth or AuthConfig(), progress)

    return fetch


async def test_image_is_pulled_by_tag_for_this_platform(store, registry, fetch):
    assert await fetch() == digest(registry.image.config)
    (image,) = store.images()
    name = f"127.0.0.1:{registry.port}/shop/lemonade"
    assert image.tags == [f"{name}:1"]
    assert image.digests == [f"{name}@{digest(registry.image.index)}"]
    contents = [next(store.layer_path(diff_id).iterdir()).read_bytes() for diff_id in image.layers]
    assert contents == [b"sour", b"sweet"]


async def test_second_pull_fetches_no_layer_again(registry, fetch):
    await fetch()
    registry.served.clear()
    await fetch()
    assert not {digest(blob) for blob in registry.image.blobs} & set(registry.served)


async def test_image_is_pulled_by_digest(registry, fetch):
    assert await fetch("@" + digest(registry.image.manifest)) == digest(registry.image.config)


async def test_progress_is_told(registry, fetch):
    seen = {}
    await fetch(progress=lambda layer, done, total: seen.update({layer: (done, total)}))
    assert seen == {digest(blob): (len(blob), len(blob)) for blob in registry.image.blobs}


async def test_private_image_needs_the_right_password(registry, fetch):
    registry.password = "lemon"
    with pytest.raises(Unauthenticated, match="pull access denied"):
        await fetch()
    with pytest.raises(Unauthenticated):
        await fetch(auth=AuthConfig(username="alice", password="wrong"))
    await fetch(auth=AuthConfig(username="alice", password="lemon"))


async def test_unknown_image_is_not_found(fetch):
    with pytest.raises(PullFailed, match="not found"):
        await fetch(":2")


async def test_damaged_layer_is_refused(registry, store, fetch, monkeypatch):
    async def at_once(delay: float) -> None:
        assert delay > 0

    monkeypatch.setattr(asyncio, "sleep", at_once)
    registry.contents[digest(registry.image.blobs[0])] = b"other"
    with pytest.raises(PullFailed, match="damaged"):
        await fetch()
    assert store.images() == []


async def test_passing_failure_is_tried_again(registry, fetch, monkeypatch):
    async def at_once(delay: float) -> None:
        assert delay > 0

    monkeypatch.setattr(asyncio, "sleep", at_once)
    registry.failures = 2
    await fetch()

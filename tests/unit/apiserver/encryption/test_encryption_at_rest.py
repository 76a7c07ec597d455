"""Encrypted resources: plain for whoever asks the server, sealed on disk, and exchanged keys."""

import base64
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from api_lab import ApiLab, HandClock, OpenDoors

from kubeade.api.resource import Object
from kubeade.apiserver.config_file import ConfigError
from kubeade.apiserver.encryption.ciphers import AesCbc, AesGcm, SecretBox, Transformer, Unreadable
from kubeade.apiserver.encryption.config import Encryption
from kubeade.apiserver.encryption.config import read_encryption as read_with_plugins
from kubeade.apiserver.encryption.kms import KmsCipher, KmsClient
from kubeade.apiserver.encryption.ledger import EncryptedLedger
from kubeade.apiserver.server import ApiServer, ApiServerConfig
from kubeade.apiserver.storage import Storage
from kubeade.cluster.control_plane import check_readable
from kubeade.lib.ids import Ids
from kubeade.store.ledger import LedgerFailed, LedgerUnusable
from kubeade.store.sqlite import SqliteLedger

SECRETS = "/api/v1/namespaces/default/secrets"
KEY = b"/registry/core/secrets/default/recipe"


def key(name: str) -> Object:
    return {"name": name, "secret": base64.b64encode(name.encode().ljust(32, b"!")).decode()}


def gcm(*names: str) -> Object:
    return {"aesgcm": {"keys": [key(name) for name in names]}}


def config(tmp_path: Path, *providers: Object, resources: tuple[str, ...] = ("secrets",)) -> Path:
    file = tmp_path / "encryption.json"
    said = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration"}
    file.write_text(json.dumps({**said, "resources": [{"resources": resources, "providers": providers}]}))
    return file


def read_encryption(path: str) -> Encryption:
    """Plugins are configured here, and never asked."""
    return read_with_plugins(
        path, lambda plugin: KmsCipher(plugin, KmsClient(plugin), HandClock(), Ids(Random(1)))
    )


@asynccontextmanager
async def lab(tmp_path: Path, *providers: Object) -> AsyncIterator[ApiLab]:
    """A server on the ledger in `tmp_path`; without providers it does not know of encryption."""
    inner = await SqliteLedger.open(tmp_path / "ledger.db")
    storage = Storage.on(inner)
    if providers:
        ledger = EncryptedLedger(inner, read_encryption(str(config(tmp_path, *providers))))
        storage = Storage.on(ledger, ledger.is_stale)
    doors, clock = OpenDoors(), HandClock()
    server = ApiServer(ApiServerConfig(), storage, clock, Ids(Random(1)), doors, doors, doors)
    try:
        await server.start()
        yield ApiLab(server, doors, clock)
    finally:
        await server.stop()
        await inner.close()


def on_disk(tmp_path: Path, name: str = "recipe") -> bytes:
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        query = "SELECT value FROM current WHERE CAST(key AS TEXT) LIKE ?"
        (value,) = connection.execute(query, (f"%/{name}",)).fetchone()
    return bytes(value)


async def recipe(made: ApiLab) -> Any:
    return await made.make(SECRETS, {"metadata": {"name": "recipe"}, "stringData": {"a": "lemons"}})


async def test_a_secret_is_sealed_on_disk_and_plain_for_who_asks(tmp_path: Path) -> None:
    async with lab(tmp_path, gcm("key1")) as made:
        created = await recipe(made)
        await made.config_map("menu")
        listed = (await made.send("GET", SECRETS)).json["items"]
        async with made.watching(f"{SECRETS}?watch=true&resourceVersion=0") as events:
            watched = (await events.next())["object"]
    assert [each["data"] for each in listed] == [created["data"]]
    assert watched == created
    assert on_disk(tmp_path).startswith(b"k8s:enc:aesgcm:v1:key1:")
    assert b"bGVtb25z" not in on_disk(tmp_path)
    assert on_disk(tmp_path, "menu").startswith(b"{")


async def test_a_sealed_secret_lives_as_any_other(tmp_path: Path) -> None:
    async with lab(tmp_path, gcm("key1")) as made:
        created = await recipe(made)
        assert (await made.send("POST", SECRETS, {"metadata": {"name": "recipe"}})).status == 409
        async with made.watching(f"{SECRETS}?watch=true&resourceVersion=0") as events:
            await events.next()
            patch = {"content-type": "application/merge-patch+json"}
            changed = await made.send("PATCH", f"{SECRETS}/recipe", {"data": {"b": "Yg=="}}, headers=patch)
            assert int(changed.json["metadata"]["resourceVersion"]) > int(
                created["metadata"]["resourceVersion"]
            )
            assert (await made.send("PUT", f"{SECRETS}/recipe", created)).status == 409
            await made.send("DELETE", f"{SECRETS}/recipe")
            modified, deleted = await events.next(), await events.next()
    assert modified["object"] == changed.json
    assert deleted["type"] == "DELETED"
    revision = int(deleted["object"]["metadata"]["resourceVersion"])
    assert revision > int(changed.json["metadata"]["resourceVersion"])


async def test_secrets_survive_a_new_start(tmp_path: Path) -> None:
    async with lab(tmp_path, gcm("key1")) as made:
        created = await recipe(made)
    async with lab(tmp_path, gcm("key1")) as made:
        assert (await made.send("GET", f"{SECRETS}/recipe")).json == created


@pytest.mark.parametrize(
    ("before", "after", "prefix"),
    [
        ([], [gcm("key1"), {"identity": {}}], b"k8s:enc:aesgcm:v1:key1:"),
        ([gcm("old")], [gcm("new", "old")], b"k8s:enc:aesgcm:v1:new:"),
        ([gcm("old")], [{"aescbc": gcm("c")["aesgcm"]}, gcm("old")], b"k8s:enc:aescbc:v1:c:"),
        ([gcm("old")], [{"identity": {}}, gcm("old")], b"{"),
    ],
)
async def test_replacing_a_secret_by_itself_exchanges_its_key(
    tmp_path: Path, before: list[Object], after: list[Object], prefix: bytes
) -> None:
    async with lab(tmp_path, *before) as made:
        await recipe(made)
    stored = on_disk(tmp_path)
    async with lab(tmp_path, *after) as made:
        found = (await made.send("GET", f"{SECRETS}/recipe")).json
        assert on_disk(tmp_path) == stored
        replaced = (await made.send("PUT", f"{SECRETS}/recipe", found)).json
        again = (await made.send("PUT", f"{SECRETS}/recipe", replaced)).json
        assert (await made.send("GET", f"{SECRETS}/recipe")).json == replaced
    assert on_disk(tmp_path).startswith(prefix)
    assert replaced["data"] == found["data"]
    assert replaced["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]
    assert again == replaced  # it is of today's key: nothing to write


async def test_a_server_without_the_key_does_not_start(tmp_path: Path) -> None:
    async with lab(tmp_path, gcm("key1")) as made:
        await recipe(made)
    with pytest.raises(LedgerFailed, match="secrets/default/recipe: no provider"):
        async with lab(tmp_path, gcm("key2")):
            pass


@pytest.mark.parametrize(
    "cipher", [AesGcm("a", b"k" * 32), AesCbc("a", b"k" * 16), SecretBox("a", b"k" * 32)]
)
def test_each_cipher_opens_what_it_sealed(cipher: AesGcm | AesCbc | SecretBox) -> None:
    transformer = Transformer([cipher])
    sealed = transformer.seal(b"lemons", KEY)
    assert sealed != transformer.seal(b"lemons", KEY)
    assert transformer.open(sealed, KEY) == b"lemons"
    with pytest.raises(Unreadable):
        transformer.open(sealed[:-1] + bytes([sealed[-1] ^ 1]) + b"!", KEY)


def test_a_value_in_another_keys_place_is_not_opened() -> None:
    transformer = Transformer([AesGcm("a", b"k" * 32)])
    sealed = transformer.seal(b"lemons", KEY)
    with pytest.raises(Unreadable, match="changed since"):
        transformer.open(sealed, KEY + b"2")
    with pytest.raises(Unreadable, match="no provider"):
        transformer.open(b"lemons", KEY)


def test_the_first_entry_that_names_a_resource_counts(tmp_path: Path) -> None:
    encryption = read_encryption(
        str(config(tmp_path, gcm("a"), resources=("secrets", "*.apps", "pandas.x.y")))
    )
    assert encryption.of("", "secrets")
    assert encryption.of("apps", "deployments")
    assert encryption.of("x.y", "pandas")
    assert not encryption.of("", "configmaps")
    assert not encryption.of("x", "secrets")


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ({"kms": {"name": "a", "endpoint": "unix:///a"}}, "apiVersion v1 is not supported"),
        ({"kms": {"name": "a:b", "apiVersion": "v2", "endpoint": "unix:///a"}}, "no colon"),
        ({"kms": {"name": "a", "apiVersion": "v2", "endpoint": "https://a"}}, "only unix"),
        ({"kms": {"name": "a", "apiVersion": "v2", "endpoint": "unix:///a", "timeout": "0s"}}, "positive"),
        (
            {"kms": {"name": "a", "apiVersion": "v2", "endpoint": "unix:///a", "cachesize": 9}},
            "cachesize is not supported in v2",
        ),
        (
            {"secretbox": {"keys": [{"name": "a", "secret": "YWFhYWFhYWFhYWFhYWFhYQ=="}]}},
            "expected one of 32",
        ),
        ({}, "exactly one provider"),
        ({"identity": {}, **gcm("a")}, "exactly one provider"),
        ({"aesgcm": {"keys": [{"name": "a", "secret": "YQ=="}]}}, "got 1, expected one of 16, 24, 32 bytes"),
        ({"aesgcm": {"keys": [{"name": "a", "secret": "%"}]}}, "base64"),
        ({"aesgcm": {"keys": []}}, "keys with names"),
        (gcm("a", "a"), "must differ"),
        ({"aessiv": {}}, "unknown field `aessiv`"),
    ],
)
def test_configurations_of_encryption_that_cannot_be_kept_are_refused(
    tmp_path: Path, provider: Object, told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_encryption(str(config(tmp_path, provider)))
    assert told in str(refused.value)


async def test_a_server_that_does_not_know_of_encryption_does_not_start(tmp_path: Path) -> None:
    async with lab(tmp_path, gcm("key1")) as made:
        await recipe(made)
    async with lab(tmp_path) as made:
        with pytest.raises(LedgerUnusable, match="--encryption-provider-config"):
            check_readable(made.server.storage)

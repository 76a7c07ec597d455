"""Debian's etcdctl, as people use it, against `kubeade ledger serve`."""

import asyncio
import json
import os
import shutil
import signal
import sys
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

ETCDCTL = shutil.which("etcdctl")
pytestmark = pytest.mark.skipif(
    ETCDCTL is None, reason="no etcdctl on this machine (Debian: apt-get install etcd-client)"
)

Etcdctl = Callable[..., Awaitable[str]]


async def run(*command: str, stdin: str = "", code: int = 0) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "ETCDCTL_API": "3"},
    )
    out, err = await asyncio.wait_for(process.communicate(stdin.encode()), 30)
    assert process.returncode == code, err.decode()
    return (out if code == 0 else err).decode()


@pytest.fixture
async def flags(tmp_path: Path) -> AsyncIterator[list[str]]:
    """What etcdctl needs to reach a ledger that is served."""
    kubeade = [sys.executable, "-m", "kubeade.cli.main", "ledger"]
    data = ["--data-dir", str(tmp_path / "data")]
    server = await asyncio.create_subprocess_exec(
        *kubeade, "serve", "--port", "0", *data, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    assert (await server.stdout.readline()).startswith(b"serving https://127.0.0.1:")
    yield (await run(*kubeade, "flags", *data)).split()
    server.send_signal(signal.SIGTERM)
    assert await server.wait() == 0


@pytest.fixture
def etcdctl(flags: list[str]) -> Etcdctl:
    async def etcdctl(*arguments: str, stdin: str = "", code: int = 0) -> str:
        assert ETCDCTL is not None
        return await run(ETCDCTL, *flags, *arguments, stdin=stdin, code=code)

    return etcdctl


async def as_json(etcdctl: Etcdctl, *arguments: str, **more: Any) -> Any:
    return json.loads(await etcdctl(*arguments, "-w", "json", **more))


async def test_keys_are_put_read_and_deleted(etcdctl: Etcdctl) -> None:
    assert await etcdctl("put", "menu/tea", "1") == "OK\n"
    for name, price in {"coffee": "9", "water": "0", "lemonade": "3"}.items():
        await etcdctl("put", f"menu/{name}", price)
    assert await etcdctl("get", "menu/tea") == "menu/tea\n1\n"
    assert (await etcdctl("get", "menu/", "--prefix", "--keys-only")).split() == [
        "menu/coffee",
        "menu/lemonade",
        "menu/tea",
        "menu/water",
    ]
    dearest = await etcdctl(
        "get", "menu/", "--prefix", "--sort-by=VALUE", "--order=DESCEND", "--limit=1", "--print-value-only"
    )
    assert dearest == "9\n"
    assert (await etcdctl("get", "menu/l", "--from-key", "--print-value-only")).split() == ["3", "1", "0"]
    assert await etcdctl("put", "menu/tea", "2", "--prev-kv") == "OK\nmenu/tea\n1\n"
    found = await as_json(etcdctl, "get", "menu/tea")
    assert found["header"]["revision"] == 6
    (tea,) = found["kvs"]
    assert (tea["create_revision"], tea["mod_revision"], tea["version"]) == (2, 6, 2)
    assert await etcdctl("get", "menu/tea", "--rev=5", "--print-value-only") == "1\n"
    assert (await etcdctl("del", "menu/", "--prefix", "--prev-kv")).split()[0] == "4"
    assert (await as_json(etcdctl, "get", "menu/", "--prefix"))["header"]["revision"] == 7


async def test_a_transaction_is_one_revision(etcdctl: Etcdctl) -> None:
    await etcdctl("put", "a", "1")
    script = 'mod("a") = "2"\nvalue("a") = "1"\n\nput b 2\nput c 3\nget a\n\nput d 4\n\n'
    done = await as_json(etcdctl, "txn", stdin=script)
    assert done["succeeded"]
    assert done["header"]["revision"] == 3
    assert b64decode(done["responses"][2]["Response"]["ResponseRange"]["kvs"][0]["value"]) == b"1"
    assert {each["mod_revision"] for each in (await as_json(etcdctl, "get", "b", "d"))["kvs"]} == {3}
    assert not (await as_json(etcdctl, "txn", stdin='version("a") > "1"\n\nput a 2\n\nput z 1\n\n')).get(
        "succeeded"
    )
    assert await etcdctl("get", "z", "--print-value-only") == "1\n"
    twice = await etcdctl("txn", stdin="\nput a 1\nput a 2\n\n\n", code=1)
    assert "duplicate key given in txn request" in twice


async def test_compaction_forgets_the_past(etcdctl: Etcdctl) -> None:
    for value in "123":
        await etcdctl("put", "a", value)
    assert await etcdctl("compact", "3", "--physical") == "compacted revision 3\n"
    assert "required revision has been compacted" in await etcdctl("get", "a", "--rev=2", code=1)
    assert await etcdctl("get", "a", "--rev=3", "--print-value-only") == "2\n"
    assert "required revision has been compacted" in await etcdctl("compact", "3", code=1)
    assert "is a future revision" in await etcdctl("compact", "30", code=1)


async def test_a_lease_takes_its_keys_along(etcdctl: Etcdctl) -> None:
    lease = (await etcdctl("lease", "grant", "600")).split()[1]
    await etcdctl("put", "a", "1", f"--lease={lease}")
    assert (await etcdctl("lease", "list")).split()[-1] == lease
    told = await as_json(etcdctl, "lease", "timetolive", lease, "--keys")
    assert told["granted-ttl"] == 600
    assert 590 < told["ttl"] <= 600
    assert [b64decode(key) for key in told["keys"]] == [b"a"]
    assert "keepalived with TTL(600)" in await etcdctl("lease", "keep-alive", "--once", lease)
    await etcdctl("lease", "revoke", lease)
    assert await etcdctl("get", "a") == ""
    assert "requested lease not found" in await etcdctl("lease", "revoke", lease, code=1)
    assert "requested lease not found" in await etcdctl("put", "a", "1", f"--lease={lease}", code=1)


async def test_a_watch_tells_the_past_and_what_comes(etcdctl: Etcdctl, flags: list[str]) -> None:
    assert ETCDCTL is not None
    await etcdctl("put", "w/a", "1")
    watching = await asyncio.create_subprocess_exec(
        *(ETCDCTL, *flags, "watch", "w/", "--prefix", "--rev=2", "--prev-kv"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "ETCDCTL_API": "3"},
    )
    assert watching.stdout is not None
    assert [await watching.stdout.readline() for _ in range(3)] == [b"PUT\n", b"w/a\n", b"1\n"]
    await etcdctl("del", "w/", "--prefix")
    assert [await watching.stdout.readline() for _ in range(4)] == [b"DELETE\n", b"w/a\n", b"1\n", b"w/a\n"]
    watching.terminate()
    await watching.wait()


async def test_the_member_is_healthy_and_tells_about_itself(etcdctl: Etcdctl, tmp_path: Path) -> None:
    await etcdctl("endpoint", "health")
    (status,) = await as_json(etcdctl, "endpoint", "status")
    assert status["Status"]["leader"] == status["Status"]["header"]["member_id"]
    assert status["Status"]["dbSize"] > 0
    assert "kubeade" in await etcdctl("member", "list")
    assert "Finished defragmenting" in await etcdctl("defrag")
    assert await etcdctl("alarm", "list") == ""
    before = await etcdctl("endpoint", "hashkv")
    assert before == await etcdctl("endpoint", "hashkv")
    await etcdctl("put", "a", "1")
    assert before != await etcdctl("endpoint", "hashkv")


async def test_a_snapshot_is_a_ledger(etcdctl: Etcdctl, tmp_path: Path) -> None:
    for number in range(50):
        await etcdctl("put", f"/{number}", "x")
    await etcdctl("snapshot", "save", str(tmp_path / "snapshot"))
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "ledger.db").write_bytes((tmp_path / "snapshot").read_bytes()[:-32])  # without its SHA-256
    checked = await run(sys.executable, "-m", "kubeade.cli.main", "ledger", "check", "--data-dir", str(copy))
    assert checked == "the ledger is consistent\n"


async def test_locks_and_elections_work(etcdctl: Etcdctl) -> None:
    assert await etcdctl("lock", "door", "echo", "mine") == "mine\n"


@pytest.mark.parametrize(
    "command",
    [
        "user list",
        "role add cook",
        "auth enable",
        "member add b --peer-urls=http://127.0.0.1:1",
        "move-leader 1",
    ],
)
async def test_what_is_not_there_is_refused_by_name(etcdctl: Etcdctl, command: str) -> None:
    assert "kubeade: " in await etcdctl(*command.split(), code=1)


async def test_without_a_certificate_nobody_gets_in(etcdctl: Etcdctl, tmp_path: Path) -> None:
    assert ETCDCTL is not None
    url = json.loads((tmp_path / "data/pki/etcd/endpoint.json").read_text())["url"]
    with pytest.raises(AssertionError, match=r"deadline|handshake|certificate"):
        await run(
            ETCDCTL,
            f"--endpoints={url}",
            "--insecure-skip-tls-verify",
            "get",
            "a",
            "--dial-timeout=1s",
            "--command-timeout=1s",
        )

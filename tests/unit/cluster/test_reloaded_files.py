"""Files about access that change while the server runs: used when they are right, else left alone."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_lab import HandClock

from kubeade.cluster import reloading
from kubeade.cluster.access import Rights, Users
from kubeade.cluster.reloading import Close, ReloadedFiles
from kubeade.cluster.rights import find_rights
from kubeade.cluster.users import ConfiguredUsers
from kubeade.lib import changed_file


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed_file, "POLL_SECONDS", 0.005)
    monkeypatch.setattr(reloading, "GRACE_SECONDS", 0.0)


@asynccontextmanager
async def followed(path: Path, reload: Callable[[], Awaitable[Close]]) -> Any:
    files = ReloadedFiles()
    files.add(str(path), reload)
    running = asyncio.ensure_future(files.run())
    yield
    running.cancel()
    await asyncio.wait([running])


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.005)


def written(path: Path, kind: str, **fields: Any) -> None:
    said = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": kind, **fields}
    new = path.with_suffix(".new")
    new.write_text(yaml.safe_dump(said))
    new.rename(path)


async def test_a_changed_authentication_configuration_is_used_and_a_wrong_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "authentication.yaml"
    written(file, "AuthenticationConfiguration", anonymous={"enabled": False})
    users = ConfiguredUsers(Users(configuration=str(file)), ("https://own.example",), HandClock())
    assert not users.admits("/livez")
    async with followed(file, users.reload):
        written(file, "AuthenticationConfiguration", anonymous={"enabled": True, "lemons": 1})
        await until(lambda: "is not used" in caplog.text)
        assert not users.admits("/livez")
        written(file, "AuthenticationConfiguration", anonymous={"enabled": True})
        await until(lambda: users.admits("/livez"))


async def test_a_changed_authorization_configuration_names_others(tmp_path: Path) -> None:
    file, policies = tmp_path / "authorization.yaml", tmp_path / "policies"
    policies.write_text("")
    own = [{"type": name, "name": name.lower()} for name in ("Node", "RBAC")]
    written(file, "AuthorizationConfiguration", authorizers=own)
    rights = Rights(configuration=str(file), policy_file=str(policies))
    asked = [find_rights(rights, HandClock()).members]

    async def reload() -> Close:
        found = find_rights(rights, HandClock())
        asked.append(found.members)
        return found.close

    async with followed(file, reload):
        written(file, "AuthorizationConfiguration", authorizers=[{"type": "ABAC", "name": "abac"}, *own])
        await until(lambda: len(asked) == 2)
    assert asked[0] == ["Node", "RBAC"]
    assert list(asked[1][1:]) == ["Node", "RBAC"]


async def test_a_file_that_is_written_again_as_it_was_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("lemons")
    changed = changed_file.ChangedFile(file)
    waiting = asyncio.ensure_future(changed.changed())
    file.unlink()
    await asyncio.wait([waiting], timeout=0.05)
    file.write_text("lemons")
    await asyncio.wait([waiting], timeout=0.05)
    assert not waiting.done()
    file.write_text("oranges")
    async with asyncio.timeout(10):
        await waiting

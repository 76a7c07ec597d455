"""An object's past is asked of its private subresource `order`, newest first."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_lab import ApiLab, api_lab

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
EVENTS = "/api/v1/namespaces/default/events"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as found:
        yield found


async def _three_versions(lab: ApiLab) -> list[int]:
    made = [await lab.config_map("menu")]
    for drink in ("lemonade", "tea"):
        body = {"metadata": {"name": "menu"}, "data": {"drink": drink}}
        made.append((await lab.send("PUT", f"{CONFIG_MAPS}/menu", body)).json)
    return [int(each["metadata"]["resourceVersion"]) for each in made]


async def test_versions_come_newest_first_with_their_authors(lab: ApiLab) -> None:
    revisions = await _three_versions(lab)
    answer = (await lab.send("GET", f"{CONFIG_MAPS}/menu/order?versions=10")).json
    assert [int(each["resourceVersion"]) for each in answer["versions"]] == revisions[::-1]
    assert {each["author"] for each in answer["versions"]} == {"admin"}
    drinks = [each["object"].get("data", {}).get("drink") for each in answer["versions"]]
    assert drinks[:2] == ["tea", "lemonade"]


async def test_no_more_than_asked_for(lab: ApiLab) -> None:
    await _three_versions(lab)
    answer = (await lab.send("GET", f"{CONFIG_MAPS}/menu/order?versions=2")).json
    assert len(answer["versions"]) == 2


async def test_as_it_was_before_it_was_deleted(lab: ApiLab) -> None:
    revisions = await _three_versions(lab)
    await lab.send("DELETE", f"{CONFIG_MAPS}/menu")
    assert (await lab.send("GET", f"{CONFIG_MAPS}/menu/order?versions=2")).status == 404
    answer = (await lab.send("GET", f"{CONFIG_MAPS}/menu/order?at={revisions[1]}")).json
    assert answer["versions"][0]["object"]["data"] == {"drink": "lemonade"}
    answer = (await lab.send("GET", f"{CONFIG_MAPS}/menu/order?versions=9&deleted=1")).json
    assert [int(each["resourceVersion"]) for each in answer["versions"]] == revisions[::-1]
    assert (await lab.send("GET", f"{CONFIG_MAPS}/never/order?versions=9&deleted=1")).status == 404


async def test_what_is_not_kept_or_not_yet_is_refused(lab: ApiLab) -> None:
    revisions = await _three_versions(lab)
    await lab.server.storage.ledger.compact(revisions[1])
    assert (await lab.send("GET", f"{CONFIG_MAPS}/menu/order?at={revisions[0]}")).status == 410
    answer = (await lab.send("GET", f"{CONFIG_MAPS}/menu/order?versions=9")).json
    assert [int(each["resourceVersion"]) for each in answer["versions"]] == revisions[:0:-1]
    assert answer["oldest"] == str(revisions[1])
    assert (await lab.send("GET", f"{CONFIG_MAPS}/menu/order?at=999999")).status == 400
    assert (await lab.send("GET", f"{CONFIG_MAPS}/menu/order?at=yesterday")).status == 400


async def test_events_are_told_of_after_they_have_expired(lab: ApiLab) -> None:
    ledger = lab.server.storage.ledger
    for number, name in enumerate(("menu", "other", "menu")):
        event = {
            "metadata": {"name": f"{name}.{number}"},
            "involvedObject": {"kind": "ConfigMap", "name": name, "namespace": "default"},
            "reason": "Read",
            "message": f"reading {number} of menu",
        }
        assert (await lab.send("POST", EVENTS, event)).status == 201
    first = await ledger.get(b"/registry/core/events/default/menu.0")
    assert first is not None
    await ledger.revoke_lease(first.lease)  # its hour is over
    assert (await lab.send("GET", f"{EVENTS}/menu.0")).status == 404
    answer = (await lab.send("GET", f"{EVENTS}/menu/order?of=ConfigMap")).json
    assert [(each["object"]["message"], each["gone"]) for each in answer["events"]] == [
        ("reading 0 of menu", True),
        ("reading 2 of menu", False),
    ]
    await ledger.compact(ledger.revision)
    await lab.config_map("later")
    answer = (await lab.send("GET", f"{EVENTS}/menu/order?of=ConfigMap")).json
    assert [each["gone"] for each in answer["events"]] == [True, False], (
        "the compacted revision itself is kept"
    )
    await ledger.compact(ledger.revision)
    answer = (await lab.send("GET", f"{EVENTS}/menu/order?of=ConfigMap")).json
    assert [each["gone"] for each in answer["events"]] == [False]

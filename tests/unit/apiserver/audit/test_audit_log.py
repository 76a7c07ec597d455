"""What the audit log says of requests, over a whole API server; and what becomes of its file."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

from api_lab import ApiLab, HandClock, api_lab

from kubeade.api.errors import Unauthorized
from kubeade.api.schema import DEFAULT_VERSION
from kubeade.apiserver.audit import log as audit_log
from kubeade.apiserver.audit.lines import Lines
from kubeade.apiserver.audit.log import AuditLog, StandardOutput
from kubeade.apiserver.audit.policy import Policy, Rule
from kubeade.apiserver.audit.rotation import Retention, RotatedFile
from kubeade.apiserver.audit.trail import Auditor
from kubeade.apiserver.seams import User
from kubeade.apiserver.server import ApiServerConfig
from kubeade.lib.http.message import Request
from kubeade.lib.ids import Ids

ALICE = User("alice", "u-1", ("buyers",), {"scope": ("all",)})
MAPS = "/api/v1/namespaces/default/configmaps"


class Kept:
    """A lab whose audit log can be read."""

    def __init__(self, lab: ApiLab, log: AuditLog, stream: BytesIO) -> None:
        self.lab = lab
        self._log = log
        self._stream = stream

    def events(self) -> list[Any]:
        self._log.end()
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]


@asynccontextmanager
async def kept(tmp_path: Path, **rule: Any) -> AsyncIterator[Kept]:
    stream = BytesIO()
    log = AuditLog(StandardOutput(stream), Lines(DEFAULT_VERSION))
    auditor = Auditor(Policy((Rule(**rule),)), [log], HandClock(), Ids(Random(1)))
    async with api_lab(tmp_path, config=ApiServerConfig(auditor=auditor)) as lab:
        yield Kept(lab, log, stream)
    log.end()


def mine(events: list[Any]) -> list[Any]:
    return [event for event in events if event["user"]["username"] == "alice"]


async def test_a_request_is_told_of_when_it_comes_and_when_it_is_answered(tmp_path: Path) -> None:
    async with kept(tmp_path, level="Metadata") as found:
        await found.lab.send("POST", f"{MAPS}?pretty=1", {"metadata": {"name": "menu"}}, user=ALICE)
        came, done = mine(found.events())
    assert (came["stage"], done["stage"]) == ("RequestReceived", "ResponseComplete")
    assert came["auditID"] == done["auditID"]
    assert done["kind"] == "Event"
    assert done["apiVersion"] == "audit.k8s.io/v1"
    assert done["verb"] == "create"
    assert done["requestURI"] == f"{MAPS}?pretty=1"
    assert done["user"] == {
        "username": "alice",
        "uid": "u-1",
        "groups": ["buyers"],
        "extra": {"scope": ["all"]},
    }
    assert done["userAgent"] == "lab/1"
    reference = {"resource": "configmaps", "namespace": "default", "name": "menu", "apiVersion": "v1"}
    assert done["objectRef"] == reference
    assert done["responseStatus"] == {"metadata": {}, "code": 201}
    assert done["annotations"]["authorization.k8s.io/decision"] == "allow"
    assert "requestObject" not in done
    assert done["stageTimestamp"] == "2026-01-31T12:00:00.000000Z"


async def test_what_was_sent_and_answered_is_kept_where_the_policy_says_so(tmp_path: Path) -> None:
    rule = {"level": "RequestResponse", "omit_stages": ("RequestReceived",), "omit_managed_fields": True}
    async with kept(tmp_path, **rule) as found:
        await found.lab.send("POST", MAPS, {"metadata": {"name": "menu"}, "data": {"a": "1"}}, user=ALICE)
        await found.lab.send("GET", MAPS, user=ALICE)
        made, listed = mine(found.events())
    assert made["requestObject"]["data"] == {"a": "1"}
    assert made["responseObject"]["metadata"]["uid"]
    assert "managedFields" not in made["responseObject"]["metadata"]
    assert "managedFields" not in listed["responseObject"]["items"][0]["metadata"]


async def test_answers_in_protobuf_are_kept_as_json(tmp_path: Path) -> None:
    async with kept(tmp_path, level="RequestResponse", omit_stages=("RequestReceived",)) as found:
        await found.lab.config_map("menu")
        accept = {"accept": "application/vnd.kubernetes.protobuf"}
        await found.lab.send("GET", f"{MAPS}/menu", headers=accept, user=ALICE)
        (event,) = mine(found.events())
    assert event["responseObject"]["metadata"]["name"] == "menu"


async def test_a_refusal_says_why(tmp_path: Path) -> None:
    async with kept(tmp_path, level="Metadata", omit_stages=("RequestReceived",)) as found:
        found.lab.doors.forbidden.add("delete")
        await found.lab.send("DELETE", f"{MAPS}/menu", user=ALICE)
        (event,) = mine(found.events())
    assert event["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert event["responseStatus"]["reason"] == "Forbidden"
    assert event["responseStatus"]["code"] == 403


async def test_a_watch_is_told_of_when_it_starts_and_when_it_ends(tmp_path: Path) -> None:
    async with kept(tmp_path, level="Request") as found:
        response = await found.lab.response("GET", f"{MAPS}?watch=true", user=ALICE)
        assert not isinstance(response.body, bytes | list)
        await response.body.aclose()
        stages = [event["stage"] for event in mine(found.events())]
    assert stages == ["RequestReceived", "ResponseStarted", "ResponseComplete"]


async def test_who_is_impersonated_stands_beside_who_asks(tmp_path: Path) -> None:
    async with kept(tmp_path, level="Metadata", omit_stages=("RequestReceived",)) as found:
        await found.lab.send("GET", MAPS, headers={"impersonate-user": "bob"}, user=ALICE)
        (event,) = mine(found.events())
    assert event["impersonatedUser"]["username"] == "bob"
    assert event["authenticationMetadata"] == {"impersonationConstraint": "impersonate:user-info"}


async def test_a_stranger_is_noted(tmp_path: Path) -> None:
    async with kept(tmp_path, level="Metadata") as found:

        async def unknown(request: Request) -> User | None:
            raise Unauthorized("Unauthorized")

        found.lab.doors.authenticate = unknown
        headers = {"authorization": "Bearer x"}
        assert (await found.lab.send("GET", MAPS, headers=headers, user=None)).status == 401
        events = [event for event in found.events() if not event["user"]]
    assert [event["stage"] for event in events] == ["RequestReceived", "ResponseStarted", "ResponseComplete"]
    assert events[-1]["responseStatus"]["code"] == 401
    assert events[-1]["responseStatus"]["message"] == "Authentication failed, attempted: bearer"


async def test_clients_learn_the_audit_id_and_may_choose_it(tmp_path: Path) -> None:
    async with kept(tmp_path, level="None") as found:
        answer = await found.lab.send("GET", MAPS, headers={"audit-id": "mine"}, user=ALICE)
        assert answer.header("audit-id") == ["mine"]
        assert mine(found.events()) == []


async def test_requests_go_on_when_the_log_cannot_keep_up(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(audit_log, "QUEUED_EVENTS", 2)
    async with kept(tmp_path, level="Metadata") as found:
        held = found._log
        held._thread = object()  # type: ignore[assignment]  # a writer that never writes
        for _ in range(4):
            assert (await found.lab.send("GET", MAPS, user=ALICE)).status == 200
        metrics = await found.lab.send("GET", "/metrics")
        held._thread = None
    assert held.events == 2
    dropped = [line for line in metrics.body.decode().splitlines() if "audit_error_total{" in line]
    assert float(dropped[0].rpartition(" ")[2]) > 0


def test_a_full_file_is_put_aside_and_old_ones_are_dropped(tmp_path: Path) -> None:
    clock = HandClock()
    file = RotatedFile(tmp_path / "audit.log", Retention(1, max_backups=2, max_age_days=0), clock)
    for _ in range(5):
        file.write([b"x" * 700_000 + b"\n"])
        clock.advance(1)
    file.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["audit-2026-01-31T12-00-03.000.log", "audit-2026-01-31T12-00-04.000.log", "audit.log"]
    assert (tmp_path / "audit.log").stat().st_mode & 0o777 == 0o600


def test_files_go_with_their_age_and_can_be_compressed(tmp_path: Path) -> None:
    clock = HandClock()
    clock.moment = datetime(2026, 1, 1, tzinfo=UTC)
    file = RotatedFile(tmp_path / "audit.log", Retention(1, max_age_days=10, compress=True), clock)
    for _ in range(3):
        file.write([b"x" * 700_000 + b"\n"])
        clock.advance(20 * 86400)
    file.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "audit-2026-02-10T00-00-00.000.log.gz",
        "audit.log",
    ]

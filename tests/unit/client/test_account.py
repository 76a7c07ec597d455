"""A controller as a service account: tokens asked for once, in time, and again when they no longer count."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from kubeade.client.account import TOKEN_SECONDS, AccountTransport
from kubeade.client.client import Client
from kubeade.lib.http.message import Request, Response

ASKED = Request("GET", "/api", headers={"accept": "application/json"})


class MovableClock:
    def __init__(self):
        self.moment = datetime(2026, 1, 31, tzinfo=UTC)

    def now(self):
        return self.moment


class Server:
    """Gives out token-1, token-2, ... for accounts that exist; takes only the newest."""

    def __init__(self):
        self.accounts = set()
        self.given = 0
        self.seen = []
        self.fault = ""

    async def issue(self, request: Request) -> Response:
        collection, _, rest = request.path.partition("/serviceaccounts")
        assert collection == "/api/v1/namespaces/kube-system"
        if not rest:
            name = json.loads(request.body)["metadata"]["name"]
            self.accounts.add(name)
            return _answer(201, {"metadata": {"name": name}})
        if rest.split("/")[1] not in self.accounts:
            return _answer(404, {"kind": "Status", "reason": "NotFound", "code": 404, "message": "no"})
        assert json.loads(request.body)["spec"]["expirationSeconds"] == TOKEN_SECONDS
        self.given += 1
        return _answer(201, {"status": {"token": f"token-{self.given}"}})

    async def serve(self, request: Request) -> Response:
        assert request.headers["accept"] == "application/json", "what it was sent with goes along"
        self.seen.append(request.headers["authorization"])
        valid = self.seen[-1] == f"Bearer token-{self.given}" and not self.fault
        return _answer(200 if valid else 401, {})


def _answer(status, body):
    return Response(status, [("content-type", "application/json")], json.dumps(body).encode())


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def clock():
    return MovableClock()


@pytest.fixture
def send(server, clock):
    return AccountTransport(server.serve, Client(server.issue, user_agent="test"), "job-controller", clock)


async def test_a_missing_account_is_made_and_its_token_is_used_again(server, send):
    assert [(await send(ASKED)).status for _ in range(3)] == [200, 200, 200]
    assert server.accounts == {"job-controller"}
    assert server.seen == ["Bearer token-1"] * 3


async def test_a_token_is_renewed_before_its_time_is_over(server, send, clock):
    await send(ASKED)
    clock.moment += timedelta(seconds=0.8 * TOKEN_SECONDS)
    await send(ASKED)
    assert server.seen == ["Bearer token-1", "Bearer token-2"]


async def test_a_token_that_no_longer_counts_is_asked_for_anew_with_the_next_request(server, send):
    server.fault = "the account was made anew"
    assert (await send(ASKED)).status == 401
    server.fault = ""
    assert (await send(ASKED)).status == 200
    assert server.given == 2

"""Webhooks that know tokens and that allow requests: what they are asked, what is believed, and how long."""

from typing import Any

import pytest
from api_lab import HandClock

from kubeade.api.resource import Object
from kubeade.apiserver.authentication.jws import InvalidToken
from kubeade.apiserver.authentication.webhook import TokenWebhook
from kubeade.apiserver.authorization.authorizer import Union
from kubeade.apiserver.authorization.webhook import (
    AnswerTimes,
    AuthorizationWebhook,
    WebhookTerms,
    compiled_condition,
)
from kubeade.apiserver.seams import Attributes, Decision, User
from kubeade.apiserver.webhooks.remote import RemoteError, WebhookPlace

ALICE = User("alice", "u1", ("buyers",))


class Server:
    """Answers every review with `status`; None: not at all."""

    def __init__(self, status: Object | None) -> None:
        self.status = status
        self.asked: list[Any] = []

    async def post(self, url: str, body: Object, timeout_seconds: float = 0) -> Object:
        self.asked.append(body)
        if self.status is None:
            raise RemoteError("connection refused")
        return {**body, "status": self.status}

    async def close(self) -> None:
        pass


def place(server: Server, version: str = "v1") -> WebhookPlace:
    return WebhookPlace("https://webhook.example", server, version)  # type: ignore[arg-type]


def tokens(server: Server, clock: HandClock | None = None) -> TokenWebhook:
    return TokenWebhook(place(server), clock or HandClock(), ("api",), 120.0)


async def test_a_token_that_the_webhook_knows_has_its_user_for_a_while() -> None:
    info = {"username": "alice", "uid": "u1", "groups": ["buyers"], "extra": {"a": ["b"]}}
    server, clock = Server({"authenticated": True, "user": info}), HandClock()
    webhook = tokens(server, clock)
    for _ in range(2):
        user = User("alice", "u1", ("buyers", "system:authenticated"), {"a": ("b",)})
        assert await webhook.authenticate("secret", ()) == (user, ("api",))
    assert len(server.asked) == 1
    assert server.asked[0]["apiVersion"] == "authentication.k8s.io/v1"
    assert server.asked[0]["spec"] == {"token": "secret", "audiences": ["api"]}
    clock.advance(121)
    await webhook.authenticate("secret", ())
    assert len(server.asked) == 2


async def test_a_token_for_somebody_else_is_not_known() -> None:
    server = Server({"authenticated": True, "user": {"username": "a"}, "audiences": ["other"]})
    assert await tokens(server).authenticate("secret", ()) is None


async def test_a_no_is_not_remembered() -> None:
    server = Server({"authenticated": False})
    webhook = tokens(server)
    assert await webhook.authenticate("secret", ()) is None
    server.status = {"authenticated": False, "error": "expired"}
    with pytest.raises(InvalidToken, match="expired"):
        await webhook.authenticate("secret", ())


async def test_a_webhook_that_does_not_answer_lets_nobody_in() -> None:
    with pytest.raises(InvalidToken, match="refused"):
        await tokens(Server(None)).authenticate("secret", ())


def rights(server: Server, clock: HandClock, version: str = "v1") -> AuthorizationWebhook:
    return AuthorizationWebhook(place(server, version), clock, WebhookTerms(AnswerTimes(300, 30)))


GET = Attributes(ALICE, "get", "apps", "v1", "deployments", "scale", "shop", "web")


async def test_the_webhook_is_asked_what_is_asked_of_the_server() -> None:
    server = Server({"allowed": True, "reason": "of age"})
    decision = await rights(server, HandClock()).authorize(GET)
    assert decision == Decision(True, "of age")
    assert server.asked[0]["spec"] == {
        "user": "alice",
        "uid": "u1",
        "groups": ["buyers"],
        "resourceAttributes": {
            "namespace": "shop",
            "verb": "get",
            "group": "apps",
            "version": "v1",
            "resource": "deployments",
            "subresource": "scale",
            "name": "web",
        },
    }


async def test_the_old_version_calls_groups_a_group() -> None:
    server = Server({"allowed": True})
    path = Attributes(ALICE, "get", path="/metrics", resource_request=False)
    await rights(server, HandClock(), "v1beta1").authorize(path)
    assert server.asked[0]["apiVersion"] == "authorization.k8s.io/v1beta1"
    assert server.asked[0]["spec"]["group"] == ["buyers"]
    assert server.asked[0]["spec"]["nonResourceAttributes"] == {"path": "/metrics", "verb": "get"}


@pytest.mark.parametrize(("allowed", "seconds"), [(True, 300), (False, 30)])
async def test_answers_are_believed_for_their_time(allowed: bool, seconds: int) -> None:
    server, clock = Server({"allowed": allowed}), HandClock()
    webhook = rights(server, clock)
    for moved, asked in ((0, 1), (seconds - 1, 1), (2, 2)):
        clock.advance(moved)
        assert (await webhook.authorize(GET)).allowed is allowed
        assert len(server.asked) == asked


class Allows:
    async def authorize(self, attributes: Attributes) -> Decision:
        return Decision(True, "the next one")


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ({"allowed": False, "denied": True, "reason": "never"}, False),
        ({"allowed": True, "denied": True}, False),
        ({"allowed": False}, True),
        (None, True),
    ],
)
async def test_only_a_denial_ends_it(status: Object | None, allowed: bool) -> None:
    union = Union([rights(Server(status), HandClock()), Allows()])
    assert (await union.authorize(GET)).allowed is allowed


def terms(*expressions: str, denies: bool) -> WebhookTerms:
    conditions = [compiled_condition(each) for each in expressions]
    return WebhookTerms(timeout_seconds=1.5, denies_on_failure=denies, conditions=conditions)


@pytest.mark.parametrize(
    ("expressions", "asked", "denied"),
    [
        (("request.user == 'alice'", "request.resourceAttributes.verb == 'get'"), 1, False),
        (("has(request.nonResourceAttributes)",), 0, False),
        (("request.lemons == 1",), 0, True),
        (("request.lemons == 1", "request.user == 'bob'"), 0, False),
    ],
)
async def test_a_webhook_is_asked_of_what_its_conditions_say(
    expressions: tuple[str, ...], asked: int, denied: bool
) -> None:
    server = Server({"allowed": False})
    for denies in (True, False):
        webhook = AuthorizationWebhook(place(server), HandClock(), terms(*expressions, denies=denies))
        assert (await webhook.authorize(GET)).denied is (denied and denies)
    assert len(server.asked) == 2 * asked


async def test_a_webhook_that_is_away_denies_where_it_shall() -> None:
    for denies in (True, False):
        webhook = AuthorizationWebhook(place(Server(None)), HandClock(), terms(denies=denies))
        assert (await webhook.authorize(GET)).denied is denies

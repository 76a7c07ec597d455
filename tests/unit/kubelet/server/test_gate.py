"""Who gets into the node's server."""

from typing import Any

import msgspec
import pytest

from kubeade.api.errors import Forbidden, Unauthorized
from kubeade.client.client import Client
from kubeade.kubelet.server.gate import Gate, subresources
from kubeade.lib.clock import SystemClock
from kubeade.lib.http.message import Request, Response


class Reviews:
    """An API server that knows one token, and lets its user see the figures of node n."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def __call__(self, request: Request) -> Response:
        review = msgspec.json.decode(request.body)
        if review["kind"] == "TokenReview":
            known = review["spec"]["token"] == "sour"
            user = {"username": "lemon", "groups": ["fruit"], "uid": "7", "extra": {"peel": ["thick"]}}
            review["status"] = {"authenticated": known, "user": user if known else {}}
        else:
            self.asked.append(review["spec"])
            review["status"] = {
                "allowed": review["spec"]["resourceAttributes"]["subresource"] in ("metrics", "pods")
            }
        return Response(201, body=msgspec.json.encode(review))


def gate(reviews: Reviews) -> Gate:
    return Gate("n", Client(reviews, user_agent="kubelet"), SystemClock())


def request(path: str, token: str = "sour") -> Request:
    return Request("GET", path, headers={"authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/pods", ["pods", "proxy"]),
        ("/healthz/ping", ["healthz", "proxy"]),
        ("/metrics/cadvisor", ["metrics"]),
        ("/stats/summary", ["stats"]),
        ("/exec/ns/pod/c", ["proxy"]),
        ("/podsters", ["proxy"]),
    ],
)
def test_each_path_is_a_subresource_of_the_node(path: str, expected: list[str]) -> None:
    assert subresources(path) == expected


@pytest.mark.parametrize("certificate", [None, b"", b"no certificate"])
async def test_nobody_gets_in_without_a_certificate(certificate: bytes | None) -> None:
    nobody: Any = None
    gate = Gate("n", nobody, SystemClock())
    with pytest.raises(Unauthorized):
        await gate.admit(Request("GET", "/pods", peer_certificate=certificate))


async def test_token_stands_for_its_user_with_all_that_is_known_of_him() -> None:
    reviews = Reviews()
    await gate(reviews).admit(request("/metrics/resource"))
    (asked,) = reviews.asked
    assert (asked["user"], asked["groups"], asked["uid"]) == ("lemon", ["fruit"], "7")
    assert asked["extra"] == {"peel": ["thick"]}
    assert asked["resourceAttributes"]["name"] == "n"


async def test_token_that_nobody_knows_is_turned_away() -> None:
    reviews = Reviews()
    for headers in ({"authorization": "Bearer sweet"}, {"authorization": "Basic bGVtb24="}, {}):
        with pytest.raises(Unauthorized):
            await gate(reviews).admit(Request("GET", "/metrics", headers=headers))
    assert reviews.asked == []


async def test_one_subresource_that_allows_is_enough_and_none_is_not() -> None:
    reviews = Reviews()
    await gate(reviews).admit(request("/pods"))
    assert len(reviews.asked) == 1
    with pytest.raises(Forbidden, match=r"resource=nodes, subresource\(s\)=\[proxy\]"):
        await gate(reviews).admit(request("/exec/shop/web/app"))

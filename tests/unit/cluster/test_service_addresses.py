"""A lone proxy takes the ranges that its cluster tells, and works on where it may not."""

import json

import pytest

from kubeade.client.client import Client
from kubeade.cluster.service_addresses import take_service_addresses
from kubeade.cni import NetworkError
from kubeade.lib.http.message import Request, Response


async def ranges(request: Request) -> Response:
    assert request.path == "/apis/networking.k8s.io/v1/servicecidrs"
    blocks = (["10.96.0.0/16"], ["10.112.0.0/16", "fd00::/112"], ["10.96.0.0/16"])
    items = [{"metadata": {"name": "x"}, "spec": {"cidrs": cidrs}} for cidrs in blocks]
    body = {"metadata": {"resourceVersion": "1"}, "items": items}
    return Response(200, [], json.dumps(body).encode())


async def test_every_range_of_the_cluster_is_made_local_once() -> None:
    added: list[str] = []
    await take_service_addresses(Client(ranges, user_agent="test"), added.append)
    assert added == ["10.112.0.0/16", "10.96.0.0/16", "fd00::/112"]


async def test_what_may_not_be_made_local_is_named(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(block: str) -> None:
        raise NetworkError(f"service addresses {block}: Operation not permitted")

    await take_service_addresses(Client(ranges, user_agent="test"), refuse)
    assert "10.96.0.0/16: Operation not permitted" in caplog.text

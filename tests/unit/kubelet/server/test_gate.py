"""Who gets into the node's server."""

from typing import Any

import pytest

from kubeade.api.errors import Unauthorized
from kubeade.kubelet.server.gate import Gate, subresources
from kubeade.lib.clock import SystemClock
from kubeade.lib.http.message import Request


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

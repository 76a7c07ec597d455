"""A body that was to be passed on, and is read here after all: its APIService has gone meanwhile."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_lab import api_lab

from kubeade.api.crd.schema_shapes import LARGEST_REQUEST_BYTES
from kubeade.api.errors import BadRequest, RequestEntityTooLarge
from kubeade.apiserver.body import read_whole
from kubeade.apiserver.seams import User
from kubeade.lib.http.message import Request

ADMIN = User("admin", groups=("system:masters", "system:authenticated"))


async def parts(*found: bytes | Exception) -> AsyncIterator[bytes]:
    for each in found:
        if isinstance(each, Exception):
            raise each
        yield each


async def test_the_parts_are_the_body() -> None:
    assert await read_whole(parts(b"ab", b"", b"c")) == b"abc"


async def test_what_is_too_large_or_has_no_end_is_refused() -> None:
    with pytest.raises(RequestEntityTooLarge):
        await read_whole(parts(b"x" * LARGEST_REQUEST_BYTES, b"x"))
    with pytest.raises(BadRequest):
        await read_whole(parts(b"x", ConnectionResetError("gone")))


async def test_the_request_is_answered_as_any_other(tmp_path: Path) -> None:
    async with api_lab(tmp_path) as lab:
        body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}'
        path = "/api/v1/namespaces/default/configmaps"
        request = Request("POST", path, raw_path=path, identity=ADMIN, stream=parts(body[:9], body[9:]))
        assert (await lab.server.handle(request)).status == 201

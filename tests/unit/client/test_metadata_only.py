"""Reading metadata only: a real API server answers 406 to the form of a list where it has one object."""

import json

from kubeade.api.resources import PODS
from kubeade.client.client import Client
from kubeade.lib.http.message import Request, Response


async def test_lists_are_asked_for_as_lists_and_all_else_as_one_object() -> None:
    asked: list[tuple[str, str]] = []

    async def answer(request: Request) -> Response:
        form = request.headers["accept"].partition("as=")[2].partition(";")[0]
        asked.append((request.method, form))
        body = {"metadata": {"resourceVersion": "1"}, "items": []}
        return Response(200, [], json.dumps(body).encode())

    client = Client(answer, user_agent="test").metadata_only()
    await client.list(PODS, "default")
    await client.get(PODS, "a", "default")
    await client.patch(PODS, "a", {}, "default")
    await client.delete(PODS, "a", "default")
    assert asked == [
        ("GET", "PartialObjectMetadataList"),
        ("GET", "PartialObjectMetadata"),
        ("PATCH", "PartialObjectMetadata"),
        ("DELETE", "PartialObjectMetadata"),
    ]

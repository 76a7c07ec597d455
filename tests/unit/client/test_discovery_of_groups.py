"""One group that does not answer hides no other, and is told."""

import json

from kubeade.client.client import Client
from kubeade.client.discovery import discover, find_resource
from kubeade.lib.http.message import Request, Response

STATUS = {"kind": "Status", "status": "Failure", "message": "the server is currently unable", "code": 503}
GONE = {**STATUS, "reason": "NotFound", "code": 404}
LEMONS = {"name": "lemons", "kind": "Lemon", "namespaced": True, "verbs": ["list"]}
PATHS = {
    "/apis": {
        "groups": [
            {"name": name, "preferredVersion": {"groupVersion": f"{name}/v1"}}
            for name in ("away.example", "gone.example", "lemonade.example")
        ]
    },
    "/api/v1": {"resources": []},
    "/apis/away.example/v1": STATUS,
    "/apis/gone.example/v1": GONE,
    "/apis/lemonade.example/v1": {"resources": [LEMONS, {**LEMONS, "name": "lemons/status"}]},
}


async def answer(request: Request) -> Response:
    body = PATHS[request.path]
    return Response(body.get("code", 200), body=json.dumps(body).encode())


CLIENT = Client(answer, user_agent="test")


async def test_a_group_that_does_not_answer_is_told_and_one_that_went_away_is_not() -> None:
    found = await discover(CLIENT)
    assert [(resource.plural, verbs) for resource, verbs in found.resources] == [("lemons", ["list"])]
    assert found.failures == {"away.example/v1": "the server is currently unable"}


async def test_words_are_found_past_such_a_group() -> None:
    assert (await find_resource(CLIENT, "lemon")).group == "lemonade.example"

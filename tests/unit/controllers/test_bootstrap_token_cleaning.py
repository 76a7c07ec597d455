"""Bootstrap tokens go when their time is up, and not before."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from controller_lab import ControllerLab

from kubeade.api.resource import Object
from kubeade.api.resources import SECRETS
from kubeade.controllers.tokencleaner import plan

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def token(name: str, expiration: str, kind: str = plan.TYPE) -> Object:
    data = {"expiration": b64encode(expiration.encode()).decode()} if expiration else {}
    return {"metadata": {"name": name}, "type": kind, "data": data}


@pytest.mark.parametrize(
    ("secret", "left"),
    [
        (token("a", "2026-01-31T13:00:00Z"), 3600.0),
        (token("a", "2026-01-31T11:00:00+00:00"), -3600.0),
        (token("a", ""), None),
        (token("a", "soon"), 0.0),
        (token("a", "2026-01-31T11:00:00Z", "Opaque"), None),
    ],
)
def test_how_long_a_token_may_stay(secret: Object, left: float | None) -> None:
    assert plan.seconds_left(secret, NOW) == left


async def test_only_tokens_whose_time_is_up_are_deleted(lab: ControllerLab) -> None:
    for name, end in (("bootstrap-token-aaaaaa", "2020-01-01T00:00:00Z"), ("bootstrap-token-bbbbbb", "")):
        await lab.client.create(SECRETS, token(name, end), "kube-system")
    await lab.client.create(SECRETS, token("opaque", "2020-01-01T00:00:00Z", "Opaque"), "kube-system")

    async def left() -> bool:
        found = await lab.client.list(SECRETS, "kube-system")
        names = {each["metadata"]["name"] for each in found.items}
        return "bootstrap-token-aaaaaa" not in names and {"bootstrap-token-bbbbbb", "opaque"} <= names

    assert await lab.until(left)

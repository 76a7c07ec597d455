"""Waiting for a revision that a client has seen and we have not (yet)."""

import asyncio

from kubeade.api.errors import Timeout
from kubeade.apiserver.call import Call

_PATIENCE_SECONDS = 3.0


async def wait_until_fresh(call: Call, revision: int) -> None:
    """Raises Timeout for a revision that does not come in time: a client of another, or a restored,
    cluster."""
    cache = call.backend.storage.cache
    if cache.revision >= revision:
        return
    try:
        await asyncio.wait_for(cache.wait_for(revision), _PATIENCE_SECONDS)
    except TimeoutError:
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        raise Timeout(
            f"Timeout: Too large resource version: {revision}, current: {cache.revision}",
            details={"causes": [cause], "retryAfterSeconds": 1},
        ) from None

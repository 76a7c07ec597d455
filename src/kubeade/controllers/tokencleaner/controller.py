"""Deletes bootstrap tokens when their time is up.

They are not believed any longer then anyway (authentication looks at their end itself): this only clears them
away. `kubeade up` runs it always; upstream leaves turning it on to kubeadm.
"""

from kubeade.api.errors import NotFound
from kubeade.api.resource import Object
from kubeade.api.resources import SECRETS
from kubeade.controllers.tokencleaner import plan
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.informer import Informer, key_of


class TokenCleaner:
    """One key is one Secret. `tokens` is an informer of bootstrap tokens alone."""

    def __init__(self, environment: Environment, tokens: Informer) -> None:
        self._client = environment.client
        self._clock = environment.clock
        self._tokens = tokens
        self.controller = Controller("token-cleaner", self)
        self._tokens.add_handler(self._changed)

    async def reconcile(self, key: str) -> float | None:
        secret = self._tokens.get(key)
        left = None if secret is None else plan.seconds_left(secret, self._clock.now())
        if secret is None or left is None or left > 0:
            return left
        metadata = secret["metadata"]
        try:
            await self._client.delete(SECRETS, metadata["name"], metadata["namespace"], uid=metadata["uid"])
        except NotFound:
            return None
        return None

    def _changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None:
            self.controller.queue.add(key_of(new))

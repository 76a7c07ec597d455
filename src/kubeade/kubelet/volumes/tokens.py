"""Service account tokens for pods, from the API server's TokenRequest, renewed before they end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kubeade.api.resource import Object
from kubeade.api.resources import SERVICE_ACCOUNTS
from kubeade.client.client import Client
from kubeade.kubelet import pods
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import parse_time

RENEW_FRACTION = 0.8
RENEW_AFTER = timedelta(hours=24)
DEFAULT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    renew_at: datetime


class Tokens:
    """One token per pod, audience and lifetime; kept in memory only."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._tokens: dict[tuple[str, str, int], _Token] = {}

    async def get(self, pod: Object, source: Object) -> str:
        """The token for a serviceAccountToken source of this pod."""
        audience = source.get("audience") or ""
        seconds = int(source.get("expirationSeconds") or DEFAULT_SECONDS)
        key = (pods.uid_of(pod), audience, seconds)
        token = self._tokens.get(key)
        if token is None or self._clock.now() >= token.renew_at:
            token = self._tokens[key] = await self._request(pod, audience, seconds)
        return token.text

    def renew_at(self, uid: str) -> datetime | None:
        """When the first of the pod's tokens wants to be renewed."""
        return min((each.renew_at for key, each in self._tokens.items() if key[0] == uid), default=None)

    def forget(self, uid: str) -> None:
        for key in [each for each in self._tokens if each[0] == uid]:
            del self._tokens[key]

    async def _request(self, pod: Object, audience: str, seconds: int) -> _Token:
        metadata = pod["metadata"]
        bound = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "audiences": [audience] if audience else [],
                "expirationSeconds": seconds,
                "boundObjectRef": bound,
            },
        }
        account = pod["spec"].get("serviceAccountName") or "default"
        namespace = metadata["namespace"]
        answer = await self._client.create(
            SERVICE_ACCOUNTS, body, namespace, name=account, subresource="token"
        )
        now = self._clock.now()
        lifetime = parse_time(answer["status"]["expirationTimestamp"]) - now
        return _Token(answer["status"]["token"], now + min(lifetime * RENEW_FRACTION, RENEW_AFTER))

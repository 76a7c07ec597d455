"""Speaking to the API server as a service account, with tokens that are asked for in time.

Upstream's `--use-service-account-credentials`: whoever may ask for tokens in kube-system runs each controller
as an account with just that controller's rights. An account that is missing is made.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus

from kubeade.api.errors import AlreadyExists, NotFound
from kubeade.api.resources import SERVICE_ACCOUNTS
from kubeade.client.client import Client
from kubeade.client.transport import Transport
from kubeade.lib.clock import Clock
from kubeade.lib.http.message import Request, Response

NAMESPACE = "kube-system"
TOKEN_SECONDS = 3600
_RENEW_AFTER_SECONDS = 0.8 * TOKEN_SECONDS


class AccountTransport:
    """A `Transport` that signs in as `account`: `send` carries its requests, `issuer` asks for its tokens."""

    def __init__(self, send: Transport, issuer: Client, account: str, clock: Clock) -> None:
        self._send = send
        self._issuer = issuer
        self._account = account
        self._clock = clock
        self._token = ""
        self._renew_at = 0.0
        self._asking = asyncio.Lock()

    async def __call__(self, request: Request) -> Response:
        """Send it. A token that the server no longer takes is asked for anew with the next request."""
        token = await self._current_token()
        headers = {**request.headers, "authorization": f"Bearer {token}"}
        response = await self._send(replace(request, headers=headers))
        if response.status == HTTPStatus.UNAUTHORIZED and token == self._token:
            self._token = ""
        return response

    async def _current_token(self) -> str:
        async with self._asking:
            now = self._clock.now().timestamp()
            if not self._token or now >= self._renew_at:
                self._token = await self._ask()
                self._renew_at = now + _RENEW_AFTER_SECONDS
            return self._token

    async def _ask(self) -> str:
        try:
            return await self._request_token()
        except NotFound:
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": self._account}}
            with suppress(AlreadyExists):
                await self._issuer.create(SERVICE_ACCOUNTS, account, NAMESPACE)
            return await self._request_token()

    async def _request_token(self) -> str:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": TOKEN_SECONDS},
        }
        answer = await self._issuer.create(
            SERVICE_ACCOUNTS, body, NAMESPACE, name=self._account, subresource="token"
        )
        token: str = answer["status"]["token"]
        return token

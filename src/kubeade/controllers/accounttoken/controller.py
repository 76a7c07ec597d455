"""Secrets of type kubernetes.io/service-account-token get a token; without their account they go.

Upstream signs such tokens itself, without an end. Here they are asked for like any other token, bound to the
Secret and good for 136 years: deleting the Secret or the account ends them. Upstream:
pkg/controller/serviceaccount/tokens_controller.go.
"""

import base64

from kubeade.api.errors import NotFound
from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.api.resources import SECRETS, SERVICE_ACCOUNTS
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.informer import Informer, key_of

TYPE = "kubernetes.io/service-account-token"
ACCOUNT_NAME = "kubernetes.io/service-account.name"
ACCOUNT_UID = "kubernetes.io/service-account.uid"
LIFETIME_SECONDS = 1 << 32
MISSING_ACCOUNT_SECONDS = 1.0


class AccountTokenController:
    """One key is one Secret. `secrets` is an informer of that type alone."""

    def __init__(self, environment: Environment, secrets: Informer, certificate_pem: str) -> None:
        self._client = environment.client
        self._secrets = secrets
        self._accounts = environment.informers.of(SERVICE_ACCOUNTS)
        self._certificate = _base64(certificate_pem)
        self._missed: set[str] = set()
        self.controller = Controller("service-account-token", self)
        self._secrets.add_handler(self._secret_changed)
        self._accounts.add_handler(self._account_changed)

    async def reconcile(self, key: str) -> float | None:
        secret = self._secrets.get(key)
        if secret is None or is_being_deleted(secret):
            self._missed.discard(key)
            return None
        account = self._account_of(secret)
        if account is None:
            return await self._remove(key, secret)
        self._missed.discard(key)
        if self._is_complete(secret, account):
            return None
        try:
            await self._client.update(SECRETS, await self._completed(secret, account))
        except NotFound:
            return None
        return None

    def _account_of(self, secret: Object) -> Object | None:
        annotations = part(secret, "metadata", "annotations")
        account = self._accounts.get(f"{secret['metadata']['namespace']}/{annotations.get(ACCOUNT_NAME)}")
        if account is None or annotations.get(ACCOUNT_UID) not in (None, "", account["metadata"]["uid"]):
            return None
        return account

    async def _remove(self, key: str, secret: Object) -> float | None:
        """The account may have come in the same breath: it is looked for twice."""
        if key not in self._missed:
            self._missed.add(key)
            return MISSING_ACCOUNT_SECONDS
        metadata = secret["metadata"]
        try:
            await self._client.delete(SECRETS, metadata["name"], metadata["namespace"], uid=metadata["uid"])
        except NotFound:
            return None
        return None

    def _is_complete(self, secret: Object, account: Object) -> bool:
        uid = text(secret, "metadata", "annotations", ACCOUNT_UID)
        data = part(secret, "data")
        return (
            uid == account["metadata"]["uid"]
            and bool(data.get("token"))
            and bool(data.get("namespace"))
            and data.get("ca.crt") == self._certificate
        )

    async def _completed(self, secret: Object, account: Object) -> Object:
        metadata, data = secret["metadata"], part(secret, "data")
        token = data.get("token") or _base64(await self._token(secret, account))
        annotations = {**part(metadata, "annotations"), ACCOUNT_UID: account["metadata"]["uid"]}
        filled = {"ca.crt": self._certificate, "namespace": _base64(metadata["namespace"]), "token": token}
        return {**secret, "metadata": {**metadata, "annotations": annotations}, "data": {**data, **filled}}

    async def _token(self, secret: Object, account: Object) -> str:
        metadata = secret["metadata"]
        bound = {"apiVersion": "v1", "kind": "Secret", "name": metadata["name"], "uid": metadata["uid"]}
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": LIFETIME_SECONDS, "boundObjectRef": bound, "audiences": []},
        }
        answer = await self._client.create(
            SERVICE_ACCOUNTS,
            body,
            metadata["namespace"],
            name=account["metadata"]["name"],
            subresource="token",
        )
        return text(answer, "status", "token")

    def _secret_changed(self, old: Object | None, new: Object | None) -> None:
        self.controller.queue.add(key_of(new or old or {}))

    def _account_changed(self, old: Object | None, new: Object | None) -> None:
        item = new or old or {}
        if old is not None and new is not None:
            return
        for secret in self._secrets:
            same = secret["metadata"]["namespace"] == item["metadata"]["namespace"]
            if same and text(secret, "metadata", "annotations", ACCOUNT_NAME) == item["metadata"]["name"]:
                self.controller.queue.add(key_of(secret))


def _base64(text_: str) -> str:
    return base64.b64encode(text_.encode()).decode()

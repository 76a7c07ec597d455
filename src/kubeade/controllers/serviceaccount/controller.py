"""Every namespace has a ServiceAccount named `default`; a deleted one comes back.

Upstream: pkg/controller/serviceaccount/serviceaccounts_controller.go.
"""

from kubeade.api.errors import AlreadyExists, Forbidden, NotFound
from kubeade.api.ownership import is_being_deleted
from kubeade.api.resource import Object
from kubeade.api.resources import NAMESPACES, SERVICE_ACCOUNTS
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.pod_control import is_namespace_terminating

NAME = "default"


class ServiceAccountController:
    """One key is one namespace."""

    def __init__(self, environment: Environment) -> None:
        self._client = environment.client
        self._namespaces = environment.informers.of(NAMESPACES)
        self._accounts = environment.informers.of(SERVICE_ACCOUNTS)
        self.controller = Controller("serviceaccount", self)
        self._namespaces.add_handler(self._namespace_changed)
        self._accounts.add_handler(self._account_changed)

    async def reconcile(self, key: str) -> float | None:
        namespace = self._namespaces.get(key)
        if namespace is None or is_being_deleted(namespace) or self._accounts.get(f"{key}/{NAME}"):
            return None
        body = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": NAME, "namespace": key},
        }
        try:
            await self._client.create(SERVICE_ACCOUNTS, body, key)
        except (AlreadyExists, NotFound):
            return None
        except Forbidden as error:
            if not is_namespace_terminating(error):
                raise
        return None

    def _namespace_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None and not is_being_deleted(new):
            self.controller.queue.add(new["metadata"]["name"])

    def _account_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None and old is not None and old["metadata"]["name"] == NAME:
            self.controller.queue.add(old["metadata"]["namespace"])

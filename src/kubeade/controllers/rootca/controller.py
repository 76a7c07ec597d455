"""Every namespace has the ConfigMap `kube-root-ca.crt`, so that pods can tell the true API server.

Upstream: pkg/controller/certificates/rootcacertpublisher.
"""

from kubeade.api.errors import AlreadyExists, Forbidden, NotFound
from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.resources import CONFIG_MAPS, NAMESPACES
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.informer import Informer
from kubeade.reconcile.pod_control import is_namespace_terminating

NAME = "kube-root-ca.crt"
DESCRIPTION = {
    "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when "
    "using internal endpoints such as the internal service IP or kubernetes.default.svc. "
    "No other usage is guaranteed across distributions of Kubernetes clusters."
}


class RootCertificateController:
    """One key is one namespace. `config_maps` is an informer of the ConfigMaps of that name alone."""

    def __init__(self, environment: Environment, config_maps: Informer, certificate_pem: str) -> None:
        self._client = environment.client
        self._namespaces = environment.informers.of(NAMESPACES)
        self._config_maps = config_maps
        self._data = {"ca.crt": certificate_pem}
        self.controller = Controller("root-ca-certificate-publisher", self)
        self._namespaces.add_handler(self._namespace_changed)
        self._config_maps.add_handler(self._config_map_changed)

    async def reconcile(self, key: str) -> float | None:
        namespace = self._namespaces.get(key)
        if namespace is None or is_being_deleted(namespace):
            return None
        current = self._config_maps.get(f"{key}/{NAME}")
        try:
            if current is None:
                await self._client.create(CONFIG_MAPS, self._wanted(key), key)
            elif not self._is_right(current):
                await self._client.update(CONFIG_MAPS, self._corrected(current))
        except (AlreadyExists, NotFound):
            return None
        except Forbidden as error:
            if not is_namespace_terminating(error):
                raise
        return None

    def _wanted(self, namespace: str) -> Object:
        metadata = {"name": NAME, "namespace": namespace, "annotations": DESCRIPTION}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": self._data}

    def _is_right(self, current: Object) -> bool:
        described = DESCRIPTION.items() <= part(current, "metadata", "annotations").items()
        return current.get("data") == self._data and described

    def _corrected(self, current: Object) -> Object:
        annotations = {**part(current, "metadata", "annotations"), **DESCRIPTION}
        metadata = {**current["metadata"], "annotations": annotations}
        return {**current, "metadata": metadata, "data": self._data}

    def _namespace_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None and not is_being_deleted(new):
            self.controller.queue.add(new["metadata"]["name"])

    def _config_map_changed(self, old: Object | None, new: Object | None) -> None:
        item = new or old
        if item is not None and item["metadata"]["name"] == NAME:
            self.controller.queue.add(item["metadata"]["namespace"])

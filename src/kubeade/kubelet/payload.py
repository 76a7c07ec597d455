"""The contents of config maps and secrets as bytes, and which of them a pod refers to. Pure."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from kubeade.api.resource import Object, Resource
from kubeade.api.resources import CONFIG_MAPS, SECRETS
from kubeade.kubelet import pods


@dataclass(frozen=True, slots=True)
class Reference:
    """A config map or secret in a namespace."""

    resource: Resource
    namespace: str
    name: str


def decoded(item: Object) -> dict[str, bytes]:
    """The values of a config map or a secret, by key."""
    if item.get("kind") == "Secret":
        return {key: base64.b64decode(value) for key, value in (item.get("data") or {}).items()}
    texts = {key: value.encode() for key, value in (item.get("data") or {}).items()}
    binaries = {key: base64.b64decode(value) for key, value in (item.get("binaryData") or {}).items()}
    return texts | binaries


def references(pod: Object) -> set[Reference]:
    """Every config map and secret that the pod needs on this node."""
    namespace = pods.namespace_of(pod)
    found = [*_of_containers(pod), *_of_volumes(pod), *_of_pull_secrets(pod)]
    return {Reference(resource, namespace, name) for resource, name in found if name}


def _of_containers(pod: Object) -> Iterator[tuple[Resource, str]]:
    for container in pods.all_containers(pod):
        for source in container.get("envFrom") or []:
            yield CONFIG_MAPS, (source.get("configMapRef") or {}).get("name", "")
            yield SECRETS, (source.get("secretRef") or {}).get("name", "")
        for entry in container.get("env") or []:
            source = entry.get("valueFrom") or {}
            yield CONFIG_MAPS, (source.get("configMapKeyRef") or {}).get("name", "")
            yield SECRETS, (source.get("secretKeyRef") or {}).get("name", "")


def _of_volumes(pod: Object) -> Iterator[tuple[Resource, str]]:
    for volume in pod["spec"].get("volumes") or []:
        yield CONFIG_MAPS, (volume.get("configMap") or {}).get("name", "")
        yield SECRETS, (volume.get("secret") or {}).get("secretName", "")
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield CONFIG_MAPS, (source.get("configMap") or {}).get("name", "")
            yield SECRETS, (source.get("secret") or {}).get("name", "")


def _of_pull_secrets(pod: Object) -> Iterator[tuple[Resource, str]]:
    for reference in pod["spec"].get("imagePullSecrets") or []:
        yield SECRETS, reference.get("name", "")

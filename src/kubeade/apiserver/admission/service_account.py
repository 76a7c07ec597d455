"""ServiceAccount: every pod has one, that exists, and its token where the pod will look for it."""

import asyncio
from collections.abc import Iterator

from kubeade.api.resource import Object
from kubeade.api.resources import SERVICE_ACCOUNTS
from kubeade.apiserver.admission.plugin import (
    CREATE,
    UPDATE,
    Plugin,
    annotations_of,
    containers_of,
    new_object,
    refused,
)
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Reader
from kubeade.lib.ids import Ids

MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
VOLUME_PREFIX = "kube-api-access-"
TOKEN_SECONDS = 3607
DEFAULT_ACCOUNT = "default"
_TRUE = frozenset({"true", "True", "TRUE", "1", "t", "T"})
MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
ENFORCE_MOUNTABLE_ANNOTATION = "kubernetes.io/enforce-mountable-secrets"
DEFAULT_ACCOUNT_PATIENCE_SECONDS = 2.0
"""How long a pod waits for its new namespace's default account, which a controller makes."""


class ServiceAccount(Plugin):
    resources = (("", "pods"),)
    operations = frozenset({CREATE, UPDATE})

    def __init__(self, reader: Reader, ids: Ids) -> None:
        self._accounts = ObjectIndex(reader, SERVICE_ACCOUNTS)
        self._ids = ids
        self._changed: asyncio.Event | None = None
        reader.subscribe(SERVICE_ACCOUNTS, self._wake)

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        if attributes.operation is not CREATE or attributes.subresource:
            return
        pod = new_object(attributes)
        if MIRROR_ANNOTATION in annotations_of(pod):
            return
        spec = pod["spec"]
        spec["serviceAccountName"] = spec.get("serviceAccountName") or DEFAULT_ACCOUNT
        # The old name of the field: kept in step, as clients still read it.
        spec["serviceAccount"] = spec["serviceAccountName"]
        account = await self._account(attributes, spec["serviceAccountName"])
        if _mounts_token(account, spec):
            self._mount_token(spec)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [{"name": s.get("name", "")} for s in account["imagePullSecrets"]]

    async def validate(self, attributes: AdmissionAttributes) -> None:
        pod = new_object(attributes)
        if attributes.operation is UPDATE and attributes.subresource != "ephemeralcontainers":
            return
        if attributes.operation is CREATE and attributes.subresource:
            return
        if MIRROR_ANNOTATION in annotations_of(pod):
            _check_mirror(attributes, pod)
            return
        name = pod["spec"].get("serviceAccountName")
        if not name:
            pod_name = pod["metadata"].get("name", "")
            why = f"no service account specified for pod {attributes.namespace}/{pod_name}"
            raise refused(attributes, why)
        account = await self._account(attributes, name)
        if annotations_of(account).get(ENFORCE_MOUNTABLE_ANNOTATION) in _TRUE:
            _check_mountable(attributes, account, pod["spec"])

    async def _account(self, attributes: AdmissionAttributes, name: str) -> Object:
        place = attributes.namespace
        account = self._accounts.get(name, place)
        if account is None and name == DEFAULT_ACCOUNT:
            account = await self._awaited_default(place)
        if account is None:
            why = f'error looking up service account {place}/{name}: serviceaccount "{name}" not found'
            raise refused(attributes, why)
        return account

    async def _awaited_default(self, namespace: str) -> Object | None:
        try:
            async with asyncio.timeout(DEFAULT_ACCOUNT_PATIENCE_SECONDS):
                while (account := self._accounts.get(DEFAULT_ACCOUNT, namespace)) is None:
                    if self._changed is None:
                        self._changed = asyncio.Event()
                    await self._changed.wait()
                return account
        except TimeoutError:
            return None

    def _wake(self, _namespace: str, _name: str) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    def _mount_token(self, spec: Object) -> None:
        volumes: list[Object] = spec.get("volumes") or []
        existing = next((v["name"] for v in volumes if v["name"].startswith(VOLUME_PREFIX)), "")
        name = existing or VOLUME_PREFIX + self._ids.suffix()
        mounted = False
        for container in containers_of(spec):
            mounts = container.get("volumeMounts") or []
            if all(mount.get("mountPath") != MOUNT_PATH for mount in mounts):
                mount = {"name": name, "readOnly": True, "mountPath": MOUNT_PATH}
                container["volumeMounts"] = [*mounts, mount]
                mounted = True
        if mounted and not existing:
            spec["volumes"] = [*volumes, {"name": name, "projected": _token_volume()}]


def _mounts_token(account: Object, spec: Object) -> bool:
    """The pod's word counts, else the account's, else yes."""
    for asked in (spec, account):
        if asked.get("automountServiceAccountToken") is not None:
            return bool(asked["automountServiceAccountToken"])
    return True


def _token_volume() -> Object:
    namespace = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    return {
        "defaultMode": 0o644,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": namespace}]}},
        ],
    }


def _check_mirror(attributes: AdmissionAttributes, pod: Object) -> None:
    """A mirror pod shows what a node runs on its own account: it may not reach for secrets."""
    spec = pod["spec"]
    if spec.get("serviceAccountName"):
        raise refused(attributes, "a mirror pod may not reference service accounts")
    if any(True for _ in _secret_references(spec)) or spec.get("imagePullSecrets"):
        raise refused(attributes, "a mirror pod may not reference secrets")
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken"):
                why = "a mirror pod may not use ServiceAccountToken volume projections"
                raise refused(attributes, why)


def _check_mountable(attributes: AdmissionAttributes, account: Object, spec: Object) -> None:
    """For accounts that list all the secrets their pods may use."""
    name = account["metadata"]["name"]
    mountable = {secret.get("name") for secret in account.get("secrets") or ()}
    unlisted = f"is not allowed because service account {name} does not reference that"
    for where, secret in _secret_references(spec):
        if secret not in mountable:
            raise refused(attributes, f'{where}secret.secretName="{secret}" {unlisted} secret')
    pullable = {secret.get("name") for secret in account.get("imagePullSecrets") or ()}
    for index, reference in enumerate(spec.get("imagePullSecrets") or ()):
        if reference.get("name") not in pullable:
            where = f'imagePullSecrets[{index}].name="{reference.get("name")}"'
            raise refused(attributes, f"{where} {unlisted} imagePullSecret")


def _secret_references(spec: Object) -> Iterator[tuple[str, str]]:
    """Where a pod names a secret, in words, and its name."""
    for volume in spec.get("volumes") or ():
        if volume.get("secret"):
            yield "volume with ", volume["secret"].get("secretName", "")
    for kind, title in _TITLES.items():
        for container in spec.get(kind) or ():
            who = f"{title} {container['name']}"
            for entry in container.get("env") or ():
                reference = (entry.get("valueFrom") or {}).get("secretKeyRef")
                if reference:
                    yield f"{who} with envVar {entry['name']} referencing ", reference["name"]
            for source in container.get("envFrom") or ():
                if source.get("secretRef"):
                    yield f"{who} with envFrom referencing ", source["secretRef"]["name"]


_TITLES = {
    "initContainers": "init container",
    "containers": "container",
    "ephemeralContainers": "ephemeral container",
}

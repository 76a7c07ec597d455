"""Bootstrap tokens: what lets a machine that has nothing else ask to be a node.

A token is a Secret of kube-system (kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens). With
the first one come the rules that make it useful, named as kubeadm names them: who may read `cluster-info`,
who may ask for a node's certificate, and whose are approved.
"""

import secrets
import string
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import timedelta

from kubeade.api.errors import AlreadyExists
from kubeade.api.parts import part, text
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import CONFIG_MAPS, SECRETS
from kubeade.client.client import Client
from kubeade.cluster.joining import CLUSTER_INFO, NAMESPACE, cluster_info
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import format_time

TYPE = "bootstrap.kubernetes.io/token"
PREFIX = "bootstrap-token-"
TOKENS_NAMESPACE = "kube-system"
DEFAULT_LIFETIME = timedelta(hours=24)
JOINERS_GROUP = "system:bootstrappers:kubeadm:default-node-token"

_RBAC = "rbac.authorization.k8s.io"
_LETTERS = string.ascii_lowercase + string.digits
_READER = "kubeadm:bootstrap-signer-clusterinfo"
_REQUESTS = "system:certificates.k8s.io:certificatesigningrequests"
# Name of the binding: the ClusterRole, and the group that gets it.
_BINDINGS = {
    "kubeadm:kubelet-bootstrap": ("system:node-bootstrapper", JOINERS_GROUP),
    "kubeadm:node-autoapprove-bootstrap": (f"{_REQUESTS}:nodeclient", JOINERS_GROUP),
    "kubeadm:node-autoapprove-certificate-rotation": (f"{_REQUESTS}:selfnodeclient", "system:nodes"),
    "kubeade:node-proxier": ("system:node-proxier", "system:nodes"),
}


@dataclass(frozen=True, slots=True)
class Token:
    """One that may still count. `expires` is a date, empty for one without end."""

    id: str
    expires: str
    description: str


def new_token() -> str:
    """`abcdef.0123456789abcdef`, not to be guessed."""
    parts = ("".join(secrets.choice(_LETTERS) for _ in range(length)) for length in (6, 16))
    return ".".join(parts)


async def invite(
    client: Client, clock: Clock, token: str, lifetime: timedelta | None, description: str = ""
) -> None:
    """Make `token` count, for `lifetime` or without end. Raises AlreadyExists, ApiError."""
    token_id, _, secret = token.partition(".")
    data = {
        "token-id": token_id,
        "token-secret": secret,
        "usage-bootstrap-authentication": "true",
        "auth-extra-groups": JOINERS_GROUP,
    }
    if lifetime is not None:
        data["expiration"] = format_time(clock.now() + lifetime)
    if description:
        data["description"] = description
    encoded = {key: b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": f"{PREFIX}{token_id}", "namespace": TOKENS_NAMESPACE}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": TYPE, "data": encoded}
    await client.create(SECRETS, body, TOKENS_NAMESPACE)


async def open_door(client: Client, server: str, authority_pem: bytes) -> None:
    """Write down whom those who join shall trust, and what they may do."""
    metadata = {"name": CLUSTER_INFO, "namespace": NAMESPACE}
    data = {"kubeconfig": cluster_info(server, authority_pem)}
    info = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    await _put(client, CONFIG_MAPS, info, change={"data": data})
    for resource, rule in _rules():
        await _put(client, resource, rule)


async def tokens(client: Client) -> list[Token]:
    """All that are kept, those that have expired included."""
    found = []
    listed = await client.list(SECRETS, TOKENS_NAMESPACE, field_selector=f"type={TYPE}")
    for secret in listed.items:
        data = {key: b64decode(value).decode() for key, value in part(secret, "data").items()}
        token_id = text(secret, "metadata", "name").removeprefix(PREFIX)
        found.append(Token(token_id, data.get("expiration", ""), data.get("description", "")))
    return found


async def withdraw(client: Client, token_id: str) -> None:
    """Raises NotFound."""
    await client.delete(SECRETS, f"{PREFIX}{token_id}", TOKENS_NAMESPACE)


async def _put(client: Client, resource: Resource, wanted: Object, change: Object | None = None) -> None:
    metadata = wanted["metadata"]
    try:
        await client.create(resource, wanted, metadata.get("namespace", ""))
    except AlreadyExists:
        if change is not None:
            await client.patch(resource, metadata["name"], change, metadata.get("namespace", ""))


def _rules() -> list[tuple[Resource, Object]]:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [CLUSTER_INFO], "verbs": ["get"]}
    role = {"metadata": {"name": _READER, "namespace": NAMESPACE}, "rules": [rule]}
    anonymous = {"kind": "User", "name": "system:anonymous", "apiGroup": _RBAC}
    binding = {
        "metadata": {"name": _READER, "namespace": NAMESPACE},
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": _READER},
        "subjects": [anonymous],
    }
    made = [(_resource("Role"), role), (_resource("RoleBinding"), binding)]
    for name, (granted, group) in _BINDINGS.items():
        reference = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": granted}
        subject = {"kind": "Group", "name": group, "apiGroup": _RBAC}
        body = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
        made.append((_resource("ClusterRoleBinding"), body))
    return made


def _resource(kind: str) -> Resource:
    return Resource(_RBAC, "v1", f"{kind.lower()}s", kind, namespaced=not kind.startswith("Cluster"))

"""What a CertificateSigningRequest asks for, who may have it without being asked, and when it is litter.
Pure.

The rules are upstream's (kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests). One
is ours: a node gets a serving certificate for the addresses that its Node has, and for no other name.
"""

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.lib.timestamps import parse_time

CLIENT = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING = "kubernetes.io/kubelet-serving"
LEGACY_UNKNOWN = "kubernetes.io/legacy-unknown"
SIGNERS = frozenset({CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY_UNKNOWN})

NODE_PREFIX = "system:node:"
NODES_GROUP = "system:nodes"

# How long requests are kept: decided ones an hour, undecided ones a day.
DECIDED_LIFETIME = timedelta(hours=1)
PENDING_LIFETIME = timedelta(hours=24)

_NODE_USAGES = {"key encipherment", "digital signature"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the PKCS#10 request names. `addresses` are texts; `others` counts e-mail addresses and URIs."""

    common_name: str
    organizations: tuple[str, ...]
    dns_names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    others: int = 0

    @property
    def is_nodes(self) -> bool:
        return self.organizations == (NODES_GROUP,) and self.common_name.startswith(NODE_PREFIX)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.dns_names, *self.addresses)


def load(request: Object) -> x509.CertificateSigningRequest:
    """The request itself. Raises ValueError where it is none, or is not signed by its own key."""
    loaded = x509.load_pem_x509_csr(b64decode(text(request, "spec", "request")))
    if not loaded.is_signature_valid:
        raise ValueError("the signature does not fit the key")
    return loaded


def wanted(loaded: x509.CertificateSigningRequest) -> Wanted:
    organizations = loaded.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    names = loaded.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    common_name = str(names[0].value) if names else ""
    groups = tuple(str(each.value) for each in organizations)
    try:
        found = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return Wanted(common_name, groups)
    dns = tuple(found.get_values_for_type(x509.DNSName))
    addresses = tuple(str(each) for each in found.get_values_for_type(x509.IPAddress))
    return Wanted(common_name, groups, dns, addresses, len(list(found)) - len(dns) - len(addresses))


def permissions(request: Object, asked: Wanted) -> tuple[str, ...]:
    """The subresources that the requestor must have the right to create, one of which approves a node's
    client certificate; none where no rule fits."""
    if text(request, "spec", "signerName") != KUBELET_CLIENT or not is_node_client(request, asked):
        return ()
    own = ("selfnodeclient",) if asked.common_name == text(request, "spec", "username") else ()
    return (*own, "nodeclient")


def is_node_client(request: Object, asked: Wanted) -> bool:
    return asked.is_nodes and not asked.names and not asked.others and _has_usages(request, "client auth")


def is_node_serving(request: Object, asked: Wanted) -> bool:
    plain = asked.is_nodes and bool(asked.names) and not asked.others
    return plain and _has_usages(request, "server auth")


def serves_own_node(request: Object, asked: Wanted, node: Object | None) -> bool:
    """Whether a node asks to serve under its own addresses, and nothing but them."""
    if node is None or text(request, "spec", "signerName") != KUBELET_SERVING:
        return False
    own = {text(each, "address") for each in parts(node, "status", "addresses")}
    same = asked.common_name == text(request, "spec", "username")
    return same and is_node_serving(request, asked) and set(asked.names) <= own


def fault(request: Object, asked: Wanted) -> str:
    """Why its signer cannot sign it; empty if it can."""
    signer = text(request, "spec", "signerName")
    if signer == KUBELET_CLIENT and not is_node_client(request, asked):
        return "not the request of a node for a client certificate"
    if signer == KUBELET_SERVING and not is_node_serving(request, asked):
        return "not the request of a node for a serving certificate"
    if signer == CLIENT and "client auth" not in values(request, "spec", "usages"):
        return "usages did not contain client auth"
    return ""


def has_condition(request: Object, *types: str) -> bool:
    return any(text(each, "type") in types for each in parts(request, "status", "conditions"))


def ends_at(request: Object) -> datetime:
    """When the request is litter."""
    conditions = parts(request, "status", "conditions")
    decided = [text(each, "lastUpdateTime") for each in conditions if text(each, "lastUpdateTime")]
    if decided and (part(request, "status").get("certificate") or has_condition(request, "Denied", "Failed")):
        return _latest(decided) + DECIDED_LIFETIME
    return parse_time(text(request, "metadata", "creationTimestamp")) + PENDING_LIFETIME


def _has_usages(request: Object, purpose: str) -> bool:
    usages = set(values(request, "spec", "usages"))
    return {"digital signature", purpose} <= usages <= {*_NODE_USAGES, purpose}


def _latest(times: Iterable[str]) -> datetime:
    return max(parse_time(each) for each in times)

"""How a machine gets into a cluster that it knows nothing of but a token and a hash.

The ConfigMap `kube-public/cluster-info` says whom to trust. It is read over a connection that nobody vouches
for, so it counts only if the authority in it has the hash that came with the token (kubeadm's
--discovery-token-ca-cert-hash: SHA-256 of the public key). From then on every connection is verified, and the
token is used once: to ask for the node's own client certificate.
"""

import asyncio
import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kubeade.api.errors import ApiError
from kubeade.api.parts import text
from kubeade.api.resources import CONFIG_MAPS
from kubeade.client.client import Client
from kubeade.client.kubeconfig import Credentials, KubeconfigError, load, render
from kubeade.client.socket import SocketTransport
from kubeade.cluster.certificate_request import NODE_CLIENT, CertificateRequest, obtain
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.pki import RENEW_BEFORE, Subject, write_private
from kubeade.lib.clock import Clock

NAMESPACE, CLUSTER_INFO = "kube-public", "cluster-info"
APPROVAL_TIMEOUT_SECONDS = 60.0


class JoinRefused(OSError):
    """The cluster is not the one that was meant, or does not let us in; the message says which."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """`server` is https://HOST:PORT; `hashes` are sha256:HEX, one of which the authority must have."""

    server: str
    token: str
    hashes: Sequence[str]


def hash_of(authority_pem: bytes) -> str:
    """The hash by which an authority is known: of its public key, as kubeadm counts it."""
    key = x509.load_pem_x509_certificate(authority_pem).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{hashlib.sha256(der).hexdigest()}"


def cluster_info(server: str, authority_pem: bytes) -> str:
    """What the ConfigMap's key `kubeconfig` holds."""
    data = b64encode(authority_pem).decode()
    cluster = {"name": "", "cluster": {"certificate-authority-data": data, "server": server}}
    document = {"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "contexts": [], "users": []}
    return yaml.safe_dump(document, sort_keys=False)


async def join(data: DataDirectory, invitation: Invitation, node_name: str, clock: Clock) -> Credentials:
    """The node's own credentials: those kept from the last time, or new ones. Raises JoinRefused, OSError,
    ApiError, CertificateRefused."""
    kept = _kept(data, invitation.server, node_name, clock)
    if kept is not None:
        return kept
    trusted = await _discover(invitation)
    bootstrap = replace(trusted, token=invitation.token)
    subject = Subject(f"system:node:{node_name}", ("system:nodes",))
    async with SocketTransport(bootstrap) as transport:
        client = Client(transport, user_agent="kubeade-join")
        try:
            async with asyncio.timeout(APPROVAL_TIMEOUT_SECONDS):
                pair = await obtain(client, CertificateRequest(subject, NODE_CLIENT))
        except TimeoutError:
            raise JoinRefused("nobody approved this node: see 'kubectl get csr' on the cluster") from None
        except ApiError as error:
            if error.code in (401, 403):
                raise JoinRefused(f"the token does not let this node in: {error.message}") from error
            raise
    own = replace(trusted, certificate_pem=pair.certificate_pem, key_pem=pair.key_pem)
    write_private(data.kubeconfig, render("kubeade", own))
    return own


def _kept(data: DataDirectory, server: str, node_name: str, clock: Clock) -> Credentials | None:
    try:
        kept = load(data.kubeconfig)
    except KubeconfigError:
        return None
    if kept.server != server or not kept.certificate_pem:
        return None
    certificate = x509.load_pem_x509_certificate(kept.certificate_pem)
    fresh = certificate.not_valid_after_utc - clock.now() > RENEW_BEFORE
    same = f"CN=system:node:{node_name}" in certificate.subject.rfc4514_string().split(",")
    return kept if fresh and same else None


async def _discover(invitation: Invitation) -> Credentials:
    unverified = Credentials(invitation.server, skip_tls_verify=True)
    async with SocketTransport(unverified) as transport:
        client = Client(transport, user_agent="kubeade-join")
        try:
            found = await client.get(CONFIG_MAPS, CLUSTER_INFO, NAMESPACE)
        except ApiError as error:
            raise JoinRefused(
                f"{invitation.server} invites nobody ({error.message}): run 'kubeade token create' there"
            ) from error
    authority_pem = _authority(text(found, "data", "kubeconfig"))
    if not authority_pem or hash_of(authority_pem) not in invitation.hashes:
        raise JoinRefused(
            f"{invitation.server} is not the cluster that was meant: its authority has another hash"
        )
    return Credentials(invitation.server, authority_pem)


def _authority(kubeconfig: str) -> bytes:
    """The authority that `cluster_info`, or kubeadm, wrote; empty where there is none to be found."""
    try:
        cluster = yaml.safe_load(kubeconfig)["clusters"][0]["cluster"]
        pem = b64decode(cluster["certificate-authority-data"], validate=True)
        x509.load_pem_x509_certificate(pem)
    except (yaml.YAMLError, LookupError, TypeError, binascii.Error, ValueError):
        return b""
    return pem

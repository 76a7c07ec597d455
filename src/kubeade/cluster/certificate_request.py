"""A certificate from the cluster itself: a CertificateSigningRequest, waited for until it is signed.

The key is made here and never leaves this machine (kubernetes.io/docs/reference/access-authn-authz/
certificate-signing-requests).
"""

import asyncio
from base64 import b64decode, b64encode
from dataclasses import dataclass
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from kubeade.api.parts import parts, text
from kubeade.api.resource import Object, Resource
from kubeade.client.client import Client
from kubeade.cluster.pki import KeyPair, Subject, key_pem, subject_name

REQUESTS = Resource(
    "certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", namespaced=False
)
NODE_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
NODE_SERVING = "kubernetes.io/kubelet-serving"
RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 5.0


class CertificateRefused(Exception):
    """The request was denied, or its signer could not sign it; the message says why."""


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """Whom the certificate shall speak for, and who signs such ones. `subject.names` are IP addresses."""

    subject: Subject
    signer: str

    def manifest(self, key: ec.EllipticCurvePrivateKey) -> Object:
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject_name(self.subject))
        if self.subject.names:
            entries = [x509.IPAddress(ip_address(each)) for each in self.subject.names]
            builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
        pem = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        purpose = "server auth" if self.subject.is_server else "client auth"
        return {
            "apiVersion": REQUESTS.api_version,
            "kind": REQUESTS.kind,
            "metadata": {"generateName": "csr-"},
            "spec": {
                "request": b64encode(pem).decode(),
                "signerName": self.signer,
                "usages": ["digital signature", purpose],
            },
        }


async def obtain(client: Client, wanted: CertificateRequest) -> KeyPair:
    """The signed certificate and its new key. Waits as long as nobody decides: put a timeout around it.

    Raises CertificateRefused, ApiError, OSError.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    request = await client.create(REQUESTS, wanted.manifest(key))
    name, delay = request["metadata"]["name"], RETRY_SECONDS
    while not text(request, "status", "certificate"):
        for condition in parts(request, "status", "conditions"):
            if condition["type"] in ("Denied", "Failed"):
                said = text(condition, "message") or text(condition, "reason")
                raise CertificateRefused(f"certificate request {name} was refused: {said}")
        await asyncio.sleep(delay)
        delay = min(2 * delay, LONGEST_RETRY_SECONDS)
        request = await client.get(REQUESTS, name)
    return KeyPair(b64decode(text(request, "status", "certificate")), key_pem(key))

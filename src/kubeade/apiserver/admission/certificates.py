"""CertificateApproval, CertificateSigning, CertificateSubjectRestriction: rights signer by signer.

And who asked for a certificate is written into the request by the server, never by the client.
"""

from base64 import b64decode

from kubeade.api.parts import part, text
from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin, new_object, refused
from kubeade.apiserver.seams import AdmissionAttributes, Attributes, Authorizer

GROUP = "certificates.k8s.io"
CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
SUPERUSERS_GROUP = "system:masters"


class CertificateRequestor(Plugin):
    """`spec.username` and its neighbours say who created the request, whatever the client wrote there."""

    resources = ((GROUP, "certificatesigningrequests"),)
    operations = frozenset({CREATE})

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        user, spec = attributes.user, new_object(attributes).get("spec")
        if attributes.subresource or not isinstance(spec, dict):
            return
        extra = {key: list(values) for key, values in user.extra.items()}
        said = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": extra}
        for field, value in said.items():
            spec.pop(field, None)
            if value:
                spec[field] = value


class CertificateApproval(Plugin):
    """Who approves needs `approve` for the request's signer; who signs or reports needs `sign`."""

    resources = ((GROUP, "certificatesigningrequests"),)
    operations = frozenset({UPDATE})

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def validate(self, attributes: AdmissionAttributes) -> None:
        verb = {"approval": "approve", "status": "sign"}.get(attributes.subresource)
        if verb is None or (verb == "sign" and not _is_signing(attributes)):
            return
        signer = text(attributes.old_object, "spec", "signerName")
        names = (signer, f"{signer.partition('/')[0]}/*")
        for name in names:
            question = Attributes(attributes.user, verb, GROUP, "*", "signers", name=name)
            if (await self._authorizer.authorize(question)).allowed:
                return
        raise refused(attributes, f'user not permitted to {verb} requests with signerName "{signer}"')


class CertificateSubjectRestriction(Plugin):
    """Nobody gets a superuser's certificate through the API."""

    resources = ((GROUP, "certificatesigningrequests"),)
    operations = frozenset({CREATE})

    async def validate(self, attributes: AdmissionAttributes) -> None:
        if attributes.subresource or text(attributes.object, "spec", "signerName") != CLIENT_SIGNER:
            return
        from cryptography import x509
        from cryptography.x509.oid import NameOID

        try:
            request = x509.load_pem_x509_csr(b64decode(text(attributes.object, "spec", "request")))
        except ValueError as error:
            raise refused(attributes, f"failed to parse CSR: {error}") from error
        groups = request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        if any(group.value == SUPERUSERS_GROUP for group in groups):
            why = f"use of {CLIENT_SIGNER} signer with {SUPERUSERS_GROUP} group is not allowed"
            raise refused(attributes, why)


def _is_signing(attributes: AdmissionAttributes) -> bool:
    new, old = part(attributes.object, "status"), part(attributes.old_object, "status")
    return any(new.get(field) != old.get(field) for field in ("certificate", "conditions"))

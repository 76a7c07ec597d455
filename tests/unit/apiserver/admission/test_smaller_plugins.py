"""Runtime classes, growing claims, certificate requests."""

from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kubeade.api.errors import Forbidden
from kubeade.api.resource import Resource
from kubeade.api.resources import PERSISTENT_VOLUME_CLAIMS, PODS, RUNTIME_CLASSES, STORAGE_CLASSES
from kubeade.apiserver.admission.certificates import (
    CertificateApproval,
    CertificateRequestor,
    CertificateSubjectRestriction,
)
from kubeade.apiserver.admission.chain import AdmissionChain
from kubeade.apiserver.admission.claim_resize import PersistentVolumeClaimResize
from kubeade.apiserver.admission.runtime_class import RuntimeClass
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.authorization.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from kubeade.apiserver.seams import AdmissionAttributes, Operation, User

CSRS = Resource("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", False)


async def admit(plugin, resource, new, old=None, subresource=""):
    operation = Operation.UPDATE if old else Operation.CREATE
    attributes = AdmissionAttributes(
        operation, User("jane"), resource, resource.kind, "", "x", subresource, new, old
    )
    chain = AdmissionChain([plugin])
    await chain.mutate(attributes)
    await chain.validate(attributes)
    return attributes


def pod(**spec):
    return {"metadata": {"name": "x"}, "spec": {"containers": [], **spec}}


async def test_a_runtime_class_says_where_and_at_what_cost(cluster):
    scheduling = {"nodeSelector": {"gpu": "yes"}, "tolerations": [{"key": "gpu"}]}
    overhead = {"podFixed": {"cpu": "10m"}}
    cluster.put(
        RUNTIME_CLASSES, {"metadata": {"name": "gpu"}, "overhead": overhead, "scheduling": scheduling}
    )
    plugin = RuntimeClass(cluster)
    spec = (await admit(plugin, PODS, pod(runtimeClassName="gpu", nodeSelector={"a": "b"}))).object["spec"]
    assert spec["overhead"] == {"cpu": "10m"}
    assert spec["nodeSelector"] == {"a": "b", "gpu": "yes"}
    assert spec["tolerations"] == [{"key": "gpu"}]
    for wrong, why in (
        (pod(runtimeClassName="absent"), 'RuntimeClass "absent" not found'),
        (pod(runtimeClassName="gpu", overhead={"cpu": "1"}), "Overhead doesn't match"),
        (pod(runtimeClassName="gpu", nodeSelector={"gpu": "no"}), "conflict: runtimeClass"),
        (pod(overhead={"cpu": "1"}), "Overhead set without corresponding RuntimeClass"),
    ):
        with pytest.raises(Forbidden, match=why):
            await admit(plugin, PODS, wrong)


async def test_a_claim_grows_where_its_class_lets_it(cluster):
    def claim(size, phase="Bound", storage_class="grows"):
        spec = {"storageClassName": storage_class, "resources": {"requests": {"storage": size}}}
        return {"metadata": {"name": "x"}, "spec": spec, "status": {"phase": phase}}

    plugin = PersistentVolumeClaimResize(cluster)
    cluster.put(STORAGE_CLASSES, {"metadata": {"name": "grows"}, "allowVolumeExpansion": True})
    cluster.put(STORAGE_CLASSES, {"metadata": {"name": "stays"}})
    await admit(plugin, PERSISTENT_VOLUME_CLAIMS, claim("2Gi"), claim("1Gi"))
    with pytest.raises(Forbidden, match="Only bound persistent volume claims can be expanded"):
        await admit(plugin, PERSISTENT_VOLUME_CLAIMS, claim("2Gi"), claim("1Gi", "Pending"))
    with pytest.raises(Forbidden, match="the storageclass that provisions the pvc must support resize"):
        stays = claim("1Gi", storage_class="stays")
        await admit(plugin, PERSISTENT_VOLUME_CLAIMS, claim("2Gi", storage_class="stays"), stays)


async def test_approving_and_signing_need_the_right_to_the_signer(cluster):
    plugin = CertificateApproval(build_authorizer(cluster).authorizer)
    old = {"metadata": {"name": "x"}, "spec": {"signerName": "example.org/door"}}
    for subresource, verb in (("approval", "approve"), ("status", "sign")):
        new = {**old, "status": {"conditions": [{"type": "Approved"}], "certificate": "x"}}
        with pytest.raises(Forbidden) as refused:
            await admit(plugin, CSRS, new, old, subresource)
        assert refused.value.message.endswith(
            f'user not permitted to {verb} requests with signerName "example.org/door"'
        )
    rule = {
        "verbs": ["approve"],
        "apiGroups": ["certificates.k8s.io"],
        "resources": ["signers"],
        "resourceNames": ["example.org/*"],
    }
    cluster.put(CLUSTER_ROLES, {"metadata": {"name": "r"}, "rules": [rule]})
    role_ref, subjects = {"kind": "ClusterRole", "name": "r"}, [{"kind": "User", "name": "jane"}]
    cluster.put(CLUSTER_ROLE_BINDINGS, {"metadata": {"name": "b"}, "roleRef": role_ref, "subjects": subjects})
    await admit(plugin, CSRS, old, old, "approval")


async def test_the_server_says_who_asked_for_a_certificate():
    forged = {
        "metadata": {"name": "r"},
        "spec": {"username": "admin", "groups": ["system:masters"], "uid": "7"},
    }
    user = User("jane", groups=("devs",), extra={"a": ("b",)})
    attributes = AdmissionAttributes(Operation.CREATE, user, CSRS, CSRS.kind, object=forged)
    await CertificateRequestor().mutate(attributes)
    assert forged["spec"] == {"username": "jane", "groups": ["devs"], "extra": {"a": ["b"]}}


async def test_nobody_asks_for_a_superusers_certificate():
    def request(organization):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
        pem = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
        text = b64encode(pem.public_bytes(serialization.Encoding.PEM)).decode()
        return {
            "metadata": {},
            "spec": {"signerName": "kubernetes.io/kube-apiserver-client", "request": text},
        }

    await admit(CertificateSubjectRestriction(), CSRS, request("devs"))
    with pytest.raises(Forbidden, match="with system:masters group is not allowed"):
        await admit(CertificateSubjectRestriction(), CSRS, request("system:masters"))

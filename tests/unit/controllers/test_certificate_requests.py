"""Certificates: who gets one without being asked, what is signed, and what is refused."""

from base64 import b64decode, b64encode
from ipaddress import ip_address

import pytest
from controller_lab import ControllerLab, HandClock
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kubeade.api.parts import parts
from kubeade.api.resource import Object
from kubeade.apiserver.authorization.rbac import CLUSTER_ROLE_BINDINGS
from kubeade.cluster.pki import Authority
from kubeade.controllers.certificate import plan
from kubeade.controllers.certificate.controller import REQUESTS
from kubeade.controllers.certificate.signer import SigningKey

CLIENT_USAGES = ["digital signature", "client auth"]
SERVER_USAGES = ["digital signature", "server auth"]


def pkcs10(common_name: str, *organizations: str, addresses: tuple[str, ...] = ()) -> str:
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if addresses:
        entries = [x509.IPAddress(ip_address(each)) for each in addresses]
        builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()


def order(signer: str, usages: list[str], pem: str, **spec: object) -> Object:
    return {
        "metadata": {"name": "r"},
        "spec": {"signerName": signer, "usages": usages, "request": pem, **spec},
    }


def asked(request: Object) -> plan.Wanted:
    return plan.wanted(plan.load(request))


def test_a_bootstrapper_gets_a_nodes_certificate_and_a_node_its_own() -> None:
    request = order(plan.KUBELET_CLIENT, CLIENT_USAGES, pkcs10("system:node:a", "system:nodes"))
    assert plan.permissions(request, asked(request)) == ("nodeclient",)
    request["spec"]["username"] = "system:node:a"
    assert plan.permissions(request, asked(request)) == ("selfnodeclient", "nodeclient")


@pytest.mark.parametrize(
    ("signer", "usages", "pem"),
    [
        (plan.CLIENT, CLIENT_USAGES, pkcs10("system:node:a", "system:nodes")),
        (plan.KUBELET_CLIENT, CLIENT_USAGES, pkcs10("jane", "system:nodes")),
        (plan.KUBELET_CLIENT, CLIENT_USAGES, pkcs10("system:node:a", "system:nodes", "system:masters")),
        (plan.KUBELET_CLIENT, [*CLIENT_USAGES, "server auth"], pkcs10("system:node:a", "system:nodes")),
        (
            plan.KUBELET_CLIENT,
            CLIENT_USAGES,
            pkcs10("system:node:a", "system:nodes", addresses=("10.0.0.1",)),
        ),
    ],
)
def test_nothing_else_is_approved_by_rule(signer: str, usages: list[str], pem: str) -> None:
    request = order(signer, usages, pem)
    assert plan.permissions(request, asked(request)) == ()


def test_a_node_serves_under_its_own_addresses_only() -> None:
    node = {"status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}}

    def served(*addresses: str, username: str = "system:node:a") -> bool:
        pem = pkcs10("system:node:a", "system:nodes", addresses=addresses)
        request = order(plan.KUBELET_SERVING, SERVER_USAGES, pem, username=username)
        return plan.serves_own_node(request, asked(request), node)

    assert served("10.0.0.1")
    assert not served("10.0.0.1", "10.0.0.2")
    assert not served()
    assert not served("10.0.0.1", username="system:node:b")


def test_a_request_that_was_tampered_with_is_not_loaded() -> None:
    der = bytearray(
        x509.load_pem_x509_csr(b64decode(pkcs10("jane"))).public_bytes(serialization.Encoding.DER)
    )
    der[-1] ^= 1
    pem = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(ValueError, match="does not fit"):
        plan.load(order(plan.CLIENT, CLIENT_USAGES, b64encode(pem).decode()))


def test_what_is_signed_ends_with_what_was_asked_for_and_with_the_authority(tmp_path) -> None:
    clock = HandClock()
    authority = Authority(tmp_path, clock)
    key = SigningKey(authority.certificate_pem, authority.key_pem)
    loaded = plan.load(order(plan.CLIENT, CLIENT_USAGES, pkcs10("jane", "devs")))
    made = x509.load_pem_x509_certificate(key.sign(loaded, CLIENT_USAGES, 3600, clock.now()))
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate_pem))
    assert (made.not_valid_after_utc - made.not_valid_before_utc).total_seconds() == 3600
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    clock.advance(3650 * 24 * 3600 - 600)
    late = x509.load_pem_x509_certificate(key.sign(loaded, CLIENT_USAGES, None, clock.now()))
    assert (
        late.not_valid_after_utc
        == x509.load_pem_x509_certificate(authority.certificate_pem).not_valid_after_utc
    )


async def decided(lab: ControllerLab, name: str) -> Object:
    async def found() -> Object | None:
        request = await lab.client.get(REQUESTS, name)
        done = request.get("status", {}).get("certificate") or plan.has_condition(request, "Failed")
        return request if done else None

    answer: Object = await lab.until(found)
    return answer


async def test_whoever_may_gets_a_certificate_without_a_person(lab: ControllerLab) -> None:
    subject = {"kind": "User", "name": "system:apiserver", "apiGroup": "rbac.authorization.k8s.io"}
    role = "system:certificates.k8s.io:certificatesigningrequests:nodeclient"
    reference = {"kind": "ClusterRole", "name": role, "apiGroup": "rbac.authorization.k8s.io"}
    binding = {"metadata": {"name": "join"}, "roleRef": reference, "subjects": [subject]}
    await lab.client.create(CLUSTER_ROLE_BINDINGS, binding)
    await lab.client.create(
        REQUESTS, order(plan.KUBELET_CLIENT, CLIENT_USAGES, pkcs10("system:node:a", "system:nodes"))
    )
    request = await decided(lab, "r")
    assert [each["reason"] for each in parts(request, "status", "conditions")] == ["AutoApproved"]


async def test_what_its_signer_does_not_sign_fails_with_the_reason(lab: ControllerLab) -> None:
    pem = pkcs10("jane", "system:nodes")
    request = await lab.client.create(REQUESTS, order(plan.KUBELET_CLIENT, CLIENT_USAGES, pem))
    request["status"] = {"conditions": [{"type": "Approved", "status": "True", "reason": "ByHand"}]}
    await lab.client.update(REQUESTS, request, subresource="approval")
    failed = await decided(lab, "r")
    reasons = {each["type"]: each["reason"] for each in parts(failed, "status", "conditions")}
    assert reasons == {"Approved": "ByHand", "Failed": "SignerValidationFailure"}


async def test_without_the_right_to_read_nodes_serving_certificates_are_left_to_people(
    lab: ControllerLab, caplog: pytest.LogCaptureFixture
) -> None:
    """Upstream's default roles do not give it."""
    pem = pkcs10("system:node:a", "system:nodes", addresses=("192.0.2.1",))
    serving = order(plan.KUBELET_SERVING, SERVER_USAGES, pem, username="system:node:a")
    await lab.client.create(REQUESTS, serving)
    broken = order(plan.KUBELET_CLIENT, CLIENT_USAGES, pkcs10("jane"))
    later = await lab.client.create(REQUESTS, {**broken, "metadata": {"name": "later"}})
    later["status"] = {"conditions": [{"type": "Approved", "status": "True", "reason": "ByHand"}]}
    await lab.client.update(REQUESTS, later, subresource="approval")
    await decided(lab, "later")
    left = await lab.client.get(REQUESTS, "r")
    assert not parts(left, "status", "conditions")
    assert "forbidden" not in caplog.text

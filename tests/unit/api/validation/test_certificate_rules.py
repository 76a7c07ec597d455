"""Signing requests, certificates and trust bundles are what they say they are."""

from base64 import b64encode

import pytest
from cluster_orders import MIGRATIONS, POD_CERTIFICATES, TRUST_BUNDLES
from orders import SIGNING_REQUESTS, changed, good, texts
from papers import certificate

from kubeade.api.validation import validate_create, validate_update

_PLACE = 'spec.trustBundle: Invalid value: "<value omitted>":'
_OTHER = "-----BEGIN MENU-----\nYQ==\n-----END MENU-----\n"
_EMPTY = "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n"


def coded(said: str) -> str:
    return b64encode(said.encode()).decode()


@pytest.mark.parametrize("request_", ["", "YQ==", coded(_OTHER)])
def test_a_request_is_a_request(request_):
    found = texts(validate_create(SIGNING_REQUESTS, changed(SIGNING_REQUESTS, "spec.request", request_)))
    assert found == [f'spec.request: Invalid value: "{request_}": PEM block type must be CERTIFICATE REQUEST']


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("menu", "must contain at least one CERTIFICATE PEM block"),
        (_OTHER, 'only CERTIFICATE PEM blocks are allowed, found "MENU"'),
        (_EMPTY, "x509: malformed certificate"),
    ],
)
def test_a_signer_answers_with_a_certificate(said, fault):
    new = changed(SIGNING_REQUESTS, "status.certificate", coded(said))
    assert texts(validate_update(SIGNING_REQUESTS, new, good(SIGNING_REQUESTS), "status")) == [
        f'status.certificate: Invalid value: "<certificate data>": {fault}'
    ]
    right = changed(SIGNING_REQUESTS, "status.certificate", coded(certificate(authority=False)))
    assert validate_update(SIGNING_REQUESTS, right, good(SIGNING_REQUESTS), "status") == []


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("", "at least one trust anchor must be provided"),
        (_OTHER, "entry 0 has bad block type: MENU"),
        (_EMPTY, "entry 0 does not parse as X.509"),
        (certificate(authority=False), "entry 0 does not have the CA bit set"),
    ],
)
def test_a_bundle_holds_authorities(said, fault):
    bundle = changed(TRUST_BUNDLES, "spec.trustBundle", said)
    assert texts(validate_create(TRUST_BUNDLES, bundle)) == [f"{_PLACE} {fault}"]


def test_a_bundle_holds_each_authority_once():
    anchor = certificate(authority=True)
    bundle = changed(TRUST_BUNDLES, "spec.trustBundle", anchor + anchor)
    assert texts(validate_create(TRUST_BUNDLES, bundle)) == [
        f"{_PLACE} duplicate trust anchor (indices [0 1])"
    ]


def test_a_bundle_is_called_by_its_signer():
    bundle = changed(TRUST_BUNDLES, "spec.signerName", "example.com/press")
    prefix = "example.com:press:"
    assert texts(validate_create(TRUST_BUNDLES, bundle)) == [
        (
            'metadata.name: Invalid value: "lemonade": ClusterTrustBundle for signerName example.com/press must '
            f"be named with prefix {prefix}"
        )
    ]
    bundle["metadata"]["name"] = f"{prefix}lemonade"
    assert validate_create(TRUST_BUNDLES, bundle) == []
    old = good(TRUST_BUNDLES)
    old["metadata"]["name"] = bundle["metadata"]["name"]
    assert texts(validate_update(TRUST_BUNDLES, bundle, old)) == [
        'spec.signerName: Invalid value: "example.com/press": field is immutable'
    ]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("spec.podUID", "", 'spec.podUID: Invalid value: "": must not be empty'),
        (
            "spec.maxExpirationSeconds",
            60,
            "spec.maxExpirationSeconds: Invalid value: 60: must be in the range [3600, 7862400]",
        ),
        (
            "spec.stubPKCS10Request",
            "",
            (
                "spec: Invalid value: exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) "
                "must be set"
            ),
        ),
        (
            "spec.stubPKCS10Request",
            "YQ==",
            "spec.stubPKCS10Request: Invalid value: must be a valid PKCS#10 CSR",
        ),
        (
            "spec.unverifiedUserAnnotations",
            {"a": "b"},
            (
                'spec.unverifiedUserAnnotations: Invalid value: "a": must be a domain-prefixed key (such as '
                '"acme.io/foo")'
            ),
        ),
    ],
)
def test_a_pods_request_says_whose_it_is(path, value, message):
    assert texts(validate_create(POD_CERTIFICATES, changed(POD_CERTIFICATES, path, value))) == [message]


def outcome(kind, **status):
    condition = {"type": kind, "status": "True", "reason": "R", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return changed(POD_CERTIFICATES, "status", {"conditions": [condition], **status})


def test_a_pods_request_ends_once():
    asked, denied = good(POD_CERTIFICATES), outcome("Denied")
    assert validate_update(POD_CERTIFICATES, denied, asked, "status") == []
    issued = outcome("Issued", certificateChain=certificate(authority=False))
    assert validate_update(POD_CERTIFICATES, issued, asked, "status") == []
    (found,) = texts(validate_update(POD_CERTIFICATES, issued, denied, "status"))
    assert found == (
        "status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed"
    )
    (found,) = texts(validate_update(POD_CERTIFICATES, outcome("Issued"), asked, "status"))
    assert found.endswith("issued certificate chain must contain at least one certificate")


def test_a_migration_is_of_a_resource():
    nothing = changed(MIGRATIONS, "spec.resource", {})
    assert texts(validate_create(MIGRATIONS, nothing)) == [
        "spec.resource.resource: Required value: resource is required to be set"
    ]
    conditions = [
        {"type": kind, "status": "True", "reason": "R", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        for kind in ("Succeeded", "Failed")
    ]
    ended = changed(MIGRATIONS, "status.conditions", conditions)
    (found,) = texts(validate_update(MIGRATIONS, ended, good(MIGRATIONS), "status"))
    assert found.endswith("Both success and failed conditions cannot be true at the same time")
    (found,) = texts(validate_update(MIGRATIONS, good(MIGRATIONS), ended, "status"))[:1]
    assert found.endswith("Success condition cannot be set to false once it is true")

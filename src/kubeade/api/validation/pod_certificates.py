"""Rules of PodCertificateRequests (upstream: pkg/apis/certificates/validation). What an issued chain says of
times and names is left to who issues it and to the kubelet.
"""

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.api.validation import pem
from kubeade.api.validation.certificates import signer_name
from kubeade.api.validation.conditions import conditions
from kubeade.api.validation.fields import (
    IMMUTABLE,
    OMITTED,
    Errors,
    invalid,
    messages,
    not_supported,
    required,
    too_long,
)
from kubeade.api.validation.names import dns_subdomain, qualified_name

_UID_LIMIT_BYTES = 128
_KEY_LIMIT_BYTES, _CHAIN_LIMIT_BYTES = 10 * 1024, 100 * 1024
_SHORTEST_SECONDS, _LONGEST_SECONDS, _LONGEST_OF_OURS_SECONDS = 3600, 91 * 86400, 86400
_OUTCOMES = ("Issued", "Denied", "Failed")
_WHOSE = (
    ("podName", "podUID"),
    ("serviceAccountName", "serviceAccountUID"),
    ("nodeName", "nodeUID"),
)


def request(found: Object) -> Errors:
    """A new one."""
    spec = part(found, "spec")
    signer = text(spec, "signerName")
    yield from signer_name(signer, "spec.signerName")
    for key in part(spec, "unverifiedUserAnnotations"):
        yield from _domain_key(key.lower(), "spec.unverifiedUserAnnotations")
    for name, identity in _WHOSE:
        yield from messages(f"spec.{name}", text(spec, name), dns_subdomain(text(spec, name)))
        if not text(spec, identity):
            yield invalid(f"spec.{identity}", "", "must not be empty")
        if len(text(spec, identity).encode()) > _UID_LIMIT_BYTES:
            yield too_long(f"spec.{identity}", _UID_LIMIT_BYTES)
    yield from _duration(spec, signer, "spec.maxExpirationSeconds")
    yield from _key(spec)


def request_change(new: Object, old: Object) -> Errors:
    """What was asked for stays."""
    if part(new, "spec") != part(old, "spec"):
        yield invalid("spec", part(new, "spec"), IMMUTABLE)


def request_status(new: Object, old: Object) -> Errors:
    """One outcome, for good."""
    status, before = part(new, "status"), part(old, "status")
    found = list(_outcomes(parts(status, "conditions"), "status.conditions"))
    found += conditions(parts(status, "conditions"), "status.conditions")
    if found:
        yield from found
        return
    ended = _outcome(before)
    if ended:
        if status != before:
            detail = "immutable after PodCertificateRequest is issued, denied, or failed"
            yield invalid("status", OMITTED, detail)
    elif _outcome(status) in ("Denied", "Failed"):
        if set(status) - {"conditions"}:
            detail = "must be empty when denying or failing the PodCertificateRequest"
            yield invalid("status", OMITTED, f"non-condition status fields {detail}")
    elif _outcome(status) == "Issued":
        yield from _chain(text(status, "certificateChain"), "status.certificateChain")


def _domain_key(key: str, path: str) -> Errors:
    faults = qualified_name(key)
    if not faults and "/" not in key:
        faults = ['must be a domain-prefixed key (such as "acme.io/foo")']
    yield from messages(path, key, faults)


def _duration(spec: Object, signer: str, path: str) -> Errors:
    if spec.get("maxExpirationSeconds") is None:
        yield required(path, "must be set")
        return
    host, seconds = signer.partition("/")[0], number(spec, "maxExpirationSeconds")
    ours = host == "kubernetes.io" or host.endswith(".kubernetes.io")
    longest = _LONGEST_OF_OURS_SECONDS if ours else _LONGEST_SECONDS
    if not _SHORTEST_SECONDS <= seconds <= longest:
        yield invalid(path, seconds, f"must be in the range [{_SHORTEST_SECONDS}, {longest}]")


def _key(spec: Object) -> Errors:
    stub, key, proof = (
        pem.decoded(spec.get(name)) for name in ("stubPKCS10Request", "pkixPublicKey", "proofOfPossession")
    )
    if bool(stub) == bool(key) or bool(key) != bool(proof):
        what = "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set"
        yield invalid("spec", OMITTED, what)
        return
    for name, found in (("stubPKCS10Request", stub), ("pkixPublicKey", key), ("proofOfPossession", proof)):
        if len(found) > _KEY_LIMIT_BYTES:
            yield too_long(f"spec.{name}", _KEY_LIMIT_BYTES)
            return
    if stub:
        asked = pem.signing_request(stub)
        if asked is None:
            yield invalid("spec.stubPKCS10Request", OMITTED, "must be a valid PKCS#10 CSR")
        elif not pem.is_signed(asked):
            yield invalid("spec.stubPKCS10Request", OMITTED, "invalid signature")
    elif not pem.is_public_key(key):
        yield invalid(
            "spec.pkixPublicKey", spec["pkixPublicKey"], "must be a valid PKIX-serialized public key"
        )


def _outcomes(found: list[Object], path: str) -> Errors:
    known = 0
    for index, condition in enumerate(found):
        kind, at = text(condition, "type"), f"{path}[{index}]"
        if kind not in _OUTCOMES:
            yield not_supported(f"{at}.type", kind, _OUTCOMES)
            continue
        known += 1
        if known > 1:
            detail = 'There may be at most one condition with type "Issued", "Denied", or "Failed"'
            yield invalid(f"{at}.type", kind, detail)
        if condition.get("status") != "True":
            yield not_supported(f"{at}.status", text(condition, "status"), ("True",))


def _outcome(status: Object) -> str:
    kinds = (text(each, "type") for each in parts(status, "conditions") if each.get("status") == "True")
    return next((kind for kind in kinds if kind in _OUTCOMES), "")


def _chain(chain: str, path: str) -> Errors:
    found = list(pem.blocks(chain))
    if len(chain.encode()) > _CHAIN_LIMIT_BYTES:
        yield too_long(path, _CHAIN_LIMIT_BYTES)
    elif not found:
        yield invalid(path, chain, "issued certificate chain must contain at least one certificate")
    elif any(block.kind != "CERTIFICATE" for block in found):
        detail = "issued certificate chain must consist entirely of CERTIFICATE PEM blocks"
        yield invalid(path, chain, detail)
    elif pem.certificate(found[0].content) is None:
        yield invalid(path, chain, "leaf certificate does not parse as valid X.509")

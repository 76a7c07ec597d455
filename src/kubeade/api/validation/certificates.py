"""Rules of certificate signing requests and of what signers are trusted by (upstream:
pkg/apis/certificates/validation).
"""

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation import pem
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    immutable,
    invalid,
    messages,
    not_supported,
    required,
    shown,
    too_long,
)
from kubeade.api.validation.names import NameRule, dns_label, dns_subdomain

_USAGES = (
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
)
_SHORTEST_CERTIFICATE_SECONDS = 600
_TRUST_BUNDLE_LIMIT_BYTES = 1024 * 1024


def signing_request(found: Object) -> Errors:
    """A CertificateSigningRequest."""
    spec = part(found, "spec")
    if fault := _request_fault(spec.get("request")):
        yield invalid("spec.request", spec.get("request"), fault)
    usages = values(spec, "usages")
    if not usages:
        yield required("spec.usages")
    for index, usage in enumerate(usages):
        if usage not in _USAGES:
            yield not_supported(f"spec.usages[{index}]", usage, _USAGES)
        if usage in usages[:index]:
            yield duplicate(f"spec.usages[{index}]", usage)
    signer = text(spec, "signerName")
    if signer == "kubernetes.io/legacy-unknown":
        detail = "the legacy signerName is not allowed via this API version"
        yield invalid("spec.signerName", signer, detail)
    else:
        yield from signer_name(signer, "spec.signerName")
    if spec.get("expirationSeconds") is not None:
        seconds = number(spec, "expirationSeconds")
        if seconds < _SHORTEST_CERTIFICATE_SECONDS:
            detail = "may not specify a duration less than 600 seconds (10 minutes)"
            yield invalid("spec.expirationSeconds", seconds, detail)
    yield from _conditions(parts(found, "status", "conditions"), "status.conditions")


def _request_fault(request: object) -> str:
    block = next(pem.blocks(pem.decoded(request).decode("utf-8", "replace")), None)
    if block is None or block.kind != "CERTIFICATE REQUEST":
        return "PEM block type must be CERTIFICATE REQUEST"
    found = pem.signing_request(block.content)
    if found is None:
        return "asn1: syntax error: data truncated"
    return "" if pem.is_signed(found) else "x509: signature verification failed"


def _certificate_fault(certificate: object) -> str:
    """Of what a signer answers with."""
    found = list(pem.blocks(pem.decoded(certificate).decode("utf-8", "replace")))
    for block in found:
        if block.kind != "CERTIFICATE":
            return f"only CERTIFICATE PEM blocks are allowed, found {shown(block.kind)}"
        if block.headers:
            return "no PEM block headers are permitted"
        if not block.content:
            return "found CERTIFICATE PEM block containing 0 certificates"
        if pem.certificate(block.content) is None:
            return "x509: malformed certificate"
    return "" if found or not certificate else "must contain at least one CERTIFICATE PEM block"


def signer_name(signer: str, path: str) -> Errors:
    """A domain and a path of one segment."""
    if not signer:
        yield required(path)
        return
    domain, slash, name = signer.partition("/")
    if not slash or "/" in name:
        detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        yield invalid(path, signer, detail)
        return
    yield from _segments(domain, dns_label, path)
    if "." not in domain:
        yield invalid(path, domain, "should be a domain with at least two segments separated by dots")
    yield from _segments(name, dns_subdomain, path)


def _segments(name: str, rule: NameRule, path: str) -> Errors:
    bad = next((segment for segment in name.split(".") if rule(segment)), None)
    if bad is not None:
        yield from (invalid(path, name, f'validating label "{bad}": {detail}') for detail in rule(bad))


def _conditions(conditions: list[Object], path: str) -> Errors:
    kinds = [text(condition, "type") for condition in conditions]
    for index, (condition, kind) in enumerate(zip(conditions, kinds, strict=True)):
        at, status = f"{path}[{index}]", text(condition, "status")
        allowed = ("True",) if kind in ("Approved", "Denied", "Failed") else ("False", "True", "Unknown")
        if not kind:
            yield required(f"{at}.type")
        if not status:
            yield required(f"{at}.status")
        elif status not in allowed:
            yield not_supported(f"{at}.status", status, allowed)
        if kind in kinds[:index]:
            yield duplicate(f"{at}.type", kind)
        if {"Approved": "Denied", "Denied": "Approved"}.get(kind) in kinds[:index]:
            yield invalid(path, kind, "Approved and Denied conditions are mutually exclusive")


def signing_request_change(new: Object, old: Object) -> Errors:
    """Conditions are never taken back; approving and denying has a subresource of its own."""
    yield from signing_request_approval(new, old)
    for kind in ("Approved", "Denied"):
        if _has(new, kind) and not _has(old, kind):
            yield forbidden("status.conditions", f'updates may not add a condition of type "{kind}"')


def signing_request_approval(new: Object, old: Object) -> Errors:
    yield from _conditions(parts(new, "status", "conditions"), "status.conditions")
    for kind in ("Approved", "Denied", "Failed"):
        if _has(old, kind) and not _has(new, kind):
            detail = f'updates may not remove a condition of type "{kind}"'
            yield forbidden("status.conditions", detail)
    answered = text(new, "status", "certificate")
    if answered != text(old, "status", "certificate") and (fault := _certificate_fault(answered)):
        yield invalid("status.certificate", "<certificate data>", fault)
    certificate = text(old, "status", "certificate")
    if certificate and text(new, "status", "certificate") != certificate:
        yield forbidden("status.certificate", "updates may not modify existing certificate content")


def _has(request: Object, kind: str) -> bool:
    return any(c.get("type") == kind for c in parts(request, "status", "conditions"))


def trust_bundle(found: Object) -> Errors:
    """A new ClusterTrustBundle."""
    yield from _bundle(found)
    yield from _anchors(text(found, "spec", "trustBundle"), "spec.trustBundle")


def trust_bundle_change(new: Object, old: Object) -> Errors:
    """A changed one: what it says is read again only where it is new."""
    said = text(new, "spec", "trustBundle")
    yield from _bundle(new)
    if said != text(old, "spec", "trustBundle"):
        yield from _anchors(said, "spec.trustBundle")
    signers = text(new, "spec", "signerName"), text(old, "spec", "signerName")
    yield from immutable("spec.signerName", *signers)


def _bundle(found: Object) -> Errors:
    signer, name = text(found, "spec", "signerName"), text(found, "metadata", "name")
    prefix = f"{signer.replace('/', ':')}:"
    if not signer and ":" in name:
        faults = ['ClusterTrustBundle without signer name must not have ":" in its name']
    elif not signer:
        faults = dns_subdomain(name)
    elif not name.startswith(prefix):
        faults = [f"ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}"]
    else:
        faults = dns_subdomain(name.removeprefix(prefix))
    yield from messages("metadata.name", name, faults)
    if signer:
        yield from signer_name(signer, "spec.signerName")


def _anchors(said: str, path: str) -> Errors:
    if len(said.encode()) > _TRUST_BUNDLE_LIMIT_BYTES:
        yield too_long(path, _TRUST_BUNDLE_LIMIT_BYTES)
        return
    found = list(pem.blocks(said))
    faults = [
        f"entry {index} {fault}" for index, block in enumerate(found) if (fault := _anchor_fault(block))
    ]
    if not faults and not found:
        faults = ["at least one trust anchor must be provided"]
    elif not faults:
        faults = [
            f"duplicate trust anchor (indices [{' '.join(str(each) for each in where)}])"
            for where in _repeated([block.content for block in found])
        ]
    for fault in faults:
        yield invalid(path, "<value omitted>", fault)


def _anchor_fault(block: pem.Block) -> str:
    if block.kind != "CERTIFICATE":
        return f"has bad block type: {block.kind}"
    if block.headers:
        return "has PEM block headers"
    found = pem.certificate(block.content)
    if found is None:
        return "does not parse as X.509"
    return "" if pem.is_authority(found) else "does not have the CA bit set"


def _repeated(found: list[bytes]) -> list[list[int]]:
    """Where the same stands several times."""
    places: dict[bytes, list[int]] = {}
    for index, each in enumerate(found):
        places.setdefault(each, []).append(index)
    return [where for where in places.values() if len(where) > 1]

"""Rules of roles, bindings and certificate signing requests."""

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    messages,
    not_supported,
    required,
)
from kubeade.api.validation.names import NameRule, dns_label, dns_subdomain, path_segment
from kubeade.api.validation.selectors import label_selector

_GROUP = "rbac.authorization.k8s.io"
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


def role(found: Object) -> Errors:
    for index, rule in enumerate(parts(found, "rules")):
        yield from _rule(rule, True, f"rules[{index}]")


def cluster_role(found: Object) -> Errors:
    for index, rule in enumerate(parts(found, "rules")):
        yield from _rule(rule, False, f"rules[{index}]")
    if found.get("aggregationRule") is None:
        return
    path = "aggregationRule.clusterRoleSelectors"
    selectors = parts(found, "aggregationRule", "clusterRoleSelectors")
    if not selectors:
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        yield required(path, detail)
    for index, selector in enumerate(selectors):
        yield from label_selector(selector, f"{path}[{index}]")


def _rule(rule: Object, namespaced: bool, path: str) -> Errors:
    if not values(rule, "verbs"):
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    urls = values(rule, "nonResourceURLs")
    if urls and namespaced:
        detail = "namespaced rules cannot apply to non-resource URLs"
        yield invalid(f"{path}.nonResourceURLs", urls, detail)
    if urls:
        if any(values(rule, key) for key in ("apiGroups", "resources", "resourceNames")):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid(f"{path}.nonResourceURLs", urls, detail)
        return
    if not values(rule, "apiGroups"):
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not values(rule, "resources"):
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


def role_binding(found: Object) -> Errors:
    yield from _role_ref(part(found, "roleRef"), ("Role", "ClusterRole"))
    for index, subject in enumerate(parts(found, "subjects")):
        yield from _subject(subject, True, f"subjects[{index}]")


def cluster_role_binding(found: Object) -> Errors:
    yield from _role_ref(part(found, "roleRef"), ("ClusterRole",))
    for index, subject in enumerate(parts(found, "subjects")):
        yield from _subject(subject, False, f"subjects[{index}]")


def _role_ref(reference: Object, kinds: tuple[str, ...]) -> Errors:
    group, kind, name = (text(reference, key) for key in ("apiGroup", "kind", "name"))
    if group != _GROUP:
        yield not_supported("roleRef.apiGroup", group, (_GROUP,))
    if kind not in kinds:
        yield not_supported("roleRef.kind", kind, kinds)
    if not name:
        yield required("roleRef.name")
    else:
        yield from messages("roleRef.name", name, path_segment(name))


def _subject(subject: Object, namespaced: bool, path: str) -> Errors:
    kind, name, group = (text(subject, key) for key in ("kind", "name", "apiGroup"))
    if not name:
        yield required(f"{path}.name")
    if kind == "ServiceAccount":
        if name:
            yield from messages(f"{path}.name", name, dns_subdomain(name))
        if group:
            yield not_supported(f"{path}.apiGroup", group, ("",))
        if not namespaced and not text(subject, "namespace"):
            yield required(f"{path}.namespace")
    elif kind not in ("User", "Group"):
        yield not_supported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group"))
    elif group != _GROUP:
        yield not_supported(f"{path}.apiGroup", group, (_GROUP,))


def role_unchanged(new: Object, old: Object) -> Errors:
    """A binding keeps its role: who may give it was checked for that one."""
    if part(new, "roleRef") != part(old, "roleRef"):
        yield invalid("roleRef", part(new, "roleRef"), "cannot change roleRef")


def signing_request(found: Object) -> Errors:
    spec = part(found, "spec")
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
        yield from _signer(signer, "spec.signerName")
    if spec.get("expirationSeconds") is not None:
        seconds = number(spec, "expirationSeconds")
        if seconds < _SHORTEST_CERTIFICATE_SECONDS:
            detail = "may not specify a duration less than 600 seconds (10 minutes)"
            yield invalid("spec.expirationSeconds", seconds, detail)
    yield from _conditions(parts(found, "status", "conditions"), "status.conditions")


def _signer(signer: str, path: str) -> Errors:
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
    certificate = text(old, "status", "certificate")
    if certificate and text(new, "status", "certificate") != certificate:
        yield forbidden("status.certificate", "updates may not modify existing certificate content")


def _has(request: Object, kind: str) -> bool:
    return any(c.get("type") == kind for c in parts(request, "status", "conditions"))

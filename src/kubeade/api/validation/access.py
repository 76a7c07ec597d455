"""Rules of roles and bindings."""

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    Errors,
    invalid,
    messages,
    not_supported,
    required,
)
from kubeade.api.validation.names import dns_subdomain, path_segment
from kubeade.api.validation.selectors import label_selector

_GROUP = "rbac.authorization.k8s.io"


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

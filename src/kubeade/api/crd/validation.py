"""Whether a CustomResourceDefinition is acceptable, on create and on update, in upstream's words.

Metadata's own rules are `api.validation.metadata`'s; only the name's is here.
"""

from kubeade.api.crd.definition import ESTABLISHED, condition, keeps_unknown_fields
from kubeade.api.crd.version_rules import SHARED, version_errors
from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    Errors,
    forbidden,
    immutable,
    invalid,
    messages,
    not_supported,
    one_of,
    required,
)
from kubeade.api.validation.names import dns_1035_label, dns_subdomain

_REVIEW_VERSIONS = ("v1", "v1beta1")


def definition_create(definition: Object) -> Errors:
    """Broken rules of a new definition. Its defaults (see `with_defaults`) are filled in."""
    spec = part(definition, "spec")
    name = text(definition, "metadata", "name")
    yield from messages("metadata.name", name, dns_subdomain(name))
    if name != f"{text(spec, 'names', 'plural')}.{text(spec, 'group')}":
        yield invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    yield from _spec(spec, {})


def definition_update(new: Object, old: Object) -> Errors:
    """Broken rules of a changed definition: those of a new one, and what cannot be changed."""
    after, before = part(new, "spec"), part(old, "spec")
    yield from _spec(after, before)
    if condition(old, ESTABLISHED).get("status") == "True":
        yield from immutable("spec.scope", after.get("scope"), before.get("scope"))
        yield from immutable("spec.names.kind", text(after, "names", "kind"), text(before, "names", "kind"))
    yield from immutable("spec.group", after.get("group"), before.get("group"))
    yield from immutable("spec.names.plural", text(after, "names", "plural"), text(before, "names", "plural"))
    yield from stored_versions(new)


def stored_versions(definition: Object) -> Errors:
    """A version that objects may still be kept in stays in the definition."""
    stored = part(definition, "status").get("storedVersions") or []
    known = {text(version, "name") for version in parts(definition, "spec", "versions")}
    for index, version in enumerate(stored):
        if version not in known:
            detail = (
                f"missing from spec.versions; {version} was previously a storage version, and must remain in "
                f"spec.versions until a storage migration ensures no data remains persisted in {version} and "
                f"removes {version} from status.storedVersions"
            )
            yield invalid(f"status.storedVersions[{index}]", version, detail)


def with_defaults(definition: Object) -> Object:
    """The definition with upstream's defaults: singular, listKind, conversion."""
    spec, names = part(definition, "spec"), part(definition, "spec", "names")
    kind = text(names, "kind")
    defaults = {"singular": kind.lower(), "listKind": f"{kind}List"}
    names = {**names, **{key: value for key, value in defaults.items() if kind and not names.get(key)}}
    conversion = spec.get("conversion") or {"strategy": "None"}
    return {**definition, "spec": {**spec, "names": names, "conversion": conversion}}


def _spec(spec: Object, old: Object) -> Errors:
    keeps = keeps_unknown_fields({"spec": spec})
    yield from _group(text(spec, "group"))
    yield from one_of("spec.scope", spec.get("scope"), ("Cluster", "Namespaced"))
    versions = parts(spec, "versions")
    yield from _versions(versions, parts(old, "versions"), keeps)
    names = [text(version, "name") for version in versions]
    if len(set(names)) < len(names):
        yield invalid("spec.versions", versions, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        yield invalid("spec.versions", versions, "must have exactly one version marked as storage version")
    for name in ("plural", "singular", "kind", "listKind"):
        if not text(spec, "names", name):
            yield required(f"spec.names.{name}")
    yield from names_rules(part(spec, "names"), "spec.names")
    if keeps:
        yield invalid("spec.preserveUnknownFields", True, _MUST_NOT_PRESERVE)
    yield from _conversion(part(spec, "conversion"), "spec.conversion")


def _versions(versions: list[Object], old: list[Object], keeps: bool) -> Errors:
    stored = {text(version, "name"): version.get("schema") for version in old}
    shared = [key for key in SHARED if all(each.get(key) == versions[0].get(key) for each in versions)]
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        common = {key: "" if index else SHARED[key] for key in shared}
        places = {**{key: f"{path}.{key}" for key in SHARED}, **common}
        known = bool(stored) and stored.get(text(version, "name")) == version.get("schema")
        yield from version_errors(version, path, places, keeps, known)


_MUST_NOT_PRESERVE = (
    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
)


def _group(group: str) -> Errors:
    if not group:
        yield required("spec.group")
    elif wrong := dns_subdomain(group):
        yield invalid("spec.group", group, ",".join(wrong))
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")


def names_rules(names: Object, path: str) -> Errors:
    """Rules of names, wherever they stand (spec.names, status.acceptedNames)."""
    for name in ("plural", "singular"):
        yield from _label(text(names, name), f"{path}.{name}")
    for name in ("kind", "listKind"):
        kind = text(names, name)
        if kind and (wrong := dns_1035_label(kind.lower())):
            detail = "may have mixed case, but should otherwise match: " + ",".join(wrong)
            yield invalid(f"{path}.{name}", kind, detail)
    for name in ("shortNames", "categories"):
        for index, each in enumerate(names.get(name) or ()):
            yield from _label(each, f"{path}.{name}[{index}]")
    if text(names, "kind") and text(names, "kind") == text(names, "listKind"):
        yield invalid(f"{path}.listKind", text(names, "listKind"), "kind and listKind may not be the same")


def _label(name: str, path: str) -> Errors:
    if name and (wrong := dns_1035_label(name)):
        yield invalid(path, name, ",".join(wrong))


def _conversion(conversion: Object, path: str) -> Errors:
    strategy = text(conversion, "strategy")
    if strategy == "Webhook":
        yield from _webhook(conversion, path)
        return
    if strategy not in ("", "None"):
        yield not_supported(f"{path}.strategy", strategy, ("None", "Webhook"))
    if conversion.get("webhook"):
        detail = "should not be set when strategy is not set to Webhook"
        yield forbidden(f"{path}.webhookClientConfig", detail)


def _webhook(conversion: Object, path: str) -> Errors:
    client = part(conversion, "webhook", "clientConfig")
    if not client:
        yield required(f"{path}.webhookClientConfig", "required when strategy is set to Webhook")
    elif ("url" in client) == ("service" in client):
        yield required(f"{path}.webhookClientConfig", "exactly one of url or service is required")
    reviews = part(conversion, "webhook").get("conversionReviewVersions") or []
    where = f"{path}.conversionReviewVersions"
    if not reviews:
        yield required(where)
    elif not set(reviews) & set(_REVIEW_VERSIONS):
        yield invalid(where, reviews, f"must include at least one of {', '.join(_REVIEW_VERSIONS)}")

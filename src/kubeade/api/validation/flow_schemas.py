"""Rules of FlowSchemas, and of what they share with priority levels (upstream:
pkg/apis/flowcontrol/validation).
"""

from kubeade.api.parts import part, parts, text, values
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
from kubeade.api.validation.internal_types import (
    FLAG,
    NUMBER,
    OPTIONAL,
    TEXT,
    Items,
    internal,
    pointer,
    struct,
)
from kubeade.api.validation.names import dns_label, dns_subdomain

_HIGHEST_PRECEDENCE = 10_000
_ALL = "*"
_METHODS = ("ByNamespace", "ByUser")
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
_SUBJECTS = {"Group": "group", "ServiceAccount": "serviceAccount", "User": "user"}
_SUBJECT_ORDER = ("serviceAccount", "user", "group")
_KIND_OF_SUBJECT = {field: kind for kind, field in _SUBJECTS.items()}

_EVERYTHING: Object = {
    "resourceRules": [
        {
            "verbs": [_ALL],
            "apiGroups": [_ALL],
            "resources": [_ALL],
            "clusterScope": True,
            "namespaces": [_ALL],
        }
    ],
    "nonResourceRules": [{"verbs": [_ALL], "nonResourceURLs": [_ALL]}],
}


def _groups(*names: str) -> list[Object]:
    return [{"kind": "Group", "group": {"name": name}} for name in names]


_FIXED_SCHEMAS: dict[str, Object] = {
    "exempt": {
        "priorityLevelConfiguration": {"name": "exempt"},
        "matchingPrecedence": 1,
        "rules": [{"subjects": _groups("system:masters"), **_EVERYTHING}],
    },
    "catch-all": {
        "priorityLevelConfiguration": {"name": "catch-all"},
        "matchingPrecedence": _HIGHEST_PRECEDENCE,
        "distinguisherMethod": {"type": "ByUser"},
        "rules": [{"subjects": _groups("system:unauthenticated", "system:authenticated"), **_EVERYTHING}],
    },
}
_METHOD = struct(Type=TEXT)
_NAMED = pointer(Name=TEXT)
_RULE = struct(
    Subjects=Items(
        struct(Kind=TEXT, User=_NAMED, Group=_NAMED, ServiceAccount=pointer(Namespace=TEXT, Name=TEXT))
    ),
    ResourceRules=Items(
        struct(Verbs=OPTIONAL, APIGroups=OPTIONAL, Resources=OPTIONAL, ClusterScope=FLAG, Namespaces=OPTIONAL)
    ),
    NonResourceRules=Items(struct(Verbs=OPTIONAL, NonResourceURLs=OPTIONAL)),
)
_SCHEMA = struct(
    PriorityLevelConfiguration=struct(Name=TEXT),
    MatchingPrecedence=NUMBER,
    DistinguisherMethod=pointer(Type=TEXT),
    Rules=Items(_RULE),
)


def flow_schema(found: Object) -> Errors:
    """FlowSchema."""
    name, spec = text(found, "metadata", "name"), part(found, "spec")
    yield from _precedence(spec.get("matchingPrecedence", 0), name)
    if isinstance(method := spec.get("distinguisherMethod"), dict) and method.get("type") not in _METHODS:
        yield not_supported("spec.distinguisherMethod.type", internal(method, _METHOD), _METHODS)
    at, level = "spec.priorityLevelConfiguration.name", text(spec, "priorityLevelConfiguration", "name")
    if level:
        yield from messages(at, level, dns_subdomain(level))
    else:
        yield required(at, "must reference a priority level")
    for index, rule in enumerate(parts(spec, "rules")):
        yield from _rule(rule, f"spec.rules[{index}]")
    if name in _FIXED_SCHEMAS and said(spec) != _FIXED_SCHEMAS[name]:
        yield invalid("spec", internal(spec, _SCHEMA), f"spec of '{name}' must equal the fixed value")
    yield from conditions(found)


def conditions(found: Object) -> Errors:
    """The status of either kind."""
    types: set[str] = set()
    for index, condition in enumerate(parts(found, "status", "conditions")):
        at, kind = f"status.conditions[{index}].type", text(condition, "type")
        if kind in types:
            yield duplicate(at, kind)
        types.add(kind)
        if not kind:
            yield required(at)


def status(new: Object, _old: Object) -> Errors:
    """A written status."""
    yield from conditions(new)


def _precedence(precedence: object, name: str) -> Errors:
    at = "spec.matchingPrecedence"
    if not isinstance(precedence, int):
        return
    if precedence <= 0:
        yield invalid(at, precedence, "must be a positive value")
    if precedence > _HIGHEST_PRECEDENCE:
        yield invalid(at, precedence, f"must not be greater than {_HIGHEST_PRECEDENCE}")
    if precedence == 1 and name != "exempt":
        yield invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")


def _rule(rule: Object, path: str) -> Errors:
    subjects = parts(rule, "subjects")
    for index, subject in enumerate(subjects):
        yield from _subject(subject, f"{path}.subjects[{index}]")
    if not subjects:
        yield required(f"{path}.subjects", "subjects must contain at least one value")
    resources, others = parts(rule, "resourceRules"), parts(rule, "nonResourceRules")
    if not resources and not others:
        yield required(path, "at least one of resourceRules and nonResourceRules has to be non-empty")
    for index, each in enumerate(resources):
        yield from _resource_rule(each, f"{path}.resourceRules[{index}]")
    for index, each in enumerate(others):
        yield from _non_resource_rule(each, f"{path}.nonResourceRules[{index}]")


def _subject(subject: Object, path: str) -> Errors:
    kind = text(subject, "kind")
    wanted = _SUBJECTS.get(kind)
    if wanted is None:
        yield not_supported(f"{path}.kind", kind, sorted(_SUBJECTS))
        return
    at = f"{path}.{wanted}"
    if not isinstance(found := subject.get(wanted), dict):
        yield required(at, f"{wanted} is required when subject kind is '{kind}'")
    else:
        yield from _named(found, wanted, at)
    for other in _SUBJECT_ORDER:
        if other != wanted and subject.get(other) is not None:
            detail = f"{other} is forbidden when subject kind is not '{_KIND_OF_SUBJECT[other]}'"
            yield forbidden(f"{path}.{other}", detail)


def _named(subject: Object, field: str, path: str) -> Errors:
    name, namespace = text(subject, "name"), text(subject, "namespace")
    if not name:
        yield required(f"{path}.name")
    elif field == "serviceAccount" and name != _ALL:
        yield from messages(f"{path}.name", name, dns_subdomain(name))
    if field != "serviceAccount":
        return
    if namespace:
        yield from messages(f"{path}.namespace", namespace, dns_label(namespace))
    else:
        yield required(f"{path}.namespace", "must specify namespace for service account")


def _resource_rule(rule: Object, path: str) -> Errors:
    yield from _verbs(rule, path)
    for key, what, plural in (
        ("apiGroups", "api group", "api groups"),
        ("resources", "resource", "resources"),
    ):
        found = values(rule, key)
        if not found:
            yield required(f"{path}.{key}", f"resource rules must supply at least one {what}")
        else:
            yield from _alone(found, plural, f"{path}.{key}")
    namespaces = values(rule, "namespaces")
    at = f"{path}.namespaces"
    if not namespaces and not rule.get("clusterScope"):
        detail = "resource rules that are not cluster scoped must supply at least one namespace"
        yield required(at, detail)
    elif _ALL in namespaces:
        yield from _alone(namespaces, "namespaces", at)
    else:
        introduction = "each member of this list must be '*' or a DNS-1123 label; "
        for index, name in enumerate(map(str, namespaces)):
            yield from messages(f"{at}[{index}]", name, [introduction + each for each in dns_label(name)])


def _non_resource_rule(rule: Object, path: str) -> Errors:
    yield from _verbs(rule, path)
    at, urls = f"{path}.nonResourceURLs", values(rule, "nonResourceURLs")
    if not urls:
        yield required(at, "nonResourceURLs must contain at least one value")
    elif _ALL in urls:
        yield from _alone(urls, "non-resource URLs", at)
    else:
        for index, url in enumerate(map(str, urls)):
            yield from messages(f"{at}[{index}]", url, filter(None, [_url_fault(url)]))


def _verbs(rule: Object, path: str) -> Errors:
    verbs = values(rule, "verbs")
    if not verbs:
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    elif _ALL in verbs:
        yield from _alone(verbs, "verbs", f"{path}.verbs")
    elif not set(map(str, verbs)) <= set(_VERBS):
        yield not_supported(f"{path}.verbs", verbs, _VERBS)


def _alone(found: list[object], what: str, path: str) -> Errors:
    if _ALL in found and len(found) > 1:
        yield invalid(path, found, f"if '*' is present, must not specify other {what}")


def _url_fault(url: str) -> str:
    if not url:
        return "must not be empty"
    if url == "/":
        return ""
    if not url.startswith("/"):
        return "must start with slash"
    for part_of_url, name in ((" ", "white-space"), ("//", "double slash")):
        if part_of_url in url:
            return f"must not contain {name}"
    stars = url.count("*")
    fits = stars == 0 or (stars == 1 and url.endswith("/*"))
    return "" if fits else "wildcard can only do suffix matching"


def said(value: object) -> Object:
    """Without what says nothing, so that two specs can be compared."""
    return part({"": _stripped(value)}, "")


def _stripped(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: _stripped(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each not in (None, [], "") and each is not False}
    return [_stripped(each) for each in value] if isinstance(value, list) else value

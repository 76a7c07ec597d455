"""Rules of where a pod may go: selectors of nodes, affinity, tolerations, spread."""

import re

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
from kubeade.api.validation.names import dns_label, dns_subdomain, label_value, qualified_name
from kubeade.api.validation.selectors import label_selector

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NOT_AN_OPERATOR = "not a valid selector operator"
TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def node_selector(selector: Object, path: str) -> Errors:
    """A NodeSelector: terms, any of which may match."""
    terms = parts(selector, "nodeSelectorTerms")
    if not terms:
        yield required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")
    for index, term in enumerate(terms):
        yield from node_selector_term(term, f"{path}.nodeSelectorTerms[{index}]")


def node_selector_term(term: Object, path: str) -> Errors:
    """One term: expressions over labels and fields, all of which must match."""
    for index, requirement in enumerate(parts(term, "matchExpressions")):
        yield from _node_requirement(requirement, f"{path}.matchExpressions[{index}]")
    for index, requirement in enumerate(parts(term, "matchFields")):
        yield from _node_field(requirement, f"{path}.matchFields[{index}]")


def _node_requirement(requirement: Object, path: str) -> Errors:
    operator, found = text(requirement, "operator"), values(requirement, "values")
    if operator in ("In", "NotIn"):
        if not found:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if found:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield forbidden(f"{path}.values", detail)
    elif operator in ("Gt", "Lt"):
        if len(found) != 1:
            yield required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    else:
        yield invalid(f"{path}.operator", operator, _NOT_AN_OPERATOR)
    key = text(requirement, "key")
    yield from messages(f"{path}.key", key, qualified_name(key))
    for index, value in enumerate(found):
        yield from messages(f"{path}.values[{index}]", value, label_value(str(value)))


def _node_field(requirement: Object, path: str) -> Errors:
    operator, found = text(requirement, "operator"), values(requirement, "values")
    if operator not in ("In", "NotIn"):
        yield invalid(f"{path}.operator", operator, _NOT_AN_OPERATOR)
    elif len(found) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield required(f"{path}.values", detail)
    key = text(requirement, "key")
    if key != "metadata.name":
        yield invalid(f"{path}.key", key, "not a valid field selector key")
        return
    for index, value in enumerate(found):
        yield from messages(f"{path}.values[{index}]", value, dns_subdomain(str(value)))


def affinity(found: Object, path: str) -> Errors:
    """Attraction to nodes and pods, and repulsion from pods."""
    node = part(found, "nodeAffinity")
    if node.get(_REQUIRED) is not None:
        yield from node_selector(part(node, _REQUIRED), f"{path}.nodeAffinity.{_REQUIRED}")
    for index, term in enumerate(parts(node, _PREFERRED)):
        at = f"{path}.nodeAffinity.{_PREFERRED}[{index}]"
        yield from _weight(term, at)
        yield from node_selector_term(part(term, "preference"), f"{at}.preference")
    for kind in ("podAffinity", "podAntiAffinity"):
        for index, term in enumerate(parts(found, kind, _REQUIRED)):
            yield from _pod_term(term, f"{path}.{kind}.{_REQUIRED}[{index}]")
        for index, term in enumerate(parts(found, kind, _PREFERRED)):
            at = f"{path}.{kind}.{_PREFERRED}[{index}]"
            yield from _weight(term, at)
            yield from _pod_term(part(term, "podAffinityTerm"), f"{at}.podAffinityTerm")


def _weight(term: Object, path: str) -> Errors:
    weight = number(term, "weight")
    if not 1 <= weight <= 100:
        yield invalid(f"{path}.weight", weight, "must be in the range 1-100")


def _pod_term(term: Object, path: str) -> Errors:
    yield from label_selector(term.get("labelSelector"), f"{path}.labelSelector")
    yield from label_selector(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for name in values(term, "namespaces"):
        yield from messages(f"{path}.namespace", name, dns_label(str(name)))
    yield from match_label_keys(term, path)
    key = text(term, "topologyKey")
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    yield from messages(f"{path}.topologyKey", key, qualified_name(key))


def match_label_keys(term: Object, path: str) -> Errors:
    """Keys whose values are taken from the pod itself."""
    matched, mismatched = values(term, "matchLabelKeys"), values(term, "mismatchLabelKeys")
    for name, keys in (("matchLabelKeys", matched), ("mismatchLabelKeys", mismatched)):
        if keys and term.get("labelSelector") is None:
            yield forbidden(f"{path}.{name}", "must not be specified when labelSelector is not set")
            continue
        for index, key in enumerate(keys):
            yield from messages(f"{path}.{name}[{index}]", key, qualified_name(str(key)))
    for index, key in enumerate(matched):
        if key in mismatched:
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            yield invalid(f"{path}.matchLabelKeys[{index}]", key, detail)


def tolerations(found: list[Object], path: str) -> Errors:
    """Taints that the pod puts up with."""
    for index, toleration in enumerate(found):
        yield from _toleration(toleration, f"{path}[{index}]")


def _toleration(toleration: Object, path: str) -> Errors:
    key, operator = text(toleration, "key"), text(toleration, "operator")
    effect = text(toleration, "effect")
    if key:
        yield from messages(f"{path}.key", key, qualified_name(key))
    elif operator != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid(f"{path}.operator", operator, detail)
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield invalid(f"{path}.effect", effect, detail)
    yield from _toleration_value(operator, text(toleration, "value"), path)
    if effect and effect not in TAINT_EFFECTS:
        yield not_supported(f"{path}.effect", effect, TAINT_EFFECTS)


def _toleration_value(operator: str, value: str, path: str) -> Errors:
    if operator in ("Equal", ""):
        if errors := label_value(value):
            yield invalid(f"{path}.operator", value, ";".join(errors))
    elif operator == "Exists":
        if value:
            yield invalid(f"{path}.operator", value, "value must be empty when `operator` is 'Exists'")
    elif operator in ("Lt", "Gt"):
        if not re.fullmatch("-?(0|[1-9][0-9]*)", value):
            yield invalid(f"{path}.value", value, "must be a valid decimal integer in canonical form")
    else:
        yield not_supported(f"{path}.operator", operator, ("Equal", "Exists"))


def topology_spread(constraints: list[Object], path: str) -> Errors:
    """How evenly the pods like this one are to lie."""
    for index, constraint in enumerate(constraints):
        at = f"{path}[{index}]"
        yield from positive(f"{at}.maxSkew", number(constraint, "maxSkew"))
        key, action = text(constraint, "topologyKey"), text(constraint, "whenUnsatisfiable")
        if not key:
            yield required(f"{at}.topologyKey", "can not be empty")
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            yield not_supported(f"{at}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway"))
        later = [(c.get("topologyKey"), c.get("whenUnsatisfiable")) for c in constraints[index + 1 :]]
        if (key, action) in later:
            yield duplicate(f"{at}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}")
        yield from _spread_details(constraint, action, at)


def _spread_details(constraint: Object, action: str, path: str) -> Errors:
    domains = constraint.get("minDomains")
    if domains is not None:
        yield from positive(f"{path}.minDomains", number(constraint, "minDomains"))
        if action != "DoNotSchedule":
            detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            yield invalid(f"{path}.minDomains", domains, detail)
    for key in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        if constraint.get(key) not in (None, "Honor", "Ignore"):
            yield not_supported(f"{path}.{key}", constraint[key], ("Honor", "Ignore"))
    yield from match_label_keys(constraint, path)
    yield from label_selector(constraint.get("labelSelector"), f"{path}.labelSelector")


def positive(path: str, value: object) -> Errors:
    """More than zero."""
    if isinstance(value, int) and value <= 0:
        yield invalid(path, value, "must be greater than 0")

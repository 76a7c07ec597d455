"""Which nodes a pod may and would like to run on: nodeSelector and node affinity
(upstream: component-helpers/scheduling/corev1/nodeaffinity)."""

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object


def matches_required(pod_spec: Object, node: Object) -> bool:
    """nodeSelector and requiredDuringSchedulingIgnoredDuringExecution together."""
    labels = part(node, "metadata", "labels")
    if any(labels.get(key) != value for key, value in part(pod_spec, "nodeSelector").items()):
        return False
    affinity = part(pod_spec, "affinity", "nodeAffinity")
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or matches_selector(required, node)


def matches_selector(selector: Object, node: Object) -> bool:
    """A NodeSelector: any of its terms; no terms match nothing."""
    return any(matches_term(term, node) for term in parts(selector, "nodeSelectorTerms"))


def matches_term(term: Object, node: Object) -> bool:
    """All of a term's expressions and fields; an empty term matches nothing."""
    expressions, fields = parts(term, "matchExpressions"), parts(term, "matchFields")
    if not expressions and not fields:
        return False
    labels = part(node, "metadata", "labels")
    named = {"metadata.name": node["metadata"]["name"]}
    return all(_matches(one, labels) for one in expressions) and all(_matches(one, named) for one in fields)


def preferred_weight(pod_spec: Object, node: Object) -> int:
    """The weights of the preferred terms that this node matches, summed."""
    affinity = part(pod_spec, "affinity", "nodeAffinity")
    preferred = parts(affinity, "preferredDuringSchedulingIgnoredDuringExecution")
    return sum(term["weight"] for term in preferred if matches_term(part(term, "preference"), node))


def _matches(requirement: Object, labels: Object) -> bool:
    key, operator = text(requirement, "key"), text(requirement, "operator")
    wanted, present = values(requirement, "values"), key in labels
    actual = labels.get(key)
    if operator == "In":
        return present and actual in wanted
    if operator == "NotIn":
        return not present or actual not in wanted
    if operator == "Exists":
        return present
    if operator == "DoesNotExist":
        return not present
    try:
        number, limit = int(str(actual)), int(wanted[0])
    except (ValueError, IndexError):
        return False
    return number > limit if operator == "Gt" else number < limit

"""LimitRanger: a namespace's defaults and bounds for what its containers, pods and claims ask for."""

from collections.abc import Iterator

from kubeade.api.parts import part, parts, text
from kubeade.api.pod_requests import pod_amounts
from kubeade.api.quantity import Format, Quantity
from kubeade.api.resource import Object
from kubeade.api.resources import LIMIT_RANGES
from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin, containers_of, new_object, refused
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Reader

ANNOTATION = "kubernetes.io/limit-ranger"

Amounts = dict[str, Quantity]


class LimitRanger(Plugin):
    resources = (("", "pods"), ("", "persistentvolumeclaims"))
    operations = frozenset({CREATE, UPDATE})

    def __init__(self, reader: Reader) -> None:
        self._ranges = ObjectIndex(reader, LIMIT_RANGES)

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        if attributes.resource.plural == "pods":
            for limits in self._limits(attributes):
                _apply_defaults(new_object(attributes), limits)

    async def validate(self, attributes: AdmissionAttributes) -> None:
        for limits in self._limits(attributes):
            found = new_object(attributes)
            is_pod = attributes.resource.plural == "pods"
            broken = list(_pod_errors(found, limits) if is_pod else _claim_errors(found, limits))
            if broken:
                # One complaint stands alone; several are a list without repetitions.
                unique = list(dict.fromkeys(broken))
                raise refused(attributes, unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]")

    def _limits(self, attributes: AdmissionAttributes) -> list[list[Object]]:
        """The limits of each LimitRange that has a say here."""
        is_pod = attributes.resource.plural == "pods"
        resize = is_pod and attributes.subresource == "resize" and attributes.operation is UPDATE
        if attributes.subresource and not resize:
            return []
        if is_pod and attributes.operation is UPDATE and not resize:
            return []
        if "deletionTimestamp" in part(attributes.old_object, "metadata"):
            return []
        return [parts(found, "spec", "limits") for found in self._ranges.of_namespace(attributes.namespace)]


def _apply_defaults(pod: Object, limits: list[Object]) -> None:
    """Fill in what containers do not say, and note in an annotation what was filled in."""
    defaults: dict[str, Object] = {"limits": {}, "requests": {}}
    for limit in limits:
        if limit.get("type") == "Container":
            defaults["requests"] |= part(limit, "defaultRequest")
            defaults["limits"] |= part(limit, "default")
    notes: list[str] = []
    for kind, title in (("containers", "container"), ("initContainers", "init container")):
        for container in containers_of(pod["spec"], [kind]):
            notes += _fill(container, defaults, title)
    if notes:
        annotations = pod["metadata"].get("annotations") or {}
        note = "LimitRanger plugin set: " + "; ".join(notes)
        pod["metadata"]["annotations"] = {**annotations, ANNOTATION: note}


def _fill(container: Object, defaults: dict[str, Object], title: str) -> list[str]:
    notes = []
    resources = dict(part(container, "resources"))
    for field, word in (("requests", "request"), ("limits", "limit")):
        present = part(resources, field)
        missing = {name: value for name, value in defaults[field].items() if name not in present}
        if missing:
            resources[field] = {**present, **missing}
            notes.append(f"{', '.join(sorted(missing))} {word} for {title} {text(container, 'name')}")
    if notes:
        container["resources"] = resources
    return notes


def _pod_errors(pod: Object, limits: list[Object]) -> Iterator[str]:
    for limit in limits:
        if limit.get("type") == "Container":
            for container in containers_of(pod["spec"], ["containers", "initContainers"]):
                requests = _amounts(part(container, "resources", "requests"))
                yield from _errors(limit, requests, _amounts(part(container, "resources", "limits")))
        elif limit.get("type") == "Pod":
            yield from _errors(limit, _pod_amounts(pod, "requests"), _pod_amounts(pod, "limits"))


def _claim_errors(claim: Object, limits: list[Object]) -> Iterator[str]:
    for limit in limits:
        if limit.get("type") != "PersistentVolumeClaim":
            continue
        requests = _amounts(part(claim, "spec", "resources", "requests"))
        for name, bound in _amounts(part(limit, "min")).items():
            yield from _below(limit["type"], name, bound, requests, {})
        for name, bound in _amounts(part(limit, "max")).items():
            yield from _request_above(limit["type"], name, bound, requests)


def _errors(limit: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, bound in _amounts(part(limit, "min")).items():
        yield from _below(limit["type"], name, bound, requests, limits)
    for name, bound in _amounts(part(limit, "max")).items():
        yield from _above(limit["type"], name, bound, requests, limits)
    for name, bound in _amounts(part(limit, "maxLimitRequestRatio")).items():
        yield from _ratio_above(limit["type"], name, bound, requests, limits)


def _below(kind: str, name: str, bound: Quantity, requests: Amounts, limits: Amounts) -> Iterator[str]:
    rule = f"minimum {name} usage per {kind} is {bound}"
    if name not in requests:
        yield f"{rule}.  No request is specified"
    elif requests[name] < bound:
        yield f"{rule}, but request is {requests[name]}"
    elif name in limits and limits[name] < bound:
        yield f"{rule}, but limit is {limits[name]}"


def _above(kind: str, name: str, bound: Quantity, requests: Amounts, limits: Amounts) -> Iterator[str]:
    rule = f"maximum {name} usage per {kind} is {bound}"
    if name not in limits:
        yield f"{rule}.  No limit is specified"
    elif limits[name] > bound:
        yield f"{rule}, but limit is {limits[name]}"
    elif name in requests and requests[name] > bound:
        yield f"{rule}, but request is {requests[name]}"


def _request_above(kind: str, name: str, bound: Quantity, requests: Amounts) -> Iterator[str]:
    rule = f"maximum {name} usage per {kind} is {bound}"
    if name not in requests:
        yield f"{rule}.  No request is specified"
    elif requests[name] > bound:
        yield f"{rule}, but request is {requests[name]}"


def _ratio_above(kind: str, name: str, bound: Quantity, requests: Amounts, limits: Amounts) -> Iterator[str]:
    rule = f"{name} max limit to request ratio per {kind} is {bound}"
    if not requests.get(name):
        yield f"{rule}, but no request is specified or request is 0"
    elif not limits.get(name):
        yield f"{rule}, but no limit is specified or limit is 0"
    else:
        ratio = limits[name].nano / requests[name].nano
        if ratio > float(bound):
            yield f"{rule}, but provided ratio is {ratio:f}"


def _amounts(quantities: Object) -> Amounts:
    return {name: Quantity.parse(str(value)) for name, value in quantities.items()}


def _pod_amounts(pod: Object, field: str) -> Amounts:
    """The pod's sums, without its overhead, which the namespace did not ask for."""
    spec = {key: value for key, value in pod["spec"].items() if key != "overhead"}
    totals = pod_amounts({"spec": spec}, field)
    return {
        name: Quantity.of_milli(total) if name == "cpu" else Quantity.of(total, Format.BINARY)
        for name, total in totals.items()
    }

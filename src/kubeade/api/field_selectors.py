"""Field selectors (`spec.nodeName=a,status.phase!=Failed`): which fields of a kind can be asked for.

Every kind answers to metadata.name and metadata.namespace; a few have more, as upstream. Custom
resources add their `selectableFields`. Selectors match objects in the version that they are stored in.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kubeade.api.errors import BadRequest
from kubeade.api.resource import Object, Resource

Getter = Callable[[Object], str]

_ESCAPED = re.compile(r"\\(.?)|([,=])", re.DOTALL)
_TERM = re.compile(r"((?:[^\\,]|\\.?)*)(?:,|$)", re.DOTALL)
_OPERATOR = re.compile(r"(.*?)(!=|==|=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """One condition: the field's value, as text, equals `value` (or does not)."""

    field: str
    value: str
    negated: bool
    getter: Getter

    def matches(self, obj: Object) -> bool:
        return (self.getter(obj) == self.value) is not self.negated


class FieldSelector:
    """All terms together. Without any, every object matches."""

    __slots__ = ("terms",)

    def __init__(self, terms: Iterable[FieldTerm] = ()) -> None:
        self.terms = tuple(terms)

    def __str__(self) -> str:
        return ",".join(
            f"{term.field}{'!=' if term.negated else '='}{_escape(term.value)}" for term in self.terms
        )

    @property
    def everything(self) -> bool:
        """Whether the selector leaves no object out."""
        return not self.terms

    def matches(self, obj: Object) -> bool:
        """Whether the object, as stored, is selected."""
        return all(term.matches(obj) for term in self.terms)

    def exact(self, field: str) -> str | None:
        """The value that a field must have, if the selector says so (`metadata.name` names one object)."""
        for term in self.terms:
            if term.field == field and not term.negated:
                return term.value
        return None


def parse_field_selector(
    text: str, resource: Resource, selectable: Mapping[str, Getter] | None = None
) -> FieldSelector:
    """Read a selector for a resource; `selectable` is a custom resource's own. Raises BadRequest."""
    terms = sorted(term for term in _TERM.findall(text) if term)
    return FieldSelector(_term(text, term, resource, selectable or {}) for term in terms)


def path_getter(path: str, default: str = "") -> Getter:
    """Reads `spec.nodeName` (a leading dot may stand before it) as text."""
    steps = path.lstrip(".").split(".")

    def get(obj: Object) -> str:
        found: object = obj
        for step in steps:
            found = found.get(step) if isinstance(found, dict) else None
        return default if found is None else _text(found)

    return get


def _term(text: str, term: str, resource: Resource, selectable: Mapping[str, Getter]) -> FieldTerm:
    match = _OPERATOR.fullmatch(term)
    if match is None:
        raise BadRequest(f"invalid selector: '{text}'; can't understand '{term}'")
    field, operator, value = match.groups()
    return FieldTerm(field, _unescape(value), operator == "!=", _getter(field, resource, selectable))


def _getter(field: str, resource: Resource, selectable: Mapping[str, Getter]) -> Getter:
    key = (resource.group, resource.kind)
    known = _FIELDS.get(key)
    if known is not None:
        if field in known:
            return known[field]
        raise BadRequest(_UNSUPPORTED.get(key, "field label not supported: {0}").format(field))
    getter = selectable.get(field) or _METADATA.get(field)
    if getter is None:
        if selectable:
            raise BadRequest(f"field label not supported: {field}")
        raise BadRequest(
            f'"{field}" is not a known field selector: only "metadata.name", "metadata.namespace"'
        )
    return getter


def _unescape(value: str) -> str:
    def replace(match: re.Match[str]) -> str:
        escaped, bare = match.groups()
        if bare:
            raise BadRequest(f"invalid field selector: unescaped character in value: {ord(bare)}")
        if escaped not in ("\\", ",", "=") or not escaped:
            raise BadRequest(f"invalid field selector: invalid escape sequence: \\{escaped}")
        return str(escaped)

    return _ESCAPED.sub(replace, value)


def _escape(value: str) -> str:
    return re.sub(r"([\\,=])", r"\\\1", value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _involved(field: str) -> Getter:
    """An event names its object under `involvedObject` (core) or `regarding` (events.k8s.io)."""
    return _first(f"involvedObject.{field}", f"regarding.{field}")


def _first(*paths: str) -> Getter:
    getters = [path_getter(path) for path in paths]
    return lambda obj: next((text for getter in getters if (text := getter(obj))), "")


def _fields(*paths: str, **defaults: str) -> dict[str, Getter]:
    return {path: path_getter(path, defaults.get(path.rpartition(".")[2], "")) for path in paths}


_METADATA = _fields("metadata.name", "metadata.namespace")
_OBJECT_FIELDS = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_CONTROLLER = _first("reportingComponent", "reportingController")
_PODS = _fields(
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
    hostNetwork="false",
)
_FIELDS: dict[tuple[str, str], dict[str, Getter]] = {
    ("", "Pod"): {
        **_METADATA,
        **_PODS,
        "spec.host": path_getter("spec.nodeName"),
        # Upstream takes the label and then finds no such field in any pod.
        "status.podIPs": lambda _: "",
    },
    ("", "Node"): _fields("metadata.name", "spec.unschedulable", unschedulable="false"),
    ("", "Namespace"): _fields("metadata.name", "status.phase"),
    ("", "Secret"): {**_METADATA, **_fields("type")},
    ("", "Service"): {**_METADATA, **_fields("spec.clusterIP", "spec.type")},
    ("", "ReplicationController"): {**_METADATA, **_fields("status.replicas", replicas="0")},
    ("", "Event"): {
        **_METADATA,
        **_fields("reason", "type"),
        **{f"involvedObject.{field}": _involved(field) for field in _OBJECT_FIELDS},
        "reportingComponent": _CONTROLLER,
        "source": _first("source.component", "reportingComponent", "reportingController"),
    },
    ("events.k8s.io", "Event"): {
        **_METADATA,
        **_fields("reason", "type"),
        **{f"regarding.{field}": _involved(field) for field in _OBJECT_FIELDS},
        "reportingController": _CONTROLLER,
    },
    ("batch", "Job"): {**_METADATA, "status.successful": path_getter("status.succeeded", "0")},
    ("certificates.k8s.io", "CertificateSigningRequest"): _fields("metadata.name", "spec.signerName"),
    ("certificates.k8s.io", "ClusterTrustBundle"): _fields("metadata.name", "spec.signerName"),
    ("certificates.k8s.io", "PodCertificateRequest"): _fields(
        "metadata.name", "spec.signerName", "spec.podName", "spec.nodeName"
    ),
    ("resource.k8s.io", "ResourceSlice"): _fields("metadata.name", "spec.nodeName", "spec.driver"),
}
_UNSUPPORTED = {
    ("batch", "Job"): 'field label "{0}" not supported for Job',
    ("resource.k8s.io", "ResourceSlice"): (
        "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {0}"
    ),
}

"""Rules of Events (upstream: pkg/apis/core/validation/events.go). Those that are written by events.k8s.io
are held to more; answers name the fields as the core group does.
"""

from kubeade.api.conversion import convert
from kubeade.api.parts import number, part, text
from kubeade.api.resource import Object, Resource
from kubeade.api.validation.fields import IMMUTABLE, Errors, invalid, messages, required
from kubeade.api.validation.internal_types import (
    NUMBER,
    OPTIONAL,
    TEXT,
    Shape,
    internal,
    pointer,
    struct,
)
from kubeade.api.validation.names import dns_subdomain, qualified_name

_CORE = Resource("", "v1", "events", "Event")
_NEWER = Resource("events.k8s.io", "v1", "events", "Event")
_LIMITS = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}
_REFERENCE: dict[str, Shape] = {
    "Kind": TEXT,
    "Namespace": TEXT,
    "Name": TEXT,
    "UID": TEXT,
    "APIVersion": TEXT,
    "ResourceVersion": TEXT,
    "FieldPath": TEXT,
}
_FIXED: dict[str, Shape] = {
    "involvedObject": struct(**_REFERENCE),
    "reason": TEXT,
    "message": TEXT,
    "source": struct(Component=TEXT, Host=TEXT),
    "firstTimestamp": OPTIONAL,
    "lastTimestamp": OPTIONAL,
    "count": NUMBER,
    "type": TEXT,
    "eventTime": OPTIONAL,
    "action": TEXT,
    "related": pointer(**_REFERENCE),
    "reportingController": TEXT,
    "reportingInstance": TEXT,
}


def core_event(found: Object) -> Errors:
    """An Event of the core group."""
    yield from _any_event(found, "reportingComponent")


def event(found: Object) -> Errors:
    """A new Event of events.k8s.io."""
    core = _in_core(found)
    yield from _any_event(core, "reportingController")
    yield from _series(core)
    if core.get("eventTime") is None:
        yield required("eventTime")
    if core.get("type") not in ("Normal", "Warning"):
        yield invalid("type", "", f"has invalid value: {text(core, 'type')}")
    for key in ("firstTimestamp", "lastTimestamp", "count"):
        if core.get(key):
            yield invalid(key, "", "needs to be unset")
    if any(part(core, "source").values()):
        yield invalid("source", "", "needs to be unset")


def event_change(new: Object, old: Object) -> Errors:
    """A changed Event of events.k8s.io: only its series goes on."""
    after, before = _in_core(new), _in_core(old)
    yield from _any_event(after, "reportingController")
    if after.get("series") != before.get("series"):
        yield from _series(after)
    for key, shape in _FIXED.items():
        field = "reportingComponent" if key == "reportingController" else key
        shown = internal(after.get(field), shape)
        if shown != internal(before.get(field), shape):
            yield invalid(key, shown, IMMUTABLE)


def _in_core(found: Object) -> Object:
    return convert(found, _NEWER, _CORE)


def _any_event(found: Object, controller: str) -> Errors:
    namespace = text(found, "metadata", "namespace")
    about = text(found, "involvedObject", "namespace")
    if found.get("eventTime") is None:
        fits = namespace == about if about else namespace in ("", "default")
    else:
        fits = bool(about) or namespace in ("default", "kube-system")
    if not fits:
        yield invalid("involvedObject.namespace", about, "does not match event.namespace")
    if found.get("eventTime") is not None:
        yield from _said(found, controller)
    yield from messages("namespace", namespace, dns_subdomain(namespace))


def _said(found: Object, controller: str) -> Errors:
    """Who made the event of what, as it is said since events have a time."""
    reporter = text(found, "reportingComponent")
    if not reporter:
        yield required(controller)
    yield from messages(controller, reporter, qualified_name(reporter))
    for key, limit in _LIMITS.items():
        said = text(found, key)
        if not said and key != "message":
            yield required(key)
        if len(said.encode()) > limit:
            yield invalid(key, "", f"can have at most {limit} characters")


def _series(found: Object) -> Errors:
    if not isinstance(series := found.get("series"), dict):
        return
    if number(series, "count") < 2:
        yield invalid("series.count", "", "should be at least 2")
    if series.get("lastObservedTime") is None:
        yield required("series.lastObservedTime")

"""From an authorized call to the verb or subresource handler that answers it."""

from collections.abc import Awaitable, Callable

from kubeade.api.errors import MethodNotAllowed, NotAcceptable, NotFound
from kubeade.api.resource import Object, Resource
from kubeade.apiserver import rules
from kubeade.apiserver.call import Call
from kubeade.apiserver.negotiation import SUPPORTED
from kubeade.apiserver.responses import value_response
from kubeade.apiserver.seams import Operation, Question
from kubeade.apiserver.subresources.registry import SubresourceRegistry
from kubeade.apiserver.verbs.create import create
from kubeade.apiserver.verbs.delete import delete
from kubeade.apiserver.verbs.delete_collection import delete_collection
from kubeade.apiserver.verbs.get import get
from kubeade.apiserver.verbs.list import list_objects
from kubeade.apiserver.verbs.patch import patch
from kubeade.apiserver.verbs.update import update
from kubeade.apiserver.verbs.watch import watch
from kubeade.lib.http.message import Response

_VERBS: dict[str, Callable[[Call], Awaitable[Response]]] = {
    "create": create,
    "get": get,
    "list": list_objects,
    "watch": watch,
    "update": update,
    "patch": patch,
    "delete": delete,
    "deletecollection": delete_collection,
}
_ACROSS_NAMESPACES = frozenset({"list", "watch", "deletecollection"})
_ON_COLLECTIONS = frozenset({"create", "list", "deletecollection"})
_NO_SUCH = "the server could not find the requested resource"
_FAIRNESS = "flowcontrol.apiserver.k8s.io"


def _older_fairness(kind: str) -> tuple[int, str]:
    gone = "is deprecated in v1.29+, unavailable in v1.32+"
    return 29, f"{_FAIRNESS}/v1beta3 {kind} {gone}; use {_FAIRNESS}/v1 {kind}"


_DEPRECATED = {
    ("", "v1", "componentstatuses"): (19, "v1 ComponentStatus is deprecated in v1.19+"),
    ("", "v1", "endpoints"): (
        33,
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ),
    (_FAIRNESS, "v1beta3", "flowschemas"): _older_fairness("FlowSchema"),
    (_FAIRNESS, "v1beta3", "prioritylevelconfigurations"): _older_fairness("PriorityLevelConfiguration"),
}
"""Resources whose use upstream warns of, and since which minor version."""
_PRIVATE = frozenset({"order"})
_ANY_METHOD = frozenset({"proxy"})


async def route(call: Call, subresources: SubresourceRegistry) -> Response:
    """Raises NotFound or MethodNotAllowed for what the resource does not have."""
    info = call.info
    if info.namespace and not call.resource.namespaced and info.resource != "namespaces":
        raise NotFound(_NO_SUCH, details={})
    if info.rest and info.subresource != "proxy":
        raise NotFound(_NO_SUCH, details={})
    if info.subresource:
        return await _subresource(call, subresources)
    misplaced = bool(info.name) is (info.verb in _ON_COLLECTIONS) and info.verb != "watch"
    if info.verb not in call.type.verbs or misplaced:
        raise not_allowed(call)
    _warn_of_deprecation(call)
    responder = call.backend.responders.get((info.group, info.resource, ""))
    if responder is not None:
        return await _respond(call, responder)
    handler = subresources.find(info.group, info.resource, "")
    if handler is not None:
        return await handler(call)
    if call.type.virtual:
        raise not_allowed(call)
    if call.resource.namespaced and not info.namespace and (info.name or info.verb not in _ACROSS_NAMESPACES):
        raise not_allowed(call) if info.verb == "create" else NotFound(_NO_SUCH, details={})
    return await _VERBS[info.verb](call)


def _warn_of_deprecation(call: Call) -> None:
    info = call.info
    since, warning = _DEPRECATED.get((info.group, info.version, info.resource), (0, ""))
    if warning and int(call.backend.schema.version.partition(".")[2]) >= since:
        call.warnings.append(warning)


async def _subresource(call: Call, subresources: SubresourceRegistry) -> Response:
    info = call.info
    declared = call.type.subresources.get(info.subresource)
    if declared is None and info.subresource not in _PRIVATE:
        raise NotFound(_NO_SUCH, details={})
    if declared is not None and info.verb not in declared.verbs and info.subresource not in _ANY_METHOD:
        raise not_allowed(call)
    _warn_of_deprecation(call)
    responder = call.backend.responders.get((info.group, info.resource, info.subresource))
    if responder is not None:
        return await _respond(call, responder)
    handler = subresources.find(info.group, info.resource, info.subresource)
    if handler is not None:
        return await handler(call)
    if info.verb in {"get", "update", "patch"} and declared is not None:
        return await _VERBS[info.verb](call)
    raise not_allowed(call)


async def _respond(call: Call, responder: Callable[[Question], Awaitable[dict[str, object]]]) -> Response:
    if call.form.transform:
        raise NotAcceptable("only the following media types are accepted: " + ", ".join(SUPPORTED))
    declared = call.type.subresources.get(call.info.subresource)
    expected = call.resource
    if declared is not None:
        expected = Resource(declared.group, declared.version, call.type.plural, declared.kind)
    body = rules.own_fields(call, None, rules.read(call, expected), expected)
    if call.resource.namespaced:
        body["metadata"].setdefault("namespace", call.info.namespace)
    body = await _admitted(call, body, expected.kind)
    question = Question(call.user, call.info.namespace, call.info.name, body, call.options.dry_run)
    return value_response(call, await responder(question), 201)


async def _admitted(call: Call, body: Object, kind: str) -> Object:
    """A question is admitted as if it were created."""
    attributes = call.admission_attributes(Operation.CREATE, body, None, call.info.name, kind)
    await call.backend.admission.mutate(attributes)
    await call.backend.admission.validate(attributes)
    return attributes.object or body


def not_allowed(call: Call) -> MethodNotAllowed:
    return MethodNotAllowed("the server does not allow this method on the requested resource", details={})

"""`pods/log`, `pods/exec`, `pods/attach`, `pods/portforward`: checked here, answered by the pod's node."""

from collections.abc import Mapping
from functools import partial
from urllib.parse import quote, urlencode

from kubeade.api.errors import BadRequest, FieldError, Invalid
from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.apiserver.authorization.forbidden import forbidden
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import decode_object
from kubeade.apiserver.over_websocket import log_in_form
from kubeade.apiserver.seams import Attributes, Operation
from kubeade.apiserver.subresources.nodes import Nodes
from kubeade.apiserver.subresources.registry import SubresourceRegistry
from kubeade.lib.http.message import Response

_CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
_LOG_NUMBERS = {"tailLines": 0, "limitBytes": 1, "sinceSeconds": 1}
_LOG_FLAGS = ("follow", "previous", "timestamps")
_STREAMS = {"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"}
_COMMANDS = ("exec", "attach")


def add_streams(registry: SubresourceRegistry, nodes: Nodes) -> None:
    """Register what needs a node to answer it."""
    registry.add("", "pods", "log", partial(log, nodes))
    registry.add("", "pods", "portforward", partial(forward_ports, nodes))
    for name in _COMMANDS:
        registry.add("", "pods", name, partial(run_remotely, nodes))


async def log(nodes: Nodes, call: Call) -> Response:
    query = dict(call.request.query())
    wanted = _log_options(query, call.info.name)
    pod = decode_object(call.record().value)
    container = choose_container(pod, query.get("container", ""))
    node = text(pod, "spec", "nodeName")
    if not node:
        return log_in_form(call.request, Response(200, [("content-type", "text/plain")]))
    path = _path("containerLogs", pod, container)
    verified = not _is_true(query.get("insecureSkipTLSVerifyBackend", ""))
    answer = await nodes.stream(node, f"{path}?{urlencode(wanted)}", verified=verified)
    return log_in_form(call.request, answer)


async def run_remotely(nodes: Nodes, call: Call) -> Response:
    """exec and attach."""
    options = _stream_options(call.request.query())
    await _admit(call, options)
    pod = decode_object(call.record().value)
    container = choose_container(pod, options.get("container", ""))
    sent = [(_STREAMS[name], "1") for name in _STREAMS if options.get(name)]
    sent += [("command", each) for each in options.get("command", [])]
    path = _path(call.info.subresource, pod, container)
    return await nodes.tunnel(_host(pod), f"{path}?{urlencode(sent)}", call.request)


async def forward_ports(nodes: Nodes, call: Call) -> Response:
    lists = [value for name, value in call.request.query() if name == "ports"]
    ports = [_number(each) for each in ",".join(lists).split(",") if lists]
    await _admit(call, {"ports": ports} if ports else {})
    pod = decode_object(call.record().value)
    sent = [("port", ",".join(map(str, ports)))] if ports else []
    return await nodes.tunnel(_host(pod), f"{_path('portForward', pod)}?{urlencode(sent)}", call.request)


async def _admit(call: Call, options: Object) -> None:
    """A GET needs the right to create, too: it does the same as a POST."""
    if call.info.verb == "get":
        await _authorize_create(call)
    kind = call.type.subresources[call.info.subresource].kind
    connect = {"apiVersion": "v1", "kind": kind, **options}
    attributes = call.admission_attributes(Operation.CONNECT, connect, None, call.info.name, kind)
    await call.backend.admission.mutate(attributes)
    await call.backend.admission.validate(attributes)


def _host(pod: Object) -> str:
    """Raises BadRequest where the pod is on no node yet."""
    node = text(pod, "spec", "nodeName")
    if not node:
        raise BadRequest(f"pod {pod['metadata']['name']} does not have a host assigned")
    return node


def choose_container(pod: Object, wanted: str) -> str:
    """Raises BadRequest where the name is missing and needed, or wrong."""
    name = pod["metadata"]["name"]
    spec = part(pod, "spec")
    names = [each["name"] for key in _CONTAINER_LISTS for each in spec.get(key) or []]
    if wanted:
        if wanted not in names:
            raise BadRequest(f"container {wanted} is not valid for pod {name}")
        return wanted
    containers = spec.get("containers") or []
    if len(containers) == 1:
        return str(containers[0]["name"])
    message = f"a container name must be specified for pod {name}"
    raise BadRequest(f"{message}, choose one of: [{' '.join(names)}]" if containers else message)


def _path(endpoint: str, pod: Object, *container: str) -> str:
    metadata = pod["metadata"]
    parts = (endpoint, metadata["namespace"], metadata["name"], *container)
    return "".join("/" + quote(each, safe="") for each in parts)


def _stream_options(query: list[tuple[str, str]]) -> Object:
    """PodExecOptions or PodAttachOptions."""
    values = dict(query)
    options: Object = {name: _is_true(values.get(name, "")) for name in _STREAMS}
    if values.get("container"):
        options["container"] = values["container"]
    command = [value for name, value in query if name == "command"]
    return {**options, "command": command} if command else options


def _log_options(query: Mapping[str, str], pod: str) -> list[tuple[str, str]]:
    """What the node is to be asked. Raises BadRequest, Invalid."""
    wanted = [(name, "true") for name in _LOG_FLAGS if _is_true(query.get(name, ""))]
    errors = []
    for name, least in _LOG_NUMBERS.items():
        if name in query:
            number = _number(query[name])
            if number < least:
                must = "must be greater than or equal to 0" if least == 0 else "must be greater than 0"
                errors.append(FieldError(name, "FieldValueInvalid", f"Invalid value: {number}: {must}"))
            wanted.append((name, str(number)))
    if "sinceTime" in query and "sinceSeconds" in query:
        message = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        errors.append(FieldError("", "FieldValueForbidden", message))
    stream = query.get("stream", "All")
    if stream not in ("All", "Stdout", "Stderr"):
        message = f'Unsupported value: "{stream}": supported values: "All", "Stderr", "Stdout"'
        errors.append(FieldError("stream", "FieldValueNotSupported", message))
    if stream != "All" and "tailLines" in query:
        message = "Forbidden: `tailLines` and specific `stream` are mutually exclusive for now"
        errors.append(FieldError("", "FieldValueForbidden", message))
    if errors:
        raise Invalid.of("PodLogOptions", pod, errors)
    since = [("sinceTime", query["sinceTime"])] if "sinceTime" in query else []
    return [*wanted, *since, ("stream", stream)]


def _number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise BadRequest(f'strconv.ParseInt: parsing "{value}": invalid syntax') from None


def _is_true(value: str) -> bool:
    return value.lower() not in {"", "0", "false", "f"}


async def _authorize_create(call: Call) -> None:
    info = call.info
    attributes = Attributes(
        call.user,
        "create",
        info.group,
        info.version,
        info.resource,
        info.subresource,
        info.namespace,
        info.name,
        info.path,
    )
    decision = await call.backend.authorizer.authorize(attributes)
    if not decision.allowed:
        raise forbidden(attributes, decision.reason)

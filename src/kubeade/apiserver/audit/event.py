"""An audit event as the object that is written down (audit.k8s.io/v1 Event). Pure."""

from typing import Any

import msgspec

from kubeade.api.errors import BadRequest
from kubeade.api.protobuf import ProtobufCodec
from kubeade.api.resource import Object
from kubeade.apiserver.audit.trail import AuditEvent
from kubeade.apiserver.authentication.users import user_info
from kubeade.apiserver.body import read_yaml
from kubeade.apiserver.negotiation import PROTOBUF
from kubeade.apiserver.seams import Attributes
from kubeade.lib.http.message import Request, Response
from kubeade.lib.timestamps import format_micro_time

_USER_AGENT_LENGTH = 1024
_CUT = "...TRUNCATED"
_STATUS_FIELDS = ("status", "message", "reason", "details", "code")
_FAILURES = 400
_WRITTEN = frozenset({"create", "update", "patch", "delete", "deletecollection"})


class Rendering:
    """Keeps what decodes protobuf answers; of one thread."""

    def __init__(self, codec: ProtobufCodec) -> None:
        self._codec = codec

    def render(self, event: AuditEvent) -> Object:
        verdict = event.verdict
        found: Object = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": verdict.level,
            "auditID": event.audit_id,
            "stage": event.stage,
            "requestURI": _uri(event.request),
            "verb": event.attributes.verb,
            "user": user_info(event.attributes.user),
        }
        if event.impersonated is not None:
            found["impersonatedUser"] = user_info(event.impersonated)
        if event.constraint:
            found["authenticationMetadata"] = {"impersonationConstraint": event.constraint}
        found["sourceIPs"] = _source_addresses(event.request)
        found["userAgent"] = _user_agent(event.request)
        sent = self._sent(event)
        if event.attributes.resource_request:
            found["objectRef"] = _reference(event.attributes, sent)
        if event.response is not None:
            needed = verdict.keeps_response or event.response.status >= _FAILURES
            answer = self._answer(event.response) if needed else None
            found["responseStatus"] = _status(event, answer)
            if sent is not None and verdict.keeps_request:
                found["requestObject"] = _object(sent, event)
            if answer is not None and verdict.keeps_response and event.stage == "ResponseComplete":
                found["responseObject"] = _object(answer, event)
        found["requestReceivedTimestamp"] = format_micro_time(event.received)
        found["stageTimestamp"] = format_micro_time(event.at)
        if event.annotations:
            found["annotations"] = event.annotations
        return found

    def _sent(self, event: AuditEvent) -> Any:
        if not event.request_body or event.attributes.verb not in _WRITTEN:
            return None
        media_type = event.content_type.partition(";")[0].strip().lower()
        if media_type == PROTOBUF:
            return self._decoded(event.request_body)
        return _yaml(event.request_body) if "yaml" in media_type else _json(event.request_body)

    def _answer(self, response: Response) -> Any:
        media_type = next((value for name, value in response.headers if name == "content-type"), "")
        if not isinstance(response.body, bytes | list):
            return None
        body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
        if media_type.startswith(PROTOBUF):
            return self._decoded(body)
        return _json(body) if "json" in media_type else None

    def _decoded(self, body: bytes) -> Any:
        try:
            return self._codec.decode(body, "")[0]
        except BadRequest:
            return None


def _uri(request: Request) -> str:
    path = request.raw_path or request.path
    return f"{path}?{request.query_string}" if request.query_string else path


def _source_addresses(request: Request) -> list[str]:
    """Where it says that it comes from, and where it does come from (upstream: SourceIPs)."""
    claimed = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    if not claimed and request.headers.get("x-real-ip"):
        claimed = [request.headers["x-real-ip"]]
    peer = request.peer_address or "127.0.0.1"
    return [*claimed, *([peer] if peer not in claimed else [])]


def _user_agent(request: Request) -> str:
    agent = request.headers.get("user-agent", "")
    return agent if len(agent) <= _USER_AGENT_LENGTH else agent[:_USER_AGENT_LENGTH] + _CUT


def _reference(attributes: Attributes, sent: Any) -> Object:
    metadata = sent.get("metadata") if isinstance(sent, dict) else None
    metadata = metadata if isinstance(metadata, dict) and attributes.verb != "patch" else {}
    found = {
        "resource": attributes.resource,
        "namespace": attributes.namespace or metadata.get("namespace"),
        "name": attributes.name or metadata.get("name"),
        "uid": metadata.get("uid"),
        "apiGroup": attributes.group,
        "apiVersion": attributes.version,
        "resourceVersion": metadata.get("resourceVersion"),
        "subresource": attributes.subresource,
    }
    return {key: value for key, value in found.items() if value}


def _status(event: AuditEvent, answer: Any) -> Object:
    assert event.response is not None
    status: Object = {"metadata": {}, "code": event.response.status}
    if event.failed_authentication:
        return {**status, "message": _attempted(event.request)}
    if isinstance(answer, dict) and answer.get("kind") == "Status":
        status.update({key: answer[key] for key in _STATUS_FIELDS if answer.get(key)})
    return status


def _attempted(request: Request) -> str:
    methods = []
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        methods.append("bearer")
    if request.peer_certificate:
        methods.append("x509")
    tried = f", attempted: {', '.join(methods)}" if methods else ", no credentials provided"
    return f"Authentication failed{tried}"


def _object(value: Any, event: AuditEvent) -> Any:
    if not event.verdict.omit_managed_fields or not isinstance(value, dict):
        return value
    for each in (value, *(value.get("items") or ()), *_of_rows(value)):
        metadata = each.get("metadata") if isinstance(each, dict) else None
        if isinstance(metadata, dict):
            metadata.pop("managedFields", None)
    return value


def _of_rows(table: Object) -> list[Any]:
    return [row.get("object") for row in table.get("rows") or () if isinstance(row, dict)]


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _yaml(body: bytes) -> Any:
    try:
        return read_yaml(body)
    except (ValueError, RecursionError):
        return None

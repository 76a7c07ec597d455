"""Answers: objects, lists and Statuses in the representation that was negotiated."""

from typing import Any

import msgspec

from kubeade.api.errors import ApiError
from kubeade.api.resource import Object
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import encode
from kubeade.apiserver.negotiation import JSON, PLAIN, PROTOBUF, Form
from kubeade.apiserver.protobuf_answers import ProtobufAnswers
from kubeade.apiserver.representation import represent
from kubeade.lib.http.message import Response


def object_response(call: Call, value: bytes, status: int = 200) -> Response:
    """A served object's bytes, as they are or as what was asked for instead."""
    if call.form.transform:
        value = encode(represent(call, [value]))
    elif call.form.media_type == PROTOBUF:
        return Response(status, headers(call), call.backend.protobuf.object_body(call.resource, value))
    return encoded_response(call, value, status)


def value_response(call: Call, value: Any, status: int = 200) -> Response:
    """A value that is no stored object: a Status, a Scale, a review."""
    return encoded_response(call, encode(value), status)


def encoded_response(call: Call, value: bytes, status: int) -> Response:
    if call.form.media_type == PROTOBUF:
        body = call.backend.protobuf.body(value)
        if body is not None:
            return Response(status, headers(call), body)
        call.form = PLAIN
    if call.options.pretty and call.form.media_type == JSON:
        value = msgspec.json.format(value, indent=2) + b"\n"
    return Response(status, headers(call), in_media_type(call.form, value))


def headers(call: Call) -> list[tuple[str, str]]:
    found = [("content-type", call.form.content_type), ("cache-control", "no-cache, private")]
    found.extend(("warning", warning_value(text)) for text in dict.fromkeys(call.warnings))
    return found


def warning_value(text: str) -> str:
    """`299 - "text"` (RFC 7234): quotes and backslashes escaped, control characters left out."""
    clean = "".join(c for c in text if c.isprintable())
    escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{escaped}"'


def in_media_type(form: Form, value: bytes) -> bytes:
    """JSON bytes in the negotiated media type."""
    if form.media_type == JSON:
        return value
    from kubeade.apiserver.yaml_body import dump_yaml

    return dump_yaml(msgspec.json.decode(value))


def success(kind: str, name: str, group: str, uid: str = "", code: int = 0) -> Object:
    """The Status of something that is done and has nothing else to show."""
    details = {"name": name, "group": group, "kind": kind, "uid": uid}
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    status["details"] = {key: value for key, value in details.items() if value}
    return {**status, "code": code} if code else status


def error_response(error: ApiError, protobuf: ProtobufAnswers | None = None) -> Response:
    """The Status of what was refused, in JSON or as protobuf."""
    found = [("content-type", PROTOBUF if protobuf else JSON)]
    retry = error.details.get("retryAfterSeconds")
    if retry:
        found.append(("retry-after", str(retry)))
    found.extend(("warning", warning_value(text)) for text in dict.fromkeys(error.warnings))
    status = error.to_status()
    return Response(error.status_code, found, protobuf.codec.encode(status) if protobuf else encode(status))

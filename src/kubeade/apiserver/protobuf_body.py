"""Protobuf bodies become JSON ones at the door, so that no verb needs to know of them."""

from dataclasses import replace

from kubeade.api.errors import BadRequest, UnsupportedMediaType
from kubeade.apiserver.body import content_type
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import encode
from kubeade.apiserver.negotiation import JSON, PROTOBUF

_DELETIONS = frozenset({"delete", "deletecollection"})
_READ = _DELETIONS | {"create", "update"}


def accept_protobuf(call: Call) -> None:
    """Give the call a JSON body for its protobuf one. What our schema does not know is warned about, or
    refused where the client asked for that.

    Raises BadRequest for what is not a built-in kind in protobuf, UnsupportedMediaType for custom ones.
    Requests that are handed on to others (proxy) are left alone.
    """
    if content_type(call.request) != PROTOBUF or call.info.verb not in _READ:
        return
    if call.info.subresource == "proxy" or (call.info.verb in _DELETIONS and not call.request.body):
        return
    if call.type.custom and call.info.verb not in _DELETIONS and call.info.subresource != "scale":
        raise UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml"
        )
    obj, unknown = call.backend.protobuf.codec.decode(call.request.body, _expected(call))
    _tell(call, obj["kind"], unknown)
    headers = {**call.request.headers, "content-type": JSON}
    call.request = replace(call.request, body=encode(obj), headers=headers)


def _expected(call: Call) -> str:
    if call.info.verb in _DELETIONS:
        return "DeleteOptions"
    subresource = call.type.subresources.get(call.info.subresource)
    return subresource.kind if subresource else call.type.kind


def _tell(call: Call, kind: str, unknown: list[str]) -> None:
    problems = [f'unknown field "{field}"' for field in unknown]
    if problems and call.options.field_validation == "Strict":
        raise BadRequest(
            f'{kind} in version "{call.info.version}" cannot be handled as a {_expected(call)}: '
            f"strict decoding error: {', '.join(problems)}"
        )
    if call.options.field_validation == "Warn":
        call.warnings.extend(problems)

"""Protobuf bodies become JSON ones at the door, so that nothing behind it needs to know of them.

Answers stay JSON: every client that sends protobuf also accepts that.
"""

from dataclasses import replace

from kubeade.api.protobuf import CONTENT_TYPE, decode_object
from kubeade.api.schema import Schema
from kubeade.apiserver.body import content_type
from kubeade.apiserver.encoding import encode
from kubeade.lib.http.message import Request


def as_json(request: Request, schema: Schema) -> Request:
    """The request with a JSON body. Raises BadRequest for one that is not a built-in kind in protobuf."""
    if not request.body or content_type(request) != CONTENT_TYPE:
        return request
    headers = {**request.headers, "content-type": "application/json"}
    return replace(request, body=encode(decode_object(schema, request.body)), headers=headers)

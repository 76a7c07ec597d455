"""Request bodies to objects: JSON or YAML, by their Content-Type.

Nothing in the body is believed but its syntax; which kind it must be is checked here, its fields later.
"""

from typing import Any

import msgspec

from kubeade.api.errors import BadRequest, UnsupportedMediaType
from kubeade.api.resource import Object, Resource
from kubeade.lib.http.message import Request

_JSON_TYPES = frozenset({"", "application/json", "*/*"})
_YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "application/vnd.yaml"})
_decode = msgspec.json.Decoder().decode


def content_type(request: Request) -> str:
    """The media type without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def read_object(request: Request, expected: Resource) -> Object:
    """The body, which must be a JSON object of the expected kind; apiVersion and kind are filled in."""
    obj = decode_body(request, expected.kind)
    check_kind(obj, expected)
    metadata = obj.get("metadata")
    if metadata is None:
        obj["metadata"] = {}
    elif not isinstance(metadata, dict):
        raise BadRequest(_unreadable(expected, "metadata must be an object"))
    return obj


def decode_body(request: Request, kind: str) -> Object:
    """The body as an object of whichever kind."""
    media_type = content_type(request)
    if media_type in _JSON_TYPES:
        value = _json(request.body, kind)
    elif media_type in _YAML_TYPES:
        value = read_yaml(request.body)
    else:
        raise UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        )
    if not isinstance(value, dict):
        raise BadRequest(f"the object provided is unrecognized (must be of type {kind}): not an object")
    return value


def check_kind(obj: Object, expected: Resource) -> None:
    """Fill in what is missing; refuse what is another kind."""
    kind = obj.setdefault("kind", expected.kind) or expected.kind
    api_version = obj.setdefault("apiVersion", expected.api_version) or expected.api_version
    obj["kind"], obj["apiVersion"] = kind, api_version
    if kind != expected.kind:
        version = str(api_version).rpartition("/")[2]
        raise BadRequest(f'{kind} in version "{version}" cannot be handled as a {expected.kind}')
    if api_version != expected.api_version:
        raise BadRequest(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({expected.api_version})"
        )


def read_yaml(data: bytes) -> Any:
    """YAML as JSON sees it: mapping keys are strings, dates stay text; aliases are refused."""
    from kubeade.apiserver.yaml_body import load_yaml

    return load_yaml(data)


def _json(data: bytes, kind: str) -> Any:
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shown = data[:30].decode("utf-8", "replace")
        raise BadRequest(
            f"the object provided is unrecognized (must be of type {kind}): {error} ({shown})"
        ) from None


def _unreadable(expected: Resource, why: str) -> str:
    return f'{expected.kind} in version "{expected.version}" cannot be handled as a {expected.kind}: {why}'

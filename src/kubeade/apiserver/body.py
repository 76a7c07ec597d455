"""Request bodies to objects: JSON or YAML, by their Content-Type.

Nothing in the body is believed but its syntax; which kind it must be is checked here, its fields later.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from kubeade.api.built_in import TABLE
from kubeade.api.crd.schema_shapes import LARGEST_REQUEST_BYTES
from kubeade.api.decoding.json_text import DEEPEST, read_json
from kubeade.api.errors import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from kubeade.api.patch.json_value import json_type
from kubeade.api.resource import Object, Resource, split_api_version
from kubeade.lib.http.message import Request

JSON_TYPES = frozenset({"", "application/json", "*/*"})
_YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "application/vnd.yaml"})
_HEAD = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
)
"""What upstream reads of an object first; its errors say so."""
_SHOWN_BYTES = 30


async def read_whole(stream: AsyncIterator[bytes]) -> bytes:
    """A body that came as a stream after all. Raises RequestEntityTooLarge, BadRequest."""
    body = bytearray()
    try:
        async for part in stream:
            body += part
            if len(body) > LARGEST_REQUEST_BYTES:
                raise RequestEntityTooLarge(f"Request entity too large: limit is {LARGEST_REQUEST_BYTES}")
    except ConnectionError as error:
        raise BadRequest(str(error)) from error
    return bytes(body)


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
        why = f"json: cannot unmarshal {json_type(metadata)} into Go struct field {expected.kind}.metadata"
        raise BadRequest(_unreadable(expected, f"{why} of type v1.ObjectMeta"))
    return obj


def decode_body(request: Request, kind: str) -> Object:
    """The body as an object of whichever kind."""
    media_type = content_type(request)
    if media_type in JSON_TYPES:
        read = _json
    elif media_type in _YAML_TYPES:
        read = _yaml
    else:
        raise UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        )
    try:
        return _headed(read(request.body))
    except ValueError as error:
        raise BadRequest(_unrecognized(kind, str(error), request.body)) from None


def check_kind(obj: Object, expected: Resource) -> None:
    """Fill in what is missing; refuse what is another kind."""
    kind = obj.setdefault("kind", expected.kind) or expected.kind
    api_version = obj.setdefault("apiVersion", expected.api_version) or expected.api_version
    obj["kind"], obj["apiVersion"] = kind, api_version
    if kind != expected.kind or not _is_registered(str(api_version), expected):
        raise BadRequest(_unregistered(str(kind), str(api_version), expected))
    if api_version != expected.api_version:
        raise BadRequest(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({expected.api_version})"
        )


def _is_registered(api_version: str, expected: Resource) -> bool:
    """Whether this version has the kind, as far as it is one of ours; of custom kinds upstream asks no more
    than whether the version is the right one."""
    group, version = split_api_version(api_version)
    if api_version == expected.api_version or (expected.group, expected.version) not in TABLE:
        return True
    return any(row.kind == expected.kind for row in TABLE.get((group, version), ()))


def _unregistered(kind: str, api_version: str, expected: Resource) -> str:
    version = api_version.rpartition("/")[2]
    why = unregistered(kind, api_version, expected)
    return f'{kind} in version "{version}" cannot be handled as a {expected.kind}: {why}'


def unregistered(kind: str, api_version: str, expected: Resource) -> str:
    """Why something is not of the expected kind."""
    return f'no kind "{kind}" is registered for version "{api_version}" in scheme "{_scheme(expected.group)}"'


def _scheme(group: str) -> str:
    """Where upstream keeps the kinds of a group, which its error says."""
    if group == "apiextensions.k8s.io":
        return "k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55"
    if group == "apiregistration.k8s.io":
        return "k8s.io/kube-aggregator/pkg/apiserver/scheme/scheme.go:28"
    return "pkg/api/legacyscheme/scheme.go:30"


def read_yaml(data: bytes) -> Any:
    """YAML as JSON sees it: mapping keys are strings, dates stay text."""
    value = _plain_json(data)
    if value is not None:
        return value
    from kubeade.apiserver import yaml_body

    return yaml_body.read_yaml(data)


def repeated_keys(data: bytes) -> list[str]:
    """Where a YAML document says something again: `line 9: key "foo" already set in map`."""
    if _plain_json(data) is not None:
        return []
    from kubeade.apiserver import yaml_body

    return yaml_body.repeated_keys(data)


def _plain_json(data: bytes) -> Any:
    """The value of YAML that is JSON, as most clients apply it, if it is plain: nothing stands twice, nothing
    is nested deeply. YAML would read the same, thirty times as slowly. None for anything else."""
    if not data.startswith(b"{") or data.count(b"{") + data.count(b"[") > DEEPEST:
        return None
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if msgspec.json.encode(value).count(b":") == data.count(b":") else None


def _yaml(data: bytes) -> Any:
    from kubeade.apiserver.yaml_body import load_yaml

    return load_yaml(data)


def _json(data: bytes) -> Any:
    try:
        return read_json(data)
    except ValueError as error:
        raise ValueError(f"couldn't get version/kind; json parse error: {error}") from None


def _headed(value: Any) -> Object:
    """The value as an object that may say what it is. Raises ValueError."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _headless(value, f"value of type {_HEAD}")
    for field in ("apiVersion", "kind"):
        if not isinstance(value.get(field, ""), str | None):
            raise _headless(value[field], f"struct field .{field} of type string")
    return value


def _headless(value: Any, place: str) -> ValueError:
    what = f"json: cannot unmarshal {json_type(value)} into Go {place}"
    return ValueError(f"couldn't get version/kind; json parse error: {what}")


def _unrecognized(kind: str, why: str, data: bytes) -> str:
    """With the beginning of what was sent, in hexadecimal unless it looks like JSON (upstream:
    summarizeData)."""
    shown = data[:_SHOWN_BYTES]
    text = shown.decode("utf-8", "replace") if data.startswith(b"{") else shown.hex()
    more = " ..." if len(data) > _SHOWN_BYTES else ""
    return f"the object provided is unrecognized (must be of type {kind}): {why} ({text or '<empty>'}{more})"


def _unreadable(expected: Resource, why: str) -> str:
    return f'{expected.kind} in version "{expected.version}" cannot be handled as a {expected.kind}: {why}'

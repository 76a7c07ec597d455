"""Rules of ConfigMaps and Secrets (upstream: ValidateConfigMap, ValidateSecret)."""

import base64
import binascii
import json

from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, forbidden, immutable, invalid, messages, required, too_long
from kubeade.api.validation.names import config_key

SIZE_LIMIT_BYTES = 1024 * 1024
_REDACTED = "<secret contents redacted>"
_FIXED = "field is immutable when `immutable` is set"
_REQUIRED_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_JSON_KEYS = (".dockercfg", ".dockerconfigjson")
_ACCOUNT = "kubernetes.io/service-account.name"


def config_map(found: Object) -> Errors:
    data, binary = part(found, "data"), part(found, "binaryData")
    for key in data:
        yield from messages(f"data[{key}]", key, config_key(key))
        if key in binary:
            yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    for key in binary:
        yield from messages(f"binaryData[{key}]", key, config_key(key))
    size_bytes = sum(len(str(value).encode()) for value in data.values())
    if size_bytes + _decoded_bytes(binary) > SIZE_LIMIT_BYTES:
        yield too_long("", SIZE_LIMIT_BYTES)


def config_map_change(new: Object, old: Object) -> Errors:
    yield from _fixed(new, old, ("data", "binaryData"))


def secret(found: Object) -> Errors:
    data = part(found, "data")
    for key in data:
        yield from messages(f"data[{key}]", key, config_key(key))
    if _decoded_bytes(data) > SIZE_LIMIT_BYTES:
        yield too_long("data", SIZE_LIMIT_BYTES)
    kind = text(found, "type")
    if kind == "kubernetes.io/service-account-token":
        if not part(found, "metadata", "annotations").get(_ACCOUNT):
            yield required(f"metadata.annotations[{_ACCOUNT}]")
    elif kind == "kubernetes.io/basic-auth" and "username" not in data and "password" not in data:
        yield required("data[username]")
        yield required("data[password]")
    for key in _REQUIRED_KEYS.get(kind, ()):
        yield from _required_key(data, key)


def _required_key(data: Object, key: str) -> Errors:
    if key not in data or (key == "ssh-privatekey" and not data[key]):
        yield required(f"data[{key}]")
    elif key in _JSON_KEYS and (problem := _json_problem(data[key])):
        yield invalid(f"data[{key}]", _REDACTED, problem)


def _json_problem(encoded: object) -> str:
    try:
        decoded = json.loads(base64.b64decode(str(encoded), validate=True))
    except (binascii.Error, ValueError):
        return "invalid character in JSON"
    return "" if isinstance(decoded, dict) else "json: cannot unmarshal into a map"


def secret_change(new: Object, old: Object) -> Errors:
    yield from immutable("type", new.get("type"), old.get("type"))
    yield from _fixed(new, old, ("data",))


def _fixed(new: Object, old: Object, keys: tuple[str, ...]) -> Errors:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", _FIXED)
    for key in keys:
        if part(new, key) != part(old, key):
            yield forbidden(key, _FIXED)


def _decoded_bytes(encoded: Object) -> int:
    """How many bytes the base64 texts stand for."""
    texts = [str(value) for value in encoded.values()]
    return sum(len(found) * 3 // 4 - found[-2:].count("=") for found in texts)

"""Registry credentials from a pod's imagePullSecrets. Pure."""

import base64
import binascii
import json
from collections.abc import Iterable

from kubeade.api.resource import Object
from kubeade.cri.types import AuthConfig
from kubeade.kubelet.payload import decoded

DOCKER_HUB = "index.docker.io"
DOCKER_HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")


def credentials_for(image: str, secrets: Iterable[Object]) -> list[AuthConfig]:
    """Those that fit the image's registry, the most specific path first."""
    target = _normalized(_with_registry(image))
    found: list[tuple[int, AuthConfig]] = []
    for secret in secrets:
        for server, entry in _entries(secret).items():
            place = _normalized(server)
            if target == place or target.startswith(place + "/") or _wildcard_fits(place, target):
                found.append((-len(place), _auth(server, entry)))
    return [auth for _, auth in sorted(found, key=lambda each: each[0])]


def _entries(secret: Object) -> dict[str, Object]:
    data = decoded(secret)
    try:
        if ".dockerconfigjson" in data:
            entries: dict[str, Object] = json.loads(data[".dockerconfigjson"]).get("auths") or {}
        else:
            entries = json.loads(data.get(".dockercfg", b"{}"))
    except (ValueError, AttributeError):
        return {}
    return entries


def _auth(server: str, entry: Object) -> AuthConfig:
    username, password = entry.get("username", ""), entry.get("password", "")
    encoded = entry.get("auth", "")
    if encoded and not username:
        try:
            username, _, password = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            username, password = "", ""
    return AuthConfig(
        username=username,
        password=password,
        server_address=server,
        identity_token=entry.get("identitytoken", ""),
        registry_token=entry.get("registrytoken", ""),
    )


def _with_registry(image: str) -> str:
    first, slash, _ = image.partition("/")
    is_registry = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return image if is_registry else f"{DOCKER_HUB}/{image}"


def _normalized(server: str) -> str:
    place = server.removeprefix("https://").removeprefix("http://").rstrip("/")
    host, slash, path = place.partition("/")
    if path in ("v1", "v2"):
        slash, path = "", ""
    if host in DOCKER_HUB_NAMES:
        host = DOCKER_HUB
    return f"{host}{slash}{path}"


def _wildcard_fits(place: str, target: str) -> bool:
    """`*.example.org` covers one label, as upstream."""
    if "*" not in place:
        return False
    wanted, host = place.partition("/")[0].split("."), target.partition("/")[0].split(".")
    fits = all(one in ("*", other) for one, other in zip(wanted, host, strict=False))
    _, _, path = place.partition("/")
    return len(wanted) == len(host) and fits and target.partition("/")[2].startswith(path)

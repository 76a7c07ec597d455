"""Continue tokens: where a list in pages goes on, and at which revision (upstream: storage/continue.go)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from posixpath import normpath

import msgspec

from kubeade.api.errors import BadRequest

_VERSION = "meta.k8s.io/v1"
INCONSISTENT = -1
"""The revision of a token that goes on at the newest state, the list's own being no longer kept."""


class _Token(msgspec.Struct):
    v: str
    rv: int
    start: str


@dataclass(frozen=True, slots=True)
class Continuation:
    """Go on at `start` (a whole key), reading at `revision`."""

    start: bytes
    revision: int


def encode_continuation(last_key: bytes, prefix: bytes, revision: int) -> str:
    """The token for what follows `last_key` in the range of `prefix`."""
    start = (last_key[len(prefix) :] + b"\x00").decode()
    return _encode(_Token(_VERSION, revision, start))


def with_newest_revision(token: str, prefix: bytes) -> str:
    """The same place in a list that need not be consistent with its first pages."""
    found = decode_continuation(token, prefix)
    return _encode(_Token(_VERSION, INCONSISTENT, found.start[len(prefix) :].decode()))


def decode_continuation(token: str, prefix: bytes) -> Continuation:
    """Raises BadRequest for anything that this server would not have given out."""
    try:
        data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        found = msgspec.json.decode(data, type=_Token)
    except (ValueError, msgspec.MsgspecError) as error:
        raise BadRequest(f"continue key is not valid: {error}") from None
    if found.v != _VERSION:
        raise BadRequest(
            f"continue key is not valid: server does not recognize this encoded version {found.v}"
        )
    if found.rv == 0:
        raise BadRequest(
            "continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)"
        )
    if not found.start:
        raise BadRequest("continue key is not valid: encoded start key empty (version meta.k8s.io/v1)")
    if normpath(f"/{found.start}") != "/" + found.start.lstrip("/"):
        raise BadRequest(f"continue key is not valid: {found.start}")
    return Continuation(prefix + found.start.lstrip("/").encode(), found.rv)


def _encode(token: _Token) -> str:
    return urlsafe_b64encode(msgspec.json.encode(token)).rstrip(b"=").decode()

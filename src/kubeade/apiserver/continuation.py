"""Continue tokens: where a list in pages goes on, and at which revision (upstream: storage/continue.go).

A token is good for five minutes from the list's first page on, as long as upstream keeps what it needs. Here
the ledger may keep more; that is nobody's to rely on.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from posixpath import normpath

import msgspec

from kubeade.api.decoding.json_syntax import syntax_error
from kubeade.api.errors import BadRequest

_VERSION = "meta.k8s.io/v1"
GOOD_FOR_SECONDS = 300
INCONSISTENT = -1
"""The revision of a token that goes on at the newest state, the list's own being no longer kept."""


class _Token(msgspec.Struct):
    v: str
    rv: int
    start: str
    began: int = 0


@dataclass(frozen=True, slots=True)
class Continuation:
    """Go on at `start` (a whole key), reading at `revision`. The list began at `began`, in seconds since the
    epoch; 0: not known."""

    start: bytes
    revision: int
    began: int = 0

    def is_expired(self, now: int) -> bool:
        return 0 < self.began < now - GOOD_FOR_SECONDS


def encode_continuation(last_key: bytes, prefix: bytes, revision: int, began: int) -> str:
    """The token for what follows `last_key` in the range of `prefix`, in a list that began then."""
    start = (last_key[len(prefix) :] + b"\x00").decode()
    return _encode(_Token(_VERSION, revision, start, began))


def with_newest_revision(token: str, prefix: bytes) -> str:
    """The same place in a list that need not be consistent with its first pages."""
    found = decode_continuation(token, prefix)
    return _encode(_Token(_VERSION, INCONSISTENT, found.start[len(prefix) :].decode()))


def decode_continuation(token: str, prefix: bytes) -> Continuation:
    """Raises BadRequest for anything that this server would not have given out."""
    try:
        return _decoded(token, prefix)
    except (ValueError, msgspec.MsgspecError) as error:
        raise BadRequest(f"invalid continue token: continue key is not valid: {error}") from None


def _decoded(token: str, prefix: bytes) -> Continuation:
    text = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    wrong = syntax_error(text)
    if wrong:
        raise ValueError(wrong)
    found = msgspec.json.decode(text, type=_Token)
    if found.v != _VERSION:
        raise ValueError(f"server does not recognize this encoded version {found.v}")
    if found.rv == 0:
        raise ValueError("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
    if not found.start:
        raise ValueError("encoded start key empty (version meta.k8s.io/v1)")
    if normpath(f"/{found.start}") != "/" + found.start.lstrip("/"):
        raise ValueError(f"{found.start}")
    return Continuation(prefix + found.start.lstrip("/").encode(), found.rv, found.began)


def _encode(token: _Token) -> str:
    return urlsafe_b64encode(msgspec.json.encode(token)).rstrip(b"=").decode()

"""Users by header, from a front proxy that shows a certificate of its own authority.

So this server can stand behind another one, as extension API servers stand behind this one. Without such a
certificate the headers mean nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from kubeade.api.errors import Unauthorized
from kubeade.apiserver.authentication.issuers import Issuers
from kubeade.apiserver.authentication.users import authenticated
from kubeade.apiserver.bounded import BoundedCache
from kubeade.apiserver.encoding import encode
from kubeade.apiserver.seams import User
from kubeade.lib.certificate import read_certificate
from kubeade.lib.clock import Clock
from kubeade.lib.http.message import Request

_MAX_REMEMBERED_PROXIES = 64


@dataclass(frozen=True, slots=True)
class RequestHeaders:
    """Who may speak for others (upstream: the --requestheader-* flags).

    `authority_pem` signs front proxies; `allowed_names` are their common names (none: whoever it signed).
    `user_authority_pem` signs users: once there are front proxies, the two must be told apart.
    """

    authority_pem: bytes
    user_authority_pem: bytes
    allowed_names: tuple[str, ...] = ()
    username_headers: tuple[str, ...] = ("X-Remote-User",)
    uid_headers: tuple[str, ...] = ("X-Remote-Uid",)
    group_headers: tuple[str, ...] = ("X-Remote-Group",)
    extra_prefixes: tuple[str, ...] = ("X-Remote-Extra-",)

    def published(self) -> dict[str, str]:
        """What extension API servers read of it, in kube-system/extension-apiserver-authentication."""
        return {
            "requestheader-client-ca-file": self.authority_pem.decode(),
            "requestheader-allowed-names": _json(self.allowed_names),
            "requestheader-username-headers": _json(self.username_headers),
            "requestheader-uid-headers": _json(self.uid_headers),
            "requestheader-group-headers": _json(self.group_headers),
            "requestheader-extra-headers-prefix": _json(self.extra_prefixes),
        }


class RequestHeaderAuthenticator:
    """Asked first of all; knows each proxy's certificate after its first request."""

    def __init__(self, config: RequestHeaders, clock: Clock) -> None:
        self._clock = clock
        self._issuers = Issuers(config.authority_pem)
        self._allowed = frozenset(config.allowed_names)
        self._names = _lower(config.username_headers)
        self._uids = _lower(config.uid_headers)
        self._groups = _lower(config.group_headers)
        self._prefixes = _lower(config.extra_prefixes)
        self._told = frozenset((*self._names, *self._uids, *self._groups))
        self._known: BoundedCache[bytes, _Proxy] = BoundedCache(_MAX_REMEMBERED_PROXIES)

    def trust(self, issuers: Issuers) -> None:
        """These sign front proxies from now on."""
        self._issuers = issuers
        self._known = BoundedCache(_MAX_REMEMBERED_PROXIES)

    def authenticate(self, request: Request) -> User | None:
        """None where no front proxy asks for somebody. Raises Unauthorized for a proxy that may not."""
        name = next(self._values(request, self._names), "")
        if not name or not request.peer_certificate:
            return None
        proxy = self._proxy(request.peer_certificate, request.peer_intermediates)
        if proxy is None:
            return None
        if self._clock.now() > proxy.not_after or (self._allowed and proxy.name not in self._allowed):
            raise Unauthorized("Unauthorized")
        uid = next(self._values(request, self._uids), "")
        groups = tuple(self._values(request, self._groups))
        return authenticated(User(name, uid, groups, self._extra(request)))

    def clear(self, request: Request) -> None:
        """Forget these headers once it is known who asks: sent on by us, they would be believed."""
        if any(map(self._tells, request.headers)):
            kept = {name: value for name, value in request.headers.items() if not self._tells(name)}
            request.headers = kept

    def _tells(self, name: str) -> bool:
        return name in self._told or name.startswith(self._prefixes)

    def _proxy(self, der: bytes, intermediates: Sequence[bytes]) -> "_Proxy | None":
        """None for what no authority of proxies has signed."""
        known = self._known.get(der)
        if known is None:
            try:
                certificate = read_certificate(der)
            except ValueError as error:
                raise Unauthorized("Unauthorized") from error
            until = self._issuers.good_until(der, intermediates, self._clock.now())
            if until is None:
                return None
            known = _Proxy(certificate.common_name, until)
            self._known.put(der, known)
        return known

    @staticmethod
    def _values(request: Request, names: tuple[str, ...]) -> Iterator[str]:
        return (_text(value) for name in names for value in request.values(name) if value)

    def _extra(self, request: Request) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for prefix in self._prefixes:
            for name in request.headers:
                if name.startswith(prefix):
                    key = unquote(name.removeprefix(prefix))
                    values = tuple(map(_text, request.values(name)))
                    found[key] = (*found.get(key, ()), *values)
        return found


@dataclass(frozen=True, slots=True)
class _Proxy:
    name: str
    not_after: datetime


def _json(names: tuple[str, ...]) -> str:
    return encode(list(names)).decode()


def _lower(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in names)


def _text(value: str) -> str:
    """Header values arrive as latin-1; names of users are UTF-8."""
    return value.encode("latin-1", "replace").decode("utf-8", "replace")

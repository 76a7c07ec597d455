"""Who may use the node's server. Who it is: a client certificate of the cluster's authority says so, or a
bearer token that the API server knows (TokenReview). Whether he may: the API server says so
(SubjectAccessReview on nodes/<subresource>, as KEP-2862). Nobody else gets in.
"""

from dataclasses import dataclass, field

from kubeade.api.errors import ApiError, Forbidden, Unauthorized
from kubeade.api.resource import Object
from kubeade.api.resources import SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS
from kubeade.client.client import Client
from kubeade.lib.certificate import Certificate, read_certificate
from kubeade.lib.clock import Clock
from kubeade.lib.http.message import Request

_VERBS = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_OWN = {"/stats": "stats", "/metrics": "metrics", "/logs": "log", "/checkpoint": "checkpoint"}
_FINE_GRAINED = {"/pods": "pods", "/runningpods": "pods", "/healthz": "healthz", "/configz": "configz"}
_AUTHENTICATED = "system:authenticated"


@dataclass(frozen=True, slots=True)
class _User:
    name: str
    groups: list[str]
    uid: str = ""
    extra: dict[str, list[str]] = field(default_factory=dict)


class Gate:
    """Asks `client`, the node's own, about every request."""

    def __init__(self, node_name: str, client: Client, clock: Clock) -> None:
        self._node_name = node_name
        self._client = client
        self._clock = clock

    async def admit(self, request: Request) -> None:
        """Raises Unauthorized or Forbidden."""
        user = await self._user(request)
        wanted = subresources(request.path)
        for subresource in wanted:
            if await self._is_allowed(user, request, subresource):
                return
        verb = _VERBS.get(request.method, "")
        raise Forbidden(
            f"Forbidden (user={user.name}, verb={verb}, resource=nodes, subresource(s)=[{' '.join(wanted)}])"
        )

    async def _user(self, request: Request) -> _User:
        if request.peer_certificate is not None:
            certificate = self._certificate(request.peer_certificate)
            return _User(certificate.common_name, [*certificate.organizations, _AUTHENTICATED])
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized("Unauthorized")
        return await self._user_of_token(token.strip())

    def _certificate(self, encoded: bytes) -> Certificate:
        try:
            certificate = read_certificate(encoded)
        except ValueError as error:
            raise Unauthorized("Unauthorized") from error
        if not certificate.common_name or certificate.not_after < self._clock.now():
            raise Unauthorized("Unauthorized")
        return certificate

    async def _user_of_token(self, token: str) -> _User:
        review: Object = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "metadata": {},
            "spec": {"token": token},
        }
        try:
            status = (await self._client.create(TOKEN_REVIEWS, review)).get("status") or {}
        except ApiError as error:
            raise Unauthorized("Unauthorized") from error
        user = status.get("user") or {}
        if not status.get("authenticated") or not user.get("username"):
            raise Unauthorized("Unauthorized")
        return _User(
            user["username"], user.get("groups") or [], user.get("uid") or "", user.get("extra") or {}
        )

    async def _is_allowed(self, user: _User, request: Request, subresource: str) -> bool:
        review: Object = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {
                "user": user.name,
                "groups": user.groups,
                "uid": user.uid,
                "extra": user.extra,
                "resourceAttributes": {
                    "verb": _VERBS.get(request.method, ""),
                    "version": "v1",
                    "resource": "nodes",
                    "subresource": subresource,
                    "name": self._node_name,
                },
            },
        }
        try:
            answer = await self._client.create(SUBJECT_ACCESS_REVIEWS, review)
        except ApiError as error:
            raise Forbidden(f"the API server could not be asked: {error}") from error
        return bool((answer.get("status") or {}).get("allowed"))


def subresources(path: str) -> list[str]:
    """Which subresources of the node allow a path, any of them being enough."""
    fine = [name for prefix, name in _FINE_GRAINED.items() if _below(prefix, path)]
    own = [name for prefix, name in _OWN.items() if _below(prefix, path)]
    return [*fine, *(own or ["proxy"])]


def _below(prefix: str, path: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")

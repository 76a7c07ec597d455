"""Who may use the node's server: a client certificate of the cluster's authority says who it is, the API
server whether he may (SubjectAccessReview on nodes/<subresource>, as KEP-2862). Nobody else gets in.
"""

from kubeade.api.errors import ApiError, Forbidden, Unauthorized
from kubeade.api.resource import Object
from kubeade.api.resources import SUBJECT_ACCESS_REVIEWS
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


class Gate:
    """Asks `client`, the node's own, about every request."""

    def __init__(self, node_name: str, client: Client, clock: Clock) -> None:
        self._node_name = node_name
        self._client = client
        self._clock = clock

    async def admit(self, request: Request) -> None:
        """Raises Unauthorized or Forbidden."""
        certificate = self._certificate(request)
        wanted = subresources(request.path)
        for subresource in wanted:
            if await self._is_allowed(certificate, request, subresource):
                return
        verb = _VERBS.get(request.method, "")
        raise Forbidden(
            f"Forbidden (user={certificate.common_name}, verb={verb}, resource=nodes, "
            f"subresource(s)=[{' '.join(wanted)}])"
        )

    def _certificate(self, request: Request) -> Certificate:
        if request.peer_certificate is None:
            raise Unauthorized("Unauthorized")
        try:
            certificate = read_certificate(request.peer_certificate)
        except ValueError as error:
            raise Unauthorized("Unauthorized") from error
        if not certificate.common_name or certificate.not_after < self._clock.now():
            raise Unauthorized("Unauthorized")
        return certificate

    async def _is_allowed(self, certificate: Certificate, request: Request, subresource: str) -> bool:
        review: Object = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {
                "user": certificate.common_name,
                "groups": [*certificate.organizations, "system:authenticated"],
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

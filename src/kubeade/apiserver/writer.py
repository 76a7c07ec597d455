"""The server's own writes (`seams.Writer`): requests like any other, made in-process as a system user."""

from kubeade.api.errors import from_status
from kubeade.api.resource import Object, Resource
from kubeade.apiserver.encoding import decode_object, encode
from kubeade.apiserver.seams import User
from kubeade.lib.http.message import Handler, Request

LOOPBACK = User("system:apiserver", groups=("system:masters", "system:authenticated"))


class PipelineWriter:
    """Writes through `handle`, so that admission, rules and the ledger see no difference."""

    def __init__(self, handle: Handler, user: User = LOOPBACK) -> None:
        self._handle = handle
        self._user = user

    async def create(self, resource: Resource, object: Object) -> Object:
        return await self._send("POST", resource.path(_namespace(object)), object)

    async def update(self, resource: Resource, object: Object, subresource: str = "") -> Object:
        path = resource.path(_namespace(object), object["metadata"]["name"], subresource)
        return await self._send("PUT", path, object)

    async def _send(self, method: str, path: str, obj: Object) -> Object:
        headers = {"content-type": "application/json", "user-agent": "kube-apiserver"}
        request = Request(method, path, headers=headers, body=encode(obj), raw_path=path, identity=self._user)
        response = await self._handle(request)
        assert isinstance(response.body, bytes)
        answer = decode_object(response.body)
        if response.status >= 400:
            raise from_status(answer, response.status)
        return answer


def _namespace(obj: Object) -> str:
    namespace: str = obj["metadata"].get("namespace", "")
    return namespace

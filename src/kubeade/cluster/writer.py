"""The API server's own writes, through its whole pipeline: `apiserver.seams.Writer` over an in-process
client."""

from kubeade.api.resource import Object, Resource
from kubeade.client.client import Client


class ClientWriter:
    """Writes as whoever the client is."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def create(self, resource: Resource, object: Object) -> Object:
        return await self._client.create(resource, object, object["metadata"].get("namespace", ""))

    async def update(self, resource: Resource, object: Object, subresource: str = "") -> Object:
        return await self._client.update(resource, object, subresource=subresource)

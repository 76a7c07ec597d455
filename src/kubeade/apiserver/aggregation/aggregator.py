"""The parts of aggregation, put together: what the server and its endpoints ask."""

import asyncio

from kubeade.api.catalogue import Catalogue
from kubeade.api.foreign_groups import Foreign
from kubeade.apiserver.aggregation.availability import Availability
from kubeade.apiserver.aggregation.gateway import pass_on
from kubeade.apiserver.aggregation.local import LocalServices
from kubeade.apiserver.aggregation.openapi import ExtensionOpenApi
from kubeade.apiserver.aggregation.registered import Extension, Registered
from kubeade.apiserver.aggregation.servers import ExtensionServers, FrontProxy
from kubeade.apiserver.seams import User, Writer
from kubeade.apiserver.storage import Storage
from kubeade.lib.clock import Clock
from kubeade.lib.http.message import Request, Response

__all__ = ["Aggregator", "FrontProxy"]


class Aggregator:
    """Create it before the cache is started: it hears of every APIService from the cache."""

    def __init__(self, storage: Storage, proxy: FrontProxy, clock: Clock) -> None:
        self._registered = Registered(storage)
        self._servers = ExtensionServers(storage, proxy)
        self._availability = Availability(storage, self._registered, self._servers, clock)
        self._local = LocalServices(storage)
        self.openapi = ExtensionOpenApi(self._registered, self._servers, clock)

    async def run(self, writer: Writer, catalogue: Catalogue) -> None:
        """Keep APIServices current. Ends only by cancellation."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._local.run(writer, catalogue))
            group.create_task(self._availability.run(writer))

    def find(self, path: str) -> Extension | None:
        """Whose a path below `/apis/<group>/<version>` is, if it is not ours."""
        if not self._registered or not path.startswith("/apis/"):
            return None
        parts = path.strip("/").split("/", 3)
        return self._registered.find(parts[1], parts[2]) if len(parts) > 2 else None

    async def pass_on(self, extension: Extension, request: Request, user: User) -> Response:
        return await pass_on(self._servers, extension, request, user)

    @property
    def generation(self) -> int:
        """Rises whenever `foreign` says something new."""
        return self._registered.generation + self._availability.generation

    def foreign(self) -> list[Foreign]:
        """What discovery tells of them: what they serve, as last heard; not current where they are away."""
        resources = self._availability.resources
        return [
            Foreign(
                each.group,
                each.version,
                each.group_priority,
                each.version_priority,
                resources.get(each.name, []),
                each.available,
            )
            for each in self._registered.all()
        ]

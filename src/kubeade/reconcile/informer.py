"""A local copy of one resource, kept in step by list and watch.

Guarantees: handlers see every state the copy goes through, in order, from one task; after a gap (410, broken
connection) the copy is listed anew and handlers see the difference. The copy may be behind the server,
never wrong about the past. Objects in it are shared, by other components of the process too: read, never
change them. They are without `managedFields`; an update that leaves them out changes nothing of them.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator

from kubeade.api.errors import ApiError
from kubeade.api.resource import Object, Resource
from kubeade.client.client import Client, ObjectList
from kubeade.lib.backoff import Backoff

log = logging.getLogger(__name__)

ChangeHandler = Callable[[Object | None, Object | None], None]
"""Called with (old, new): old None for an addition, new None for a deletion."""

IndexFunction = Callable[[Object], Iterable[str]]

Keep = Callable[[Object], Object]
"""Makes of an object the part of it that its users read."""

PAGE_OBJECTS = 500
"""As many are read at once; between pages, others have their turn."""

RELIST_BACKOFF = Backoff(initial_seconds=0.1, limit_seconds=30.0)


def key_of(item: Object) -> str:
    """`namespace/name`, or `name` for a cluster-scoped object."""
    metadata = item["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def split_key(key: str) -> tuple[str, str]:
    """The reverse of `key_of`: (namespace or "", name)."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


class Informer:
    """List and watch of `resource`, in one namespace or all, with optional selectors.

    `keep`: what of each object to keep, where that is not nearly all.

    `version` is the revision that the copy has come to: every write up to it is visible here.
    """

    def __init__(
        self,
        client: Client,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        keep: Keep | None = None,
    ) -> None:
        self.resource = resource
        self._keep = keep
        # What only a part is kept of is nothing to share.
        self._client = client if keep else client.sharing()
        self._namespace = namespace
        self._label_selector = label_selector
        self._field_selector = field_selector
        self._objects: dict[str, Object] = {}
        self._handlers: list[ChangeHandler] = []
        self._indexes: dict[str, tuple[IndexFunction, dict[str, dict[str, Object]]]] = {}
        self._synced = asyncio.Event()
        self.version = 0

    def get(self, key: str) -> Object | None:
        return self._objects.get(key)

    def __iter__(self) -> Iterator[Object]:
        return iter(list(self._objects.values()))

    def __len__(self) -> int:
        return len(self._objects)

    def add_handler(self, handler: ChangeHandler) -> None:
        """Call `handler` for every change from now on, and at once for each object already here."""
        self._handlers.append(handler)
        for item in list(self._objects.values()):
            handler(None, item)

    def add_index(self, name: str, function: IndexFunction) -> None:
        """Keep objects findable by the values that `function` derives from each."""
        index: dict[str, dict[str, Object]] = {}
        self._indexes[name] = (function, index)
        for key, item in self._objects.items():
            for value in function(item):
                index.setdefault(value, {})[key] = item

    def by_index(self, name: str, value: str) -> list[Object]:
        return list(self._indexes[name][1].get(value, {}).values())

    @property
    def has_synced(self) -> bool:
        return self._synced.is_set()

    async def wait_synced(self) -> None:
        """Return once the first list is complete and its handlers have run."""
        await self._synced.wait()

    async def run(self) -> None:
        """Keep the copy in step until cancelled. After a gap or an error it is listed anew, with back-off."""
        failures = 0
        while True:
            try:
                version = await self._list()
                failures = 0
                await self._follow(version)
            except (ApiError, OSError, TimeoutError) as error:
                failures += 1
                log.info("listing or watching %s: %s", self.resource.plural, error)
                await asyncio.sleep(RELIST_BACKOFF.delay_seconds(failures))

    async def _list(self) -> str:
        fresh: dict[str, Object] = {}
        page = await self._read_page("")
        fresh.update((key_of(item), self._part(item)) for item in page.items)
        while page.continue_token:
            page = await self._read_page(page.continue_token)
            fresh.update((key_of(item), self._part(item)) for item in page.items)
        for key in self._objects.keys() - fresh.keys():
            self._replace(key, None)
        for key, item in fresh.items():
            self._replace(key, item)
        self._reached(page.resource_version)
        self._synced.set()
        return page.resource_version

    async def _read_page(self, continue_token: str) -> ObjectList:
        return await self._client.list(
            self.resource,
            self._namespace,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            limit=PAGE_OBJECTS,
            continue_token=continue_token,
        )

    def _part(self, item: Object) -> Object:
        return self._keep(item) if self._keep is not None else item

    async def _follow(self, version: str) -> None:
        while True:
            events = self._client.watch(
                self.resource,
                self._namespace,
                resource_version=version,
                label_selector=self._label_selector,
                field_selector=self._field_selector,
            )
            async for event in events:
                version = event.object["metadata"]["resourceVersion"]
                self._reached(version)
                if event.type == "BOOKMARK":
                    continue
                self._replace(
                    key_of(event.object), None if event.type == "DELETED" else self._part(event.object)
                )
            await asyncio.sleep(0)

    def _reached(self, version: str) -> None:
        self.version = int(version)

    def _replace(self, key: str, new: Object | None) -> None:
        old = self._objects.get(key)
        if old is None and new is None:
            return
        if old is not None and new is not None and _version(old) == _version(new):
            return
        if new is None:
            del self._objects[key]
        else:
            self._objects[key] = new
        self._reindex(key, old, new)
        for handler in self._handlers:
            handler(old, new)

    def _reindex(self, key: str, old: Object | None, new: Object | None) -> None:
        for function, index in self._indexes.values():
            for value in function(old) if old is not None else ():
                bucket = index.get(value, {})
                bucket.pop(key, None)
                if not bucket:
                    index.pop(value, None)
            for value in function(new) if new is not None else ():
                index.setdefault(value, {})[key] = new  # type: ignore[assignment]  # new is not None here


def _version(item: Object) -> str:
    return str(item["metadata"].get("resourceVersion"))


class Informers:
    """One informer per resource, shared by all controllers of a component."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._informers: dict[Resource, Informer] = {}
        self._tasks: asyncio.TaskGroup | None = None

    def of(self, resource: Resource) -> Informer:
        """The informer of `resource` in all namespaces; started at once where the rest already run."""
        informer = self._informers.get(resource)
        if informer is None:
            informer = self._informers[resource] = Informer(self._client, resource)
            if self._tasks is not None:
                self._tasks.create_task(informer.run(), name=f"informer {resource.plural}")
        return informer

    async def run(self) -> None:
        """Run every informer until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for resource, informer in list(self._informers.items()):
                tasks.create_task(informer.run(), name=f"informer {resource.plural}")
            await asyncio.Event().wait()

    async def wait_synced(self) -> None:
        for informer in list(self._informers.values()):
            await informer.wait_synced()

"""Objects in the ledger and out of the cache: keys, writes, reads.

Objects live at `/registry/<group, or core>/<plural>/<namespace>/<name>` (cluster-scoped ones without a
namespace). A write returns when its change is durable and visible in the cache: whoever reads afterwards,
reads it. Reads never do I/O. This is also the `Reader` that authorization and admission look things up in.
"""

from collections.abc import Callable, Iterator

from kubeade.api.resource import Object, Resource
from kubeade.apiserver.cache import ResourceCache, WatchCache
from kubeade.apiserver.encoding import decode_object, encode_object
from kubeade.store.ledger import Ledger, Record


def resource_prefix(group: str, plural: str) -> bytes:
    """Where all objects of a resource lie, whatever their version."""
    return f"/registry/{group or 'core'}/{plural}/".encode()


def object_key(resource: Resource, namespace: str, name: str) -> bytes:
    place = f"{namespace}/{name}" if resource.namespaced else name
    return f"/registry/{resource.group or 'core'}/{resource.plural}/{place}".encode()


def scope_prefix(resource: Resource, namespace: str) -> bytes:
    """The part of a resource that a list or watch of `namespace` ("": all) covers."""
    prefix = resource_prefix(resource.group, resource.plural)
    return prefix + f"{namespace}/".encode() if namespace and resource.namespaced else prefix


def prefix_end(prefix: bytes) -> bytes:
    """The first key after all that start with `prefix` (which ends in "/")."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


class Storage:
    """The one way to the ledger. `resource` is always the one that objects are stored as."""

    def __init__(
        self, ledger: Ledger, cache: WatchCache, is_stale: Callable[[Record], bool] | None = None
    ) -> None:
        self.ledger = ledger
        self.cache = cache
        self._is_stale = is_stale

    @classmethod
    def on(cls, ledger: Ledger, is_stale: Callable[[Record], bool] | None = None) -> "Storage":
        """With a cache of its own, which `cache.start()` fills. What `is_stale` is written anew even where
        an update changes nothing of it."""
        return cls(ledger, WatchCache(ledger), is_stale)

    # -- reading -----------------------------------------------------------------------------------

    def find(self, resource: Resource, name: str, namespace: str = "") -> Record | None:
        prefix = resource_prefix(resource.group, resource.plural)
        return self.cache.get(prefix, object_key(resource, namespace, name))

    def resource(self, resource: Resource) -> ResourceCache:
        return self.cache.resource(resource_prefix(resource.group, resource.plural))

    def range(self, resource: Resource, namespace: str = "") -> Iterator[Record]:
        prefix = scope_prefix(resource, namespace)
        return self.resource(resource).range(prefix, prefix_end(prefix))

    def count(self, resource: Resource, namespace: str = "") -> int:
        """How many there are, without looking at each."""
        prefix = scope_prefix(resource, namespace)
        records = self.resource(resource).records
        return int(records.bisect_left(prefix_end(prefix)) - records.bisect_left(prefix))

    def read(self, resource: Resource, name: str, namespace: str = "") -> Object | None:
        record = self.find(resource, name, namespace)
        return None if record is None else decode_object(record.value)

    def read_all(self, resource: Resource, namespace: str = "") -> Iterator[Object]:
        return (decode_object(record.value) for record in self.range(resource, namespace))

    def generation(self, group: str, plural: str) -> int:
        return self.cache.resource(resource_prefix(group, plural)).generation

    def subscribe(self, resource: Resource, changed: Callable[[str, str], None]) -> None:
        prefix = resource_prefix(resource.group, resource.plural)

        def named(key: bytes) -> None:
            namespace, _, name = key[len(prefix) :].decode().rpartition("/")
            changed(namespace, name)

        self.cache.follow(prefix, named)

    async def refresh(self) -> None:
        """Where others write to the ledger, too: until the cache has what anybody has been told of."""
        await self.cache.wait_for(await self.ledger.refresh())

    # -- writing -----------------------------------------------------------------------------------

    async def create(self, resource: Resource, obj: Object, author: str, *, lease: int = 0) -> Record:
        """Raises KeyExists."""
        metadata = obj["metadata"]
        key = object_key(resource, metadata.get("namespace", ""), metadata["name"])
        encoded = encode_object(obj)
        record = await self.ledger.create(
            key, encoded.data, stamp_at=encoded.stamp_at, lease=lease, author=author
        )
        await self.cache.wait_for(record.mod_revision)
        return record

    async def update(self, current: Record, obj: Object, author: str) -> Record:
        """Replace `current`; nothing is written where nothing changed. Raises RevisionMismatch."""
        encoded = encode_object(obj)
        unchanged = encoded.stamped(current.mod_revision) == current.value
        if unchanged and not (self._is_stale and self._is_stale(current)):
            return current
        record = await self.ledger.update(
            current.key,
            encoded.data,
            expected_revision=current.mod_revision,
            stamp_at=encoded.stamp_at,
            lease=current.lease,
            author=author,
        )
        await self.cache.wait_for(record.mod_revision)
        return record

    async def delete(self, current: Record, author: str) -> Record:
        """Raises RevisionMismatch."""
        record = await self.ledger.delete(current.key, expected_revision=current.mod_revision, author=author)
        await self.cache.wait_for(record.mod_revision)
        return record

"""What is derived from a resource's objects and kept current by key.

A `Follower` notes which keys changed, which costs the writer next to nothing, and reads those few objects
when its owner is next asked something. Until the first question nothing is read at all.
"""

from collections.abc import Callable

from kubeade.api.resource import Object, Resource
from kubeade.apiserver.seams import Reader

MAX_PENDING_KEYS = 10_000
"""Beyond this, reading everything anew is no dearer than reading the changed ones."""


class Follower:
    """Hands each new state of a resource's objects to `apply(namespace, name, object or None)`."""

    def __init__(
        self,
        reader: Reader,
        resource: Resource,
        apply: Callable[[str, str, Object | None], None],
        forget: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._resource = resource
        self._apply = apply
        self._forget = forget
        self._pending: set[tuple[str, str]] = set()
        self._all_pending = True
        reader.subscribe(resource, self._changed)

    def catch_up(self) -> bool:
        """Apply what changed since the last call; False if nothing did. `forget` precedes a full reading."""
        if not self._all_pending and not self._pending:
            return False
        pending, self._pending = self._pending, set()
        if self._all_pending:
            self._all_pending = False
            self._forget()
            for found in self._reader.read_all(self._resource):
                metadata = found["metadata"]
                self._apply(metadata.get("namespace", ""), metadata["name"], found)
            return True
        for namespace, name in pending:
            self._apply(namespace, name, self._reader.read(self._resource, name, namespace))
        return True

    def _changed(self, namespace: str, name: str) -> None:
        if self._all_pending:
            return
        self._pending.add((namespace, name))
        if not name or len(self._pending) > MAX_PENDING_KEYS:
            self._pending.clear()
            self._all_pending = True


class ObjectIndex:
    """The objects of a resource, decoded once each, by namespace and name. Shared: only to be read."""

    def __init__(self, reader: Reader, resource: Resource) -> None:
        self._by_namespace: dict[str, dict[str, Object]] = {}
        self._follower = Follower(reader, resource, self._apply, self._by_namespace.clear)

    def get(self, name: str, namespace: str = "") -> Object | None:
        self._follower.catch_up()
        return self._by_namespace.get(namespace, {}).get(name)

    def of_namespace(self, namespace: str = "") -> list[Object]:
        """All objects of one namespace (`""` for cluster-scoped resources), in order of names."""
        self._follower.catch_up()
        found = self._by_namespace.get(namespace)
        return [found[name] for name in sorted(found)] if found else []

    def _apply(self, namespace: str, name: str, found: Object | None) -> None:
        if found is not None:
            self._by_namespace.setdefault(namespace, {})[name] = found
            return
        objects = self._by_namespace.get(namespace, {})
        objects.pop(name, None)
        if not objects:
            self._by_namespace.pop(namespace, None)

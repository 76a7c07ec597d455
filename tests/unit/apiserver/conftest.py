"""A cluster's state in a dictionary: what the rooms of the API server read and write, without a server."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import pytest

from kubeade.api.errors import AlreadyExists, NotFound
from kubeade.api.resource import Object, Resource


class FakeCluster:
    """A `Reader` and a `Writer`: objects are copied in and out, subscribers are told at once."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict[tuple[str, str], Object]] = {}
        self.subscribers: dict[tuple[str, str], list[Callable[[str, str], None]]] = {}
        self.revision = 0

    def read(self, resource: Resource, name: str, namespace: str = "") -> Object | None:
        return deepcopy(self._of(resource).get((namespace, name)))

    def read_all(self, resource: Resource, namespace: str = "") -> Iterable[Object]:
        found = sorted(self._of(resource).items())
        return [deepcopy(value) for (place, _), value in found if namespace in ("", place)]

    def generation(self, group: str, plural: str) -> int:
        return self.revision

    def subscribe(self, resource: Resource, changed: Callable[[str, str], None]) -> None:
        self.subscribers.setdefault((resource.group, resource.plural), []).append(changed)

    async def create(self, resource: Resource, object: Object) -> Object:
        metadata = object["metadata"]
        if (metadata.get("namespace", ""), metadata["name"]) in self._of(resource):
            raise AlreadyExists.of(resource.plural, metadata["name"], resource.group)
        return self.put(resource, object)

    async def update(self, resource: Resource, object: Object, subresource: str = "") -> Object:
        metadata = object["metadata"]
        if (metadata.get("namespace", ""), metadata["name"]) not in self._of(resource):
            raise NotFound.of(resource.plural, metadata["name"], resource.group)
        return self.put(resource, object)

    def put(self, resource: Resource, object: Object) -> Object:
        """Store without asking, with a uid and a new revision."""
        stored: dict[str, Any] = deepcopy(object)
        self.revision += 1
        metadata = stored.setdefault("metadata", {})
        metadata.setdefault("uid", f"uid-{self.revision}")
        metadata["resourceVersion"] = str(self.revision)
        key = (metadata.get("namespace", ""), metadata["name"])
        self._of(resource)[key] = stored
        self._tell(resource, key)
        return deepcopy(stored)

    def delete(self, resource: Resource, name: str, namespace: str = "") -> None:
        self.revision += 1
        del self._of(resource)[namespace, name]
        self._tell(resource, (namespace, name))

    def _of(self, resource: Resource) -> dict[tuple[str, str], Object]:
        return self.objects.setdefault((resource.group, resource.plural), {})

    def _tell(self, resource: Resource, key: tuple[str, str]) -> None:
        for changed in self.subscribers.get((resource.group, resource.plural), ()):
            changed(*key)


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()

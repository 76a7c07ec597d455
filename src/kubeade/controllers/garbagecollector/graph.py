"""Who is owned by whom, by uid: the picture that the garbage collector decides on. Pure.

Only metadata is kept. An owner that is named but has not been seen is not in the graph; whether it exists
must be asked of the server before anything is deleted for its absence.
"""

from dataclasses import dataclass

from kubeade.api.parts import parts
from kubeade.api.resource import Object, Resource, split_api_version

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Item:
    """One object, by its metadata."""

    resource: Resource
    metadata: Object

    @property
    def uid(self) -> str:
        return str(self.metadata["uid"])

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def namespace(self) -> str:
        return str(self.metadata.get("namespace") or "")

    @property
    def owners(self) -> list[Object]:
        return parts({"m": self.metadata}, "m", "ownerReferences")

    def names(self, uid: str, group: str, kind: str) -> bool:
        """Whether an owner is said to be of this kind."""
        return any(
            owner["uid"] == uid
            and owner["kind"] == kind
            and split_api_version(owner["apiVersion"])[0] == group
            for owner in self.owners
        )

    @property
    def deleting(self) -> bool:
        return bool(self.metadata.get("deletionTimestamp"))

    def finalized_by(self, finalizer: str) -> bool:
        return finalizer in (self.metadata.get("finalizers") or [])

    @property
    def waits_for_dependents(self) -> bool:
        """It is being deleted in the foreground: what it owns goes first."""
        return self.deleting and self.finalized_by(FOREGROUND)


class Graph:
    """All items by uid, and the dependents of every uid that somebody names as owner."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._dependents: dict[str, set[str]] = {}

    def get(self, uid: str) -> Item | None:
        return self._items.get(uid)

    def dependents(self, uid: str) -> list[Item]:
        return [self._items[one] for one in sorted(self._dependents.get(uid, ()))]

    def awaiting(self, group: str, kind: str) -> list[Item]:
        """Items that name an owner of this kind which has not been seen."""
        unseen = self._dependents.keys() - self._items.keys()
        return [item for uid in unseen for item in self.dependents(uid) if item.names(uid, group, kind)]

    def set(self, item: Item) -> None:
        self.remove(item.uid)
        self._items[item.uid] = item
        for owner in item.owners:
            self._dependents.setdefault(owner["uid"], set()).add(item.uid)

    def remove(self, uid: str) -> Item | None:
        item = self._items.pop(uid, None)
        for owner in item.owners if item else ():
            left = self._dependents.get(owner["uid"], set())
            left.discard(uid)
            if not left:
                self._dependents.pop(owner["uid"], None)
        return item

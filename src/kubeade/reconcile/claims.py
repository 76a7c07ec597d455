"""Sorts out which objects belong to a controller: adopts orphans that its selector wants, releases what it no
longer selects (upstream: ControllerRefManager).

Before the first adoption the owner is read afresh: an owner that was deleted, or replaced by one of the same
name, adopts nothing.
"""

from collections.abc import Iterable

from kubeade.api.errors import Conflict, Invalid, NotFound
from kubeade.api.ownership import controller_of, controller_reference, is_being_deleted
from kubeade.api.resource import Object, Resource
from kubeade.api.selectors import LabelSelector
from kubeade.client.client import Client, PatchType
from kubeade.reconcile.informer import Informer

OWNER_INDEX = "owner"


def owner_values(item: Object) -> Iterable[str]:
    """Index values: the managing controller's uid, or the namespace for an orphan."""
    reference = controller_of(item)
    return (reference["uid"],) if reference else (f"orphans of {item['metadata'].get('namespace', '')}",)


def owned_by(informer: Informer, owner: Object) -> list[Object]:
    """What `owner` controls, by the index `OWNER_INDEX` (made with `owner_values`)."""
    return informer.by_index(OWNER_INDEX, owner["metadata"]["uid"])


def orphans_in(informer: Informer, namespace: str) -> list[Object]:
    return informer.by_index(OWNER_INDEX, f"orphans of {namespace}")


class Claims:
    """Claims objects of `resource` for owners of `owner_resource`."""

    def __init__(self, client: Client, resource: Resource, owner_resource: Resource) -> None:
        self._client = client
        self._resource = resource
        self._owner_resource = owner_resource

    async def claim(self, informer: Informer, owner: Object, selector: LabelSelector) -> list[Object]:
        """What belongs to `owner` now, after adoption and release."""
        kept = []
        for item in owned_by(informer, owner):
            if selector.matches(item["metadata"].get("labels")):
                kept.append(item)
            elif not is_being_deleted(owner):
                await self._release(owner, item)
        if is_being_deleted(owner):
            return kept
        wanted = [
            item
            for item in orphans_in(informer, owner["metadata"].get("namespace", ""))
            if selector.matches(item["metadata"].get("labels")) and not is_being_deleted(item)
        ]
        if wanted and await self._may_adopt(owner):
            adopted = [await self._adopt(owner, item) for item in wanted]
            kept += [item for item in adopted if item is not None]
        return kept

    async def _may_adopt(self, owner: Object) -> bool:
        metadata = owner["metadata"]
        try:
            fresh = await self._client.get(self._owner_resource, metadata["name"], metadata["namespace"])
        except NotFound:
            return False
        return bool(fresh["metadata"]["uid"] == metadata["uid"]) and not is_being_deleted(fresh)

    async def _adopt(self, owner: Object, item: Object) -> Object | None:
        return await self._patch_references(item, [controller_reference(owner)])

    async def _release(self, owner: Object, item: Object) -> None:
        await self._patch_references(item, [{"$patch": "delete", "uid": owner["metadata"]["uid"]}])

    async def _patch_references(self, item: Object, references: list[Object]) -> Object | None:
        metadata = item["metadata"]
        change = {"metadata": {"uid": metadata["uid"], "ownerReferences": references}}
        try:
            return await self._client.patch(
                self._resource, metadata["name"], change, metadata["namespace"], type=PatchType.STRATEGIC
            )
        except (NotFound, Conflict, Invalid):
            return None  # gone, replaced, or claimed by another meanwhile

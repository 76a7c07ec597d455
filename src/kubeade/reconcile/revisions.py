"""The ControllerRevisions of one kind of owner: every pod template it has had, numbered.

The one that holds the present template is found or made, and is always the one with the highest number, so
going back to an old template reuses its revision (upstream: pkg/controller/history). When to drop old ones
is the owner's to say: it knows which of them pods still run.
"""

from collections.abc import Collection
from dataclasses import dataclass

from kubeade.api.errors import AlreadyExists, NotFound
from kubeade.api.ownership import controller_reference, is_controlled_by
from kubeade.api.parts import number, part, text
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import CONTROLLER_REVISIONS
from kubeade.api.revisions import revision_data
from kubeade.api.selectors import LabelSelector
from kubeade.api.template_hash import template_hash
from kubeade.reconcile.claims import OWNER_INDEX, Claims, owner_values
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.own_writes import OwnWrites


@dataclass(frozen=True, slots=True)
class History:
    """`update` holds the owner's present template; `old` are the others, oldest first."""

    update: Object
    old: tuple[Object, ...]
    collisions: int

    def named(self, name: str) -> Object | None:
        return next((one for one in (self.update, *self.old) if one["metadata"]["name"] == name), None)


class Revisions:
    """`hash_label` is the label under which a revision of these owners carries its own hash."""

    def __init__(self, environment: Environment, owner_resource: Resource, hash_label: str) -> None:
        self._client = environment.client
        self._hash_label = hash_label
        self._revisions = environment.informers.of(CONTROLLER_REVISIONS)
        self._revisions.add_index(OWNER_INDEX, owner_values)
        self._writes = OwnWrites(self._revisions)
        self._claims = Claims(environment.client, CONTROLLER_REVISIONS, owner_resource)

    def wait_seconds(self, key: str) -> float | None:
        """As long as own writes are not visible yet."""
        return self._writes.wait_seconds(key)

    async def sync(self, key: str, owner: Object, selector: LabelSelector) -> History:
        """The owner's history, with a revision of its present template."""
        known = sorted(await self._claims.claim(self._revisions, owner, selector), key=_age)
        data, collisions = revision_data(owner), number(owner, "status", "collisionCount")
        equal = [one for one in known if one.get("data") == data]
        if not equal:
            update, collisions = await self._create(key, owner, _next(known), collisions)
        elif equal[-1] is known[-1]:
            update = known[-1]
        else:
            update = await self._client.update(CONTROLLER_REVISIONS, {**equal[-1], "revision": _next(known)})
            self._writes.wrote(key, update)
        name = update["metadata"]["name"]
        old = tuple(one for one in known if one["metadata"]["name"] != name)
        return History(update, old, collisions)

    async def trim(self, owner: Object, history: History, live: Collection[str]) -> None:
        """Delete the oldest beyond revisionHistoryLimit; those named in `live` are not counted."""
        limit = part(owner, "spec").get("revisionHistoryLimit")
        idle = [one for one in history.old if one["metadata"]["name"] not in live]
        surplus = len(idle) - (10 if limit is None else limit)
        for one in idle[: max(0, surplus)]:
            metadata = one["metadata"]
            try:
                await self._client.delete(
                    CONTROLLER_REVISIONS, metadata["name"], metadata["namespace"], uid=metadata["uid"]
                )
            except NotFound:
                continue

    async def _create(self, key: str, owner: Object, revision: int, collisions: int) -> tuple[Object, int]:
        namespace = owner["metadata"]["namespace"]
        while True:
            body = self._new(owner, revision, collisions)
            try:
                made = await self._client.create(CONTROLLER_REVISIONS, body, namespace)
            except AlreadyExists:
                made = await self._client.get(CONTROLLER_REVISIONS, body["metadata"]["name"], namespace)
                if not is_controlled_by(made, owner) or made.get("data") != body["data"]:
                    collisions += 1
                    continue
            self._writes.wrote(key, made)
            return made, collisions

    def _new(self, owner: Object, revision: int, collisions: int) -> Object:
        metadata, data = owner["metadata"], revision_data(owner)
        digest = template_hash(data, collisions)
        labels = part(owner, "spec", "template", "metadata", "labels")
        return {
            "apiVersion": CONTROLLER_REVISIONS.api_version,
            "kind": CONTROLLER_REVISIONS.kind,
            "metadata": {
                "name": f"{metadata['name'][:223]}-{digest}",
                "namespace": metadata["namespace"],
                "labels": {**labels, self._hash_label: digest},
                "annotations": dict(part(metadata, "annotations")),
                "ownerReferences": [controller_reference(owner)],
            },
            "data": data,
            "revision": revision,
        }


def _next(known: list[Object]) -> int:
    return number(known[-1], "revision") + 1 if known else 1


def _age(revision: Object) -> tuple[int, str, str]:
    created = text(revision, "metadata", "creationTimestamp")
    return number(revision, "revision"), created, text(revision, "metadata", "name")

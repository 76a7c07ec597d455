"""What to do about one object, given its owners and dependents. Pure (upstream: garbagecollector
attemptToDeleteItem).

An object goes when none of its owners is left. An owner that waits for its dependents (foreground deletion)
does not keep them. Where such owners form a circle, what closes it stops blocking. Cluster-scoped objects
cannot be owned by namespaced ones, nor objects of one namespace by another's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from kubeade.api.resource import Object
from kubeade.controllers.garbagecollector.graph import ORPHAN, Graph, Item


class Act(Enum):
    """`RELEASE`: take owner references away. `DELETE_*`: with that propagation policy."""

    NOTHING = "nothing"
    RELEASE = "release"
    UNBLOCK = "stop blocking the owners, then delete in the foreground"
    DELETE_BACKGROUND = "Background"
    DELETE_FOREGROUND = "Foreground"
    DELETE_ORPHAN = "Orphan"
    FINISH_FOREGROUND = "finish foreground deletion"
    FINISH_ORPHAN = "finish orphaning"
    DELETE_DEPENDENTS = "delete dependents first"


@dataclass(frozen=True, slots=True)
class Step:
    """One act; for RELEASE and UNBLOCK the owner references as they shall be."""

    act: Act
    keep: tuple[Object, ...] = ()


def step(item: Item, graph: Graph, absent: Collection[str]) -> Step:
    """The next step for `item`; `absent` are the uids of owners that the server says do not exist."""
    if item.deleting:
        return _deleting_step(item, graph)
    if not item.owners:
        return Step(Act.NOTHING)
    solid, waiting = [], []
    for owner in item.owners:
        found = graph.get(owner["uid"])
        if owner["uid"] in absent:
            continue
        if found is not None and found.waits_for_dependents:
            waiting.append(owner)
        else:
            solid.append(owner)
    if solid:
        return Step(Act.NOTHING) if len(solid) == len(item.owners) else Step(Act.RELEASE, tuple(solid))
    dependents = graph.dependents(item.uid)
    if waiting and dependents:
        circular = any(one.waits_for_dependents for one in dependents)
        return Step(Act.UNBLOCK, _unblocking(item)) if circular else Step(Act.DELETE_FOREGROUND)
    return Step(Act.DELETE_ORPHAN if item.finalized_by(ORPHAN) else Act.DELETE_BACKGROUND)


def unknown_owners(item: Item, graph: Graph) -> list[Object]:
    """Owners that the graph does not show: the server has to be asked about them."""
    return [owner for owner in item.owners if graph.get(owner["uid"]) is None]


def _deleting_step(item: Item, graph: Graph) -> Step:
    if item.finalized_by(ORPHAN):
        return Step(Act.FINISH_ORPHAN)
    if not item.waits_for_dependents:
        return Step(Act.NOTHING)
    return Step(Act.DELETE_DEPENDENTS if blocking(item, graph) else Act.FINISH_FOREGROUND)


def blocking(item: Item, graph: Graph) -> list[Item]:
    """The dependents that a foreground deletion of `item` waits for."""
    return [one for one in graph.dependents(item.uid) if item.uid in blocked_owners(one)]


def blocked_owners(dependent: Item) -> set[str]:
    """The uids of the owners that cannot go before `dependent` has gone."""
    return {owner["uid"] for owner in dependent.owners if owner.get("blockOwnerDeletion")}


def _unblocking(item: Item) -> tuple[Object, ...]:
    return tuple({**owner, "blockOwnerDeletion": False} for owner in item.owners)

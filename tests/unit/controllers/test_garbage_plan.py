"""What happens to an object, given its owners and what it owns."""

from typing import Any

from kubeade.api.resource import Object, Resource
from kubeade.api.resources import CONFIG_MAPS
from kubeade.controllers.garbagecollector.graph import Graph, Item
from kubeade.controllers.garbagecollector.plan import Act, step, unknown_owners


def item(uid: str, *owners: str, resource: Resource = CONFIG_MAPS, block: bool = True, **more: Any) -> Item:
    references: list[Object] = [{"uid": one, "blockOwnerDeletion": block} for one in owners]
    return Item(resource, {"uid": uid, "name": uid, "ownerReferences": references, **more})


def graph(*items: Item) -> Graph:
    made = Graph()
    for one in items:
        made.set(one)
    return made


LEAVING = {"deletionTimestamp": "2026-01-31T12:00:00Z"}
FOREGROUND: dict[str, Any] = {**LEAVING, "finalizers": ["foregroundDeletion"]}


def test_an_owned_object_stays_with_its_owner() -> None:
    child = item("child", "owner")
    assert step(child, graph(child, item("owner")), set()).act is Act.NOTHING


def test_it_goes_when_no_owner_is_left() -> None:
    child = item("child", "owner")
    assert step(child, graph(child), {"owner"}).act is Act.DELETE_BACKGROUND


def test_an_owner_that_was_not_looked_for_keeps_it() -> None:
    child = item("child", "owner")
    assert [one["uid"] for one in unknown_owners(child, graph(child))] == ["owner"]
    assert step(child, graph(child), set()).act is Act.NOTHING


def test_an_absent_owner_is_let_go_while_another_stays() -> None:
    child = item("child", "gone", "owner")
    found = step(child, graph(child, item("owner")), {"gone"})
    assert (found.act, [one["uid"] for one in found.keep]) == (Act.RELEASE, ["owner"])


def test_a_foreground_deletion_passes_on_to_what_is_owned() -> None:
    owner, child, grandchild = (
        item("owner", **FOREGROUND),
        item("child", "owner"),
        item("grandchild", "child"),
    )
    assert step(child, graph(owner, child, grandchild), set()).act is Act.DELETE_FOREGROUND
    assert step(child, graph(owner, child), set()).act is Act.DELETE_BACKGROUND


def test_a_circle_is_opened_before_its_next_member_goes() -> None:
    first = item("first", "last", **FOREGROUND)
    last = item("last", "first")
    found = step(last, graph(first, last), set())
    assert found.act is Act.UNBLOCK
    assert [(one["uid"], one["blockOwnerDeletion"]) for one in found.keep] == [("first", False)]


def test_the_owner_waits_for_those_that_block_it() -> None:
    owner = item("owner", **FOREGROUND)
    assert step(owner, graph(owner, item("child", "owner")), set()).act is Act.DELETE_DEPENDENTS
    assert step(owner, graph(owner, item("child", "owner", block=False)), set()).act is Act.FINISH_FOREGROUND


def test_orphaning_comes_before_everything_else() -> None:
    owner = item("owner", **LEAVING, finalizers=["orphan"])
    assert step(owner, graph(owner, item("child", "owner")), set()).act is Act.FINISH_ORPHAN


def test_what_is_going_anyway_is_left_alone() -> None:
    child = item("child", "owner", **LEAVING, finalizers=["example.com/hold"])
    assert step(child, graph(child), {"owner"}).act is Act.NOTHING


def test_the_graph_forgets_what_is_gone() -> None:
    made = graph(item("owner"), item("child", "owner"))
    assert [one.uid for one in made.dependents("owner")] == ["child"]
    made.set(item("child"))
    assert made.dependents("owner") == []
    made.remove("child")
    assert made.get("child") is None


def test_what_awaits_an_owner_of_a_kind_is_found_until_the_owner_is_seen() -> None:
    def owned(uid: str, kind: str, api_version: str) -> Item:
        reference = {"uid": "owner", "kind": kind, "apiVersion": api_version}
        return Item(CONFIG_MAPS, {"uid": uid, "name": uid, "ownerReferences": [reference]})

    made = graph(owned("a", "Stand", "shop.example/v1"), owned("b", "Stand", "v1"), item("c"))
    assert [one.uid for one in made.awaiting("shop.example", "Stand")] == ["a"]
    assert made.awaiting("shop.example", "Booth") == []
    made.set(item("owner"))
    assert made.awaiting("shop.example", "Stand") == []

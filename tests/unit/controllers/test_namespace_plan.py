"""What a namespace on its way out says."""

from datetime import UTC, datetime

from kubeade.controllers.namespace.plan import Remains, conditions, discovery_error

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def told(remains: Remains) -> dict[str, str]:
    return {one["type"]: one["message"] for one in conditions({}, remains, NOW) if one["status"] == "True"}


def test_a_group_that_does_not_answer_keeps_the_namespace() -> None:
    remains = Remains(discovery_error=discovery_error({"b/v1": "no", "a/v2": "away"}))
    assert not remains.nothing
    assert told(remains) == {
        "NamespaceDeletionDiscoveryFailure": "Discovery failed for some groups, 2 failing: unable to retrieve "
        "the complete list of server APIs: a/v2: away, b/v1: no"
    }


def test_failures_to_delete_are_counted() -> None:
    assert told(Remains(errors=["b", "a"])) == {
        "NamespaceDeletionContentFailure": "Failed to delete all resource types, 2 remaining: a, b"
    }


def test_nothing_remains() -> None:
    assert discovery_error({}) == ""
    assert Remains().nothing
    assert told(Remains()) == {}

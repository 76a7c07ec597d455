"""What several readers of one process share of what they have decoded."""

import gc
import json
import weakref

from kubeade.client.shelf import Shelf


def pod(revision: str = "5", **more: object) -> bytes:
    metadata = {"uid": "a", "resourceVersion": revision, "managedFields": [{"manager": "x"}], **more}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"a": [1]}}).encode()


def test_an_object_is_decoded_once_for_all_and_without_its_managed_fields() -> None:
    shelf = Shelf()
    first = shelf.take(pod())
    assert shelf.take(pod()) is first
    assert first == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"uid": "a", "resourceVersion": "5"},
        "spec": {"a": [1]},
    }


def test_another_revision_object_or_version_is_another_one() -> None:
    shelf = Shelf()
    others = [pod("6"), pod(uid="b"), pod().replace(b'"v1"', b'"v2"')]
    assert all(shelf.take(each) is not shelf.take(pod()) for each in others)
    assert shelf.take(pod("6"))["metadata"]["resourceVersion"] == "6"


def test_what_nobody_keeps_is_forgotten() -> None:
    shelf = Shelf()
    kept = shelf.take(pod())
    seen = weakref.ref(kept)
    assert len(shelf) == 1
    del kept
    gc.collect()
    assert seen() is None
    assert len(shelf) == 0


def test_what_was_never_stored_is_not_shared() -> None:
    shelf = Shelf()
    unstored = b'{"apiVersion": "v1", "metadata": {"name": "a"}}'
    assert shelf.take(unstored) is not shelf.take(unstored)

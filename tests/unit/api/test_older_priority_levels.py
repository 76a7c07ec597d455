"""PriorityLevelConfigurations in v1beta3, where no shares cannot be told from none said."""

from kubeade.api.conversion import ZERO_SHARES, convert
from kubeade.api.defaults import apply_defaults
from kubeade.api.resource import Resource
from kubeade.api.validation import validate_create

OLDER, NEWER = (
    Resource(
        "flowcontrol.apiserver.k8s.io",
        version,
        "prioritylevelconfigurations",
        "PriorityLevelConfiguration",
        False,
    )
    for version in ("v1beta3", "v1")
)


def level(resource, shares, **annotations):
    limited = {"nominalConcurrencyShares": shares, "limitResponse": {"type": "Reject"}}
    metadata = {"name": "slow", "annotations": annotations}
    spec = {"type": "Limited", "limited": limited}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}


def shares(resource, obj):
    apply_defaults(resource, obj)
    return obj["spec"]["limited"]["nominalConcurrencyShares"]


def test_zero_shares_are_meant_where_an_annotation_says_so():
    assert shares(OLDER, level(OLDER, 0)) == 30
    assert shares(OLDER, level(OLDER, 0, **{ZERO_SHARES: ""})) == 0
    assert shares(NEWER, level(NEWER, 0)) == 0


def test_the_annotation_comes_and_goes_with_the_version():
    older = convert(level(NEWER, 0, a="b"), NEWER, OLDER)
    assert older["metadata"]["annotations"] == {"a": "b", ZERO_SHARES: ""}
    assert convert(older, OLDER, NEWER) == level(NEWER, 0, a="b")
    assert convert(level(NEWER, 5), NEWER, OLDER)["metadata"]["annotations"] == {}


def test_the_newer_version_has_no_place_for_it():
    assert validate_create(OLDER, level(OLDER, 0, **{ZERO_SHARES: ""})) == []
    (error,) = validate_create(NEWER, level(NEWER, 0, **{ZERO_SHARES: ""}))
    assert error.text() == f"metadata.annotations: Forbidden: annotation '{ZERO_SHARES}' is forbidden"

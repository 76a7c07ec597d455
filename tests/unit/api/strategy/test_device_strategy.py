"""What devices, their claims, ServiceAccounts and limits get from the server, and lose by it."""

import pytest

from kubeade.api.catalogue import Catalogue
from kubeade.api.defaults import apply_defaults
from kubeade.api.strategy import prepare_for_create, prepare_for_update

NOW, EARLIER = "2026-01-02T03:04:05Z", "2026-01-01T00:00:00Z"
CATALOGUE = Catalogue.built_in()


def kind(group, plural):
    return CATALOGUE.any_version(group, plural)


SLICES = kind("resource.k8s.io", "resourceslices")
RULES = kind("resource.k8s.io", "devicetaintrules")
CLAIMS = kind("resource.k8s.io", "resourceclaims")
ACCOUNTS = kind("", "serviceaccounts")


def named(**fields):
    return {"metadata": {"name": "a", "uid": "u"}, **fields}


def made(resource_type, obj):
    prepare_for_create(resource_type, obj, NOW)
    return obj


def changed(resource_type, old, new, subresource=""):
    prepare_for_update(resource_type, new, old, subresource, NOW)
    return new


def test_taints_of_devices_begin_when_they_are_told_of():
    taints = [{"key": "a", "effect": "NoExecute"}, {"key": "b", "timeAdded": EARLIER}]
    found = made(SLICES, named(spec={"devices": [{"name": "d", "taints": taints}]}))
    assert [each["timeAdded"] for each in found["spec"]["devices"][0]["taints"]] == [NOW, EARLIER]


def rule(effect, **fields):
    return named(spec={"taint": {"key": "a", "effect": effect, **fields}})


@pytest.mark.parametrize(
    ("new", "since"),
    [
        (rule("NoSchedule", timeAdded=EARLIER), EARLIER),
        (rule("NoExecute", timeAdded=EARLIER), NOW),
        (rule("NoSchedule"), NOW),
    ],
)
def test_a_rules_taint_begins_with_its_effect(new, since):
    old = rule("NoSchedule", timeAdded=EARLIER)
    assert changed(RULES, old, new)["spec"]["taint"]["timeAdded"] == since


def test_fields_of_features_that_are_off_are_dropped():
    device = {
        "name": "d",
        "attributes": {"a": {"ints": [1], "int": 1}},
        "nodeAllocatableResourceMappings": {},
    }
    found = made(SLICES, named(spec={"devices": [device]}))
    assert found["spec"]["devices"] == [{"name": "d", "attributes": {"a": {"int": 1}}}]


def test_what_was_told_of_devices_goes_with_them():
    one = {"driver": "d", "pool": "p", "device": "one"}
    two = {**one, "device": "two"}
    old = named(spec={}, status={"allocation": {"devices": {"results": [one, two]}}, "devices": [one, two]})
    kept = named(status={"allocation": {"devices": {"results": [two]}}, "devices": [one, two]})
    assert changed(CLAIMS, old, kept, "status")["status"]["devices"] == [two]
    gone = named(status={"devices": [one, two]})
    assert "devices" not in changed(CLAIMS, old, gone, "status")["status"]


def test_an_account_keeps_the_names_of_its_secrets():
    secrets = [{"name": "till", "namespace": "other", "kind": "Secret"}]
    assert made(ACCOUNTS, named(secrets=secrets))["secrets"] == [{"name": "till"}]
    assert changed(ACCOUNTS, named(), named(secrets=secrets))["secrets"] == [{"name": "till"}]


def test_a_limit_range_needs_no_name():
    ranges = kind("", "limitranges")
    assert made(ranges, {"metadata": {"uid": "u"}})["metadata"]["name"] == "u"
    assert made(ranges, named())["metadata"]["name"] == "a"


def test_a_toleration_is_of_a_value_unless_it_says_otherwise():
    request = {"name": "r", "exactly": {"tolerations": [{"key": "a"}, {"operator": "Exists"}]}}
    claim = named(spec={"devices": {"requests": [request]}})
    apply_defaults(CLAIMS.resource, claim)
    assert [each["operator"] for each in request["exactly"]["tolerations"]] == ["Equal", "Exists"]
    assert (request["exactly"]["allocationMode"], request["exactly"]["count"]) == ("ExactCount", 1)

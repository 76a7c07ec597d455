"""managedFields after creates, updates and patches."""

import copy

import pytest
from managed_samples import T0, T1, T2, config_map, owned

from kubeade.api.apply import manager_name, same_but_times
from kubeade.api.apply.managed import MAX_UPDATE_MANAGERS


def test_a_create_owns_what_it_sets_and_nothing_that_the_server_sets(deployments, deployment):
    deployment["metadata"] |= {"uid": "u", "creationTimestamp": T0, "generation": 1, "labels": {"a": "b"}}
    deployment["status"] = {"replicas": 3}
    created = deployments.update(None, deployment, "kubectl-create", T0)
    (entry,) = created["metadata"]["managedFields"]
    fields = entry.pop("fieldsV1")
    assert entry == {
        "manager": "kubectl-create",
        "operation": "Update",
        "apiVersion": "apps/v1",
        "time": T0,
        "fieldsType": "FieldsV1",
    }
    assert fields == {
        "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {
                            ".": {},
                            "f:image": {},
                            "f:name": {},
                            "f:ports": {
                                ".": {},
                                'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}},
                            },
                        }
                    }
                },
            },
        },
    }


def test_an_update_takes_over_what_it_changes_and_only_that(config_maps):
    live = config_maps.update(None, config_map(a="1", b="1"), "first", T0)
    new = config_maps.update(live, config_map(a="2", b="1", c="1"), "second", T1)
    assert owned(new, "first") == {"f:data": {".": {}, "f:b": {}}}
    assert owned(new, "second") == {"f:data": {"f:a": {}, "f:c": {}}}


def test_a_removed_field_has_no_owner(config_maps):
    live = config_maps.update(None, config_map(a="1", b="1"), "first", T0)
    new = config_maps.update(live, config_map(a="1"), "second", T1)
    assert owned(new, "first") == {"f:data": {".": {}, "f:a": {}}}
    assert owned(new, "second") is None


def test_one_manager_has_one_entry_and_its_time_is_the_last_change(config_maps):
    live = config_maps.update(None, config_map(a="1"), "first", T0)
    new = config_maps.update(live, config_map(a="1", b="1"), "first", T1)
    (entry,) = new["metadata"]["managedFields"]
    assert (entry["time"], entry["fieldsV1"]) == (T1, {"f:data": {".": {}, "f:a": {}, "f:b": {}}})


def test_a_write_that_changes_nothing_leaves_entries_and_times(config_maps):
    live = config_maps.update(None, config_map(a="1"), "first", T0)
    assert config_maps.update(live, config_map(a="1"), "second", T1) == live


def test_the_status_subresource_has_its_own_entry_and_never_owns_spec(
    deployment_status, deployments, deployment
):
    live = deployments.update(None, deployment, "kubectl", T0)
    new = copy.deepcopy(live)
    new["status"] = {"replicas": 1, "conditions": [{"type": "Available", "status": "True"}]}
    new["spec"]["replicas"] = 7
    new = deployment_status.update(live, new, "kube-controller-manager", T1)
    entry = new["metadata"]["managedFields"][1]
    assert entry["subresource"] == "status"
    unsaid = {"f:lastTransitionTime": {}, "f:lastUpdateTime": {}}  # moments, which upstream has as nulls
    condition = {".": {}, "f:status": {}, "f:type": {}, **unsaid}
    conditions = {".": {}, 'k:{"type":"Available"}': condition}
    assert entry["fieldsV1"] == {"f:status": {"f:conditions": conditions, "f:replicas": {}}}


def test_a_client_that_drops_managed_fields_does_not_lose_them(config_maps):
    live = config_maps.update(None, config_map(a="1"), "first", T0)
    new = config_maps.update(live, config_map(a="1", b="2"), "second", T1)
    assert owned(new, "first") == {"f:data": {".": {}, "f:a": {}}}


@pytest.mark.parametrize("reset", [[], [{}]])
def test_a_client_can_reset_managed_fields(config_maps, reset):
    live = config_maps.update(None, config_map(a="1"), "first", T0)
    new = config_map(a="2")
    new["metadata"]["managedFields"] = reset
    assert "managedFields" not in config_maps.update(live, new, "second", T1)["metadata"]


def test_an_object_without_entries_stays_without_until_it_is_applied(config_maps):
    assert (
        "managedFields" not in config_maps.update(config_map(a="1"), config_map(a="2"), "x", T1)["metadata"]
    )


def test_a_client_can_edit_entries_but_not_break_them(config_maps):
    live = config_maps.update(None, config_map(a="1", b="1"), "first", T0)
    edited = copy.deepcopy(live)
    del edited["metadata"]["managedFields"][0]["fieldsV1"]["f:data"]["f:a"]
    assert owned(config_maps.update(live, edited, "x", T1), "first") == {"f:data": {".": {}, "f:b": {}}}
    for damage in ({"operation": "Delete"}, {"fieldsType": "v2"}, {"apiVersion": ""}, {"fieldsV1": {"x": 1}}):
        broken = copy.deepcopy(live)
        broken["metadata"]["managedFields"][0] |= damage
        assert config_maps.update(live, broken, "x", T1) == live


def test_old_updaters_are_merged_so_that_entries_do_not_grow(config_maps):
    live = config_maps.update(None, config_map(k0="1"), "manager-00", T0)
    data = {"k0": "1"}
    for n in range(1, 15):
        data[f"k{n}"] = "1"
        live = config_maps.update(live, config_map(**data), f"manager-{n:02}", f"2026-01-01T00:01:{n:02}Z")
    entries = live["metadata"]["managedFields"]
    assert len(entries) == MAX_UPDATE_MANAGERS
    assert entries[0]["manager"] == "ancient-changes"
    every = {name for entry in entries for name in entry["fieldsV1"]["f:data"]} - {"."}
    assert every == {f"f:{key}" for key in data}


def test_repeated_list_items_are_owned_as_one(schema):
    from kubeade.api.apply import FieldManager

    services = FieldManager(schema.find("", "v1", "Service"), "v1", "Service")
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"ports": []}}
    twice = copy.deepcopy(service)
    twice["spec"]["ports"] = [{"port": 1, "name": "a"}, {"port": 1, "name": "b"}]
    live = services.update(None, twice, "m", T0)
    assert owned(live, "m")["f:spec"]["f:ports"]['k:{"port":1,"protocol":"TCP"}'] == {}


def test_same_but_times_tells_a_real_change_from_a_clocks(config_maps):
    live = config_maps.update(None, config_map(a="1"), "first", T0)
    later = config_maps.update(None, config_map(a="1"), "first", T2)
    assert later != live
    assert same_but_times(live, later)
    assert not same_but_times(live, config_maps.update(None, config_map(a="2"), "first", T0))


@pytest.mark.parametrize(
    ("field_manager", "user_agent", "expected"),
    [
        ("mine", "kubectl/v1.37", "mine"),
        ("", "kubectl/v1.37.1 (linux/amd64)", "kubectl"),
        ("", "", ""),
        ("", "a\tb/c", "ab"),
        ("", "x" * 200, "x" * 128),
    ],
)
def test_a_manager_without_a_name_is_called_after_its_user_agent(field_manager, user_agent, expected):
    assert manager_name(field_manager, user_agent) == expected

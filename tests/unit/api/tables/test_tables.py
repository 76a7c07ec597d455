"""What `kubectl get` shows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubeade.api import resources
from kubeade.api.resource import Object, Resource
from kubeade.api.tables import cells, columns, custom_printer, object_part, row, row_conditions, table
from kubeade.api.tables.formats import human_duration

NOW = datetime(2026, 1, 1, 1, 0, 0, tzinfo=UTC)
BORN = "2026-01-01T00:00:00Z"


def shown(resource: Resource, obj: Object) -> dict[str, Any]:
    obj = {**obj, "metadata": {"name": "a", "creationTimestamp": BORN, **obj.get("metadata", {})}}
    names = [column["name"] for column in columns(resource)]
    return dict(zip(names, cells(resource, obj, NOW), strict=True))


def running(ready: bool = True, **more: Any) -> Object:
    return {"name": "c", "ready": ready, "restartCount": 0, "state": {"running": {}}, **more}


def waiting(reason: str, **more: Any) -> Object:
    return {"name": "c", "restartCount": 0, "state": {"waiting": {"reason": reason}}, **more}


def terminated(code: int, reason: str = "", **more: Any) -> Object:
    state = {"terminated": {"exitCode": code, "reason": reason}}
    return {"name": "c", "restartCount": 0, "state": state, **more}


READY = {"conditions": [{"type": "Ready", "status": "True"}]}
INIT = {"initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}]}


@pytest.mark.parametrize(
    ("ready", "state", "pod"),
    [
        ("0/1", "Pending", {"status": {"phase": "Pending"}}),
        ("1/1", "Running", {"status": {"phase": "Running", "containerStatuses": [running()]}}),
        ("0/1", "CrashLoopBackOff", {"status": {"containerStatuses": [waiting("CrashLoopBackOff")]}}),
        ("0/1", "Completed", {"status": {"containerStatuses": [terminated(0, "Completed")]}}),
        ("0/1", "ExitCode:3", {"status": {"containerStatuses": [terminated(3)]}}),
        ("0/1", "Evicted", {"status": {"phase": "Failed", "reason": "Evicted"}}),
        (
            "1/1",
            "Running",
            {"status": {"containerStatuses": [terminated(0, "Completed"), running()], **READY}},
        ),
        ("1/1", "NotReady", {"status": {"containerStatuses": [terminated(0, "Completed"), running()]}}),
        (
            "0/1",
            "SchedulingGated",
            {"status": {"conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}},
        ),
        (
            "0/2",
            "Init:0/2",
            {"spec": INIT, "status": {"initContainerStatuses": [waiting("PodInitializing")]}},
        ),
        (
            "0/2",
            "Init:ErrImagePull",
            {"spec": INIT, "status": {"initContainerStatuses": [waiting("ErrImagePull")]}},
        ),
        ("0/2", "Init:Error", {"spec": INIT, "status": {"initContainerStatuses": [terminated(1, "Error")]}}),
        (
            "2/2",
            "Running",
            {
                "spec": INIT,
                "status": {
                    "phase": "Running",
                    "initContainerStatuses": [
                        {**terminated(0, "Completed"), "name": "i"},
                        {**running(), "name": "s", "started": True},
                    ],
                    "containerStatuses": [running()],
                },
            },
        ),
        (
            "1/1",
            "Terminating",
            {
                "metadata": {"deletionTimestamp": BORN},
                "status": {"phase": "Running", "containerStatuses": [running()]},
            },
        ),
    ],
)
def test_one_word_says_how_a_pod_is(ready: str, state: str, pod: Object) -> None:
    spec = {"containers": [{"name": "c"}], **pod.get("spec", {})}
    found = shown(resources.PODS, {**pod, "spec": spec})
    assert (found["Ready"], found["Status"]) == (ready, state)


def test_restarts_say_when() -> None:
    last = {"lastState": {"terminated": {"finishedAt": "2026-01-01T00:55:00Z"}}, "restartCount": 3}
    pod = {"status": {"containerStatuses": [running(**last)]}}
    assert shown(resources.PODS, pod)["Restarts"] == "3 (5m ago)"


def test_a_finished_pods_row_says_so() -> None:
    (condition,) = row_conditions(resources.PODS, {"status": {"phase": "Succeeded"}})
    assert (condition["type"], condition["reason"]) == ("Completed", "Succeeded")
    assert row_conditions(resources.PODS, {"status": {"phase": "Running"}}) == []


def test_a_deployment() -> None:
    spec = {
        "replicas": 3,
        "selector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]},
        "template": {"spec": {"containers": [{"name": "x", "image": "i"}, {"name": "y", "image": "j"}]}},
    }
    status = {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1}
    assert shown(resources.DEPLOYMENTS, {"spec": spec, "status": status}) == {
        "Name": "a",
        "Ready": "2/3",
        "Up-to-date": 3,
        "Available": 1,
        "Age": "60m",
        "Containers": "x,y",
        "Images": "i,j",
        "Selector": "a=b,c",
    }


@pytest.mark.parametrize(
    ("external", "spec"),
    [
        ("<none>", {"type": "ClusterIP"}),
        ("<pending>", {"type": "LoadBalancer"}),
        ("example.com", {"type": "ExternalName", "externalName": "example.com"}),
        ("1.2.3.4", {"type": "NodePort", "externalIPs": ["1.2.3.4"]}),
    ],
)
def test_a_services_external_address(external: str, spec: Object) -> None:
    assert shown(resources.SERVICES, {"spec": spec})["External-IP"] == external


def test_a_services_ports() -> None:
    ports = [{"port": 80, "protocol": "TCP", "nodePort": 30080}, {"port": 53, "protocol": "UDP"}]
    found = shown(resources.SERVICES, {"spec": {"clusterIPs": ["10.0.0.1"], "ports": ports}})
    assert (found["Port(s)"], found["Cluster-IP"]) == ("80:30080/TCP,53/UDP", "10.0.0.1")


def test_a_node() -> None:
    found = shown(
        resources.NODES,
        {
            "metadata": {"labels": {"node-role.kubernetes.io/shop": "", "kubernetes.io/role": "bar"}},
            "spec": {"unschedulable": True},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        },
    )
    assert (found["Status"], found["Roles"]) == ("Ready,SchedulingDisabled", "bar,shop")


def test_endpoints_are_cut_short() -> None:
    subset = {"addresses": [{"ip": f"10.0.0.{n}"} for n in range(5)], "ports": [{"port": 80}]}
    found = shown(resources.ENDPOINTS, {"subsets": [subset]})
    assert found["Endpoints"] == "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."


def test_a_kind_without_a_printer_shows_name_and_date() -> None:
    roles = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role")
    assert shown(roles, {}) == {"Name": "a", "Created At": BORN}
    assert [column["type"] for column in columns(roles)] == ["string", "date"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (150, "2m30s"),
        (3600, "60m"),
        (3 * 3600, "3h"),
        (7 * 3600 + 60, "7h1m"),
        (9 * 3600, "9h"),
        (49 * 3600, "2d1h"),
        (9 * 86400, "9d"),
        (800 * 86400, "2y70d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_ages(seconds: int, text: str) -> None:
    assert human_duration(timedelta(seconds=seconds)) == text


def test_custom_columns() -> None:
    printer = custom_printer(
        [
            {"name": "Size", "type": "string", "jsonPath": ".spec.size", "priority": 1},
            {"name": "Cups", "type": "integer", "jsonPath": ".spec.cups"},
            {"name": "Iced", "type": "boolean", "jsonPath": ".spec.iced"},
            {"name": "Parts", "type": "string", "jsonPath": ".spec.parts"},
            {"name": "Since", "type": "date", "jsonPath": ".spec.since"},
            {"name": "Bad", "type": "string", "jsonPath": "]["},
        ]
    )
    spec = {"size": "L", "cups": 2.0, "iced": "no", "parts": ["ice"], "since": BORN}
    obj = {"metadata": {"name": "a"}, "spec": spec}
    assert printer.cells(obj, NOW) == ["a", "L", 2, None, '["ice"]', "60m", None]
    assert [column["priority"] for column in printer.columns] == [0, 1, 0, 0, 0, 0, 0]


def test_custom_resources_without_columns_show_their_age() -> None:
    printer = custom_printer([])
    assert printer.cells({"metadata": {"name": "a", "creationTimestamp": BORN}}, NOW) == ["a", "60m"]


def test_the_table() -> None:
    obj = {"metadata": {"name": "a"}, "data": {}}
    metadata = object_part(obj, "Metadata")
    assert object_part(obj, "") == metadata
    assert object_part(obj, "None") is None
    assert object_part(obj, "Object") is obj
    assert table(columns(resources.CONFIG_MAPS), [row(["a"], metadata)], {"resourceVersion": "7"}) == {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "7"},
        "columnDefinitions": list(columns(resources.CONFIG_MAPS)),
        "rows": [
            {
                "cells": ["a"],
                "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": {"name": "a"},
                },
            }
        ],
    }

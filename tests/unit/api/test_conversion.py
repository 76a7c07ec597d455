import json
from typing import Any

import pytest

from kubeade.api.conversion import convert
from kubeade.api.resource import Object, Resource

CORE, NEWER = Resource("", "v1", "events", "Event"), Resource("events.k8s.io", "v1", "events", "Event")
V1 = Resource("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
V2 = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}
REQUESTS = {"name": "requests", "selector": {"matchLabels": {"a": "b"}}}
OTHERS: list[Object] = [
    {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
    },
    {
        "type": "ContainerResource",
        "containerResource": {
            "name": "cpu",
            "container": "c",
            "target": {"type": "Utilization", "averageUtilization": 60},
        },
    },
    {"type": "Pods", "pods": {"metric": REQUESTS, "target": {"type": "AverageValue", "averageValue": "10"}}},
    {
        "type": "Object",
        "object": {
            "metric": REQUESTS,
            "describedObject": {"kind": "Service", "name": "s", "apiVersion": "v1"},
            "target": {"type": "Value", "value": "5"},
        },
    },
    {"type": "External", "external": {"metric": REQUESTS, "target": {"type": "Value", "value": "5"}}},
]


def autoscaler(*metrics: Object, **spec: Any) -> Object:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "a", "annotations": {"mine": "stays"}},
        "spec": {"maxReplicas": 3, "metrics": list(metrics), **spec},
    }


def test_events_name_the_same_facts_differently() -> None:
    event = {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p"},
        "message": "it runs",
        "source": {"component": "kubelet"},
        "count": 2,
        "reportingComponent": "kubelet",
        "reason": "Started",
    }
    newer = convert(event, CORE, NEWER)
    assert newer["apiVersion"] == "events.k8s.io/v1"
    assert (newer["regarding"]["name"], newer["note"], newer["deprecatedCount"]) == ("p", "it runs", 2)
    assert newer["reportingController"] == "kubelet"
    assert convert(newer, NEWER, CORE) == event


@pytest.mark.parametrize("metric", OTHERS, ids=lambda metric: metric["type"] + str(len(str(metric))))
def test_autoscalers_come_back_from_v1_as_they_were(metric: Object) -> None:
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 60}}
    obj = autoscaler(metric, CPU, behavior=behavior)
    obj["status"] = {
        "currentReplicas": 1,
        "desiredReplicas": 2,
        "conditions": [{"type": "AbleToScale", "status": "True"}],
        "currentMetrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "current": {"averageUtilization": 7, "averageValue": "1"}},
            }
        ],
    }
    assert convert(convert(obj, V2, V1), V1, V2) == obj


def test_v1_says_what_it_can_and_carries_the_rest() -> None:
    old = convert(autoscaler(CPU, OTHERS[2]), V2, V1)
    assert old["spec"] == {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50}
    annotations = old["metadata"]["annotations"]
    assert annotations["mine"] == "stays"
    assert json.loads(annotations["autoscaling.alpha.kubernetes.io/metrics"]) == [
        {
            "type": "Pods",
            "pods": {"metricName": "requests", "selector": REQUESTS["selector"], "targetAverageValue": "10"},
        }
    ]


def test_an_autoscaler_without_metrics_watches_the_cpu() -> None:
    obj = {"metadata": {"name": "a"}, "spec": {"maxReplicas": 3}}
    metrics = convert(obj, V1, V2)["spec"]["metrics"]
    assert metrics[0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}


def test_a_spoilt_annotation_carries_nothing() -> None:
    obj = {"metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/behavior": "{"}}, "spec": {}}
    assert "behavior" not in convert(obj, V1, V2)["spec"]


def test_versions_without_differences_change_their_name_only() -> None:
    source, target = (Resource("stand.example", version, "lemonades", "Lemonade") for version in ("v1", "v2"))
    assert convert({"a": 1}, source, target) == {"a": 1, "apiVersion": "stand.example/v2", "kind": "Lemonade"}

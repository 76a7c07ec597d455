"""Autoscalers and Events are refused in upstream's words, in whichever version they are said."""

import copy

import pytest
from orders import AUTOSCALERS, PROTO_EVENTS, changed, good, texts

from kubeade.api.resource import Resource
from kubeade.api.resources import EVENTS
from kubeade.api.validation import validate_create, validate_update

OLDER = Resource("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
METRIC = "spec.metrics[0]"


def measured(**metric):
    return changed(AUTOSCALERS, "spec.metrics", [metric])


CREATES = [
    (measured(), f"{METRIC}.type: Required value: must specify a metric source type"),
    (measured(type="Pods"), f"{METRIC}.pods: Required value: must populate information for the given metric source"),
    (measured(type="Pods", pods={}, resource={}), f"{METRIC}.resource: Forbidden: must populate the given metric source only"),
    (measured(type="Pods", pods={}), f"{METRIC}.pods.metric.name: Required value: must specify a metric name"),
    (measured(type="Pods", pods={"target": {"type": "Some"}}), f'{METRIC}.pods.target.type: Invalid value: "Some": must be either Utilization, Value, or AverageValue'),
    (measured(type="Pods", pods={"target": {"averageValue": "0"}}), f'{METRIC}.pods.target.averageValue: Invalid value: "0": must be positive'),
    (measured(type="Resource", resource={}), f"{METRIC}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization"),
    (measured(type="Resource", resource={"target": {"averageUtilization": 0, "averageValue": "1"}}), f"{METRIC}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization"),
    (measured(type="ContainerResource", containerResource={"container": "A"}), f"{METRIC}.containerResource.name: Required value: must specify a resource name"),
    (measured(type="Object", object={}), f"{METRIC}.object.target.averageValue: Required value: must set either a target value or averageValue"),
    (measured(type="External", external={"target": {"value": "1", "averageValue": "1"}}), f"{METRIC}.external.target.value: Forbidden: may not set both a target value for metric and a per-pod target"),
    (changed(AUTOSCALERS, "spec.scaleTargetRef.apiVersion", "v1"), 'spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group'),
    (changed(AUTOSCALERS, "spec.scaleTargetRef.apiVersion", "a/b/c"), 'spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'),
    (changed(AUTOSCALERS, "spec.minReplicas", 0), "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas"),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "message"), CREATES)
def test_a_broken_autoscaler_is_refused(obj, message):
    assert message in texts(validate_create(AUTOSCALERS, obj))


def test_the_older_version_is_answered_in_terms_of_the_newer():
    older = copy.deepcopy(good(AUTOSCALERS))
    older["apiVersion"] = OLDER.api_version
    older["spec"].pop("metrics")
    older["spec"]["targetCPUUtilizationPercentage"] = -1
    assert texts(validate_create(OLDER, older)) == [
        f"{METRIC}.resource.target.averageUtilization: Invalid value: -1: must be greater than 0"
    ]


def test_a_target_that_was_let_through_is_let_through_still():
    old = changed(AUTOSCALERS, "spec.scaleTargetRef.apiVersion", "v1")
    assert validate_update(AUTOSCALERS, copy.deepcopy(old), old) == []


def test_a_controller_of_the_core_group_may_be_scaled():
    obj = changed(AUTOSCALERS, "spec.scaleTargetRef", {"kind": "ReplicationController", "name": "a"})
    assert validate_create(AUTOSCALERS, obj) == []


def test_an_autoscalers_counts_are_not_negative():
    new = changed(AUTOSCALERS, "status.currentReplicas", -1)
    assert texts(validate_update(AUTOSCALERS, new, good(AUTOSCALERS), "status")) == [
        "status.currentReplicas: Invalid value: -1: must be greater than or equal to 0"
    ]


def test_an_event_is_named_as_the_core_group_names_it():
    event = good(PROTO_EVENTS)
    event |= {"deprecatedCount": 3, "deprecatedSource": {"host": "a"}, "note": "x" * 1025}
    del event["eventTime"]
    assert texts(validate_create(PROTO_EVENTS, event)) == [
        "eventTime: Required value",
        'count: Invalid value: "": needs to be unset',
        'source: Invalid value: "": needs to be unset',
    ]
    event = changed(PROTO_EVENTS, "note", "x" * 1025)
    assert texts(validate_create(PROTO_EVENTS, event)) == [
        'message: Invalid value: "": can have at most 1024 characters'
    ]


def test_an_events_fields_stay():
    new = changed(PROTO_EVENTS, "regarding", {"kind": "Pod", "name": "a"})
    assert texts(validate_update(PROTO_EVENTS, new, good(PROTO_EVENTS))) == [
        (
            'involvedObject: Invalid value: {"Kind":"Pod","Namespace":"","Name":"a","UID":"","APIVersion":"",'
            '"ResourceVersion":"","FieldPath":""}: field is immutable'
        )
    ]


def test_an_event_lies_where_what_it_is_about_lies():
    event = changed(EVENTS, "involvedObject.namespace", "elsewhere")
    assert texts(validate_create(EVENTS, event)) == [
        'involvedObject.namespace: Invalid value: "elsewhere": does not match event.namespace'
    ]

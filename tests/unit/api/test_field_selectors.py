import pytest

from kubeade.api.errors import BadRequest
from kubeade.api.field_selectors import parse_field_selector, path_getter
from kubeade.api.resource import Resource
from kubeade.api.resources import CONFIG_MAPS, EVENTS, JOBS, NODES, PODS

POD = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"nodeName": "n1", "restartPolicy": "Always"},
    "status": {"phase": "Running"},
}
EVENT = {
    "metadata": {"name": "e"},
    "involvedObject": {"kind": "Pod", "name": "web"},
    "source": {"component": "kubelet"},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("spec.nodeName=n1", True),
        ("spec.nodeName==n1,status.phase!=Failed", True),
        ("spec.nodeName=", False),
        ("status.nominatedNodeName=", True),
        ("spec.hostNetwork=false", True),
        ("metadata.name!=web", False),
        (",status.phase=Running,", True),
    ],
)
def test_pods(text: str, matches: bool) -> None:
    assert parse_field_selector(text, PODS).matches(POD) is matches


def test_events_of_both_groups_are_found_in_the_form_that_is_stored() -> None:
    newer = Resource("events.k8s.io", "v1", "events", "Event")
    assert parse_field_selector("involvedObject.name=web,source=kubelet", EVENTS).matches(EVENT)
    assert parse_field_selector("regarding.kind=Pod", newer).matches(EVENT)
    assert not parse_field_selector("regarding.kind=Node", newer).matches(EVENT)


def test_numbers_and_booleans_are_compared_as_text() -> None:
    assert parse_field_selector("status.successful=0", JOBS).matches({})
    assert parse_field_selector("spec.unschedulable=true", NODES).matches({"spec": {"unschedulable": True}})


@pytest.mark.parametrize(
    ("text", "resource", "message"),
    [
        ("spec.foo=1", PODS, "field label not supported: spec.foo"),
        (
            "data=1",
            CONFIG_MAPS,
            '"data" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
        ("spec.foo=1", JOBS, 'field label "spec.foo" not supported for Job'),
        ("nothing", PODS, "invalid selector: 'nothing'; can't understand 'nothing'"),
        ("spec.nodeName=a=b", PODS, "invalid field selector: unescaped character in value: 61"),
        (r"spec.nodeName=a\b", PODS, r"invalid field selector: invalid escape sequence: \b"),
    ],
)
def test_complaints_are_upstreams(text: str, resource: Resource, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        parse_field_selector(text, resource)
    assert error.value.message == message


def test_escaped_values() -> None:
    selector = parse_field_selector(r"metadata.name=a\,b\=c\\d", PODS)
    assert selector.exact("metadata.name") == r"a,b=c\d"
    assert str(selector) == r"metadata.name=a\,b\=c\\d"


def test_custom_resources_name_their_own_fields() -> None:
    lemonades = Resource("stand.example", "v1", "lemonades", "Lemonade")
    selectable = {"spec.sugar": path_getter(".spec.sugar")}
    assert parse_field_selector("spec.sugar=3", lemonades, selectable).matches({"spec": {"sugar": 3}})

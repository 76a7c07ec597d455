"""The variables that a container sees."""

import base64

import pytest
from observations import pod, spec_container

from kubeade.kubelet.environment import ConfigError, EnvironmentInputs, environment

OBJECTS = {
    ("ConfigMap", "menu"): {"kind": "ConfigMap", "data": {"a": "1", "b.c": "2"}},
    ("Secret", "key"): {"kind": "Secret", "data": {"k": base64.b64encode(b"secret").decode()}},
}


def service(name, address="10.96.0.5", namespace="shop", **ports):
    listed = [{"name": name, "port": number, "protocol": "TCP"} for name, number in ports.items()]
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterIP": address, "ports": listed},
    }


def variables(env=(), env_from=(), services=(), resources=None, **spec):
    app = spec_container(env=list(env), envFrom=list(env_from), resources=resources or {})
    ordered = pod(app, nodeName="n1", serviceAccountName="default", **spec)
    ordered["metadata"].update(labels={"app": "web"}, annotations={"a/b": "c"})
    ordered["status"] = {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}
    ordered["status"].update(hostIP="192.0.2.1", hostIPs=[{"ip": "192.0.2.1"}])
    inputs = EnvironmentInputs(
        ordered, app, lambda resource, name: OBJECTS.get((resource.kind, name)), list(services), {"cpu": "4"}
    )
    return environment(inputs)


def from_field(path):
    return variables([{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": path}}}])["X"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "web"),
        ("metadata.namespace", "shop"),
        ("metadata.uid", "u"),
        ("metadata.labels['app']", "web"),
        ("metadata.annotations['a/b']", "c"),
        ("metadata.labels['none']", ""),
        ("spec.nodeName", "n1"),
        ("spec.serviceAccountName", "default"),
        ("status.hostIP", "192.0.2.1"),
        ("status.podIP", "10.0.0.1"),
        ("status.podIPs", "10.0.0.1,fd00::1"),
    ],
)
def test_fields_of_the_pod(path, value):
    assert from_field(path) == value


def test_unknown_field_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"unsupported fieldPath: spec\.hostname"):
        from_field("spec.hostname")


@pytest.mark.parametrize(
    ("resource", "divisor", "value"),
    [
        ("limits.cpu", "1", "1"),
        ("limits.cpu", "1m", "250"),
        ("requests.memory", "1Mi", "64"),
        ("requests.cpu", "1", "0"),
    ],
)
def test_resources_are_rounded_up_to_their_divisor(resource, divisor, value):
    entry = {"name": "X", "valueFrom": {"resourceFieldRef": {"resource": resource, "divisor": divisor}}}
    given = {"limits": {"cpu": "250m"}, "requests": {"memory": "64Mi"}}
    assert variables([entry], resources=given)["X"] == value


def test_missing_limit_is_what_the_node_has():
    entry = {"name": "X", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}
    assert variables([entry])["X"] == "4"


def test_references_are_expanded_in_order():
    env = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$(A)-$(NONE)-$$(A)-$(C)"},
        {"name": "C", "value": "3"},
    ]
    assert variables(env)["B"] == "1-$(NONE)-$(A)-$(C)"


def test_service_variables_can_be_referred_to():
    found = variables([{"name": "X", "value": "$(DB_SERVICE_HOST)"}], services=[service("db", http=80)])
    assert found["X"] == "10.96.0.5"


def test_keys_of_config_maps_and_secrets():
    env = [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "menu", "key": "a"}}},
        {"name": "K", "valueFrom": {"secretKeyRef": {"name": "key", "key": "k"}}},
    ]
    found = variables(env)
    assert (found["A"], found["K"]) == ("1", "secret")


def test_all_of_a_config_map_with_a_prefix_and_env_on_top():
    found = variables(
        [{"name": "P_a", "value": "mine"}], [{"prefix": "P_", "configMapRef": {"name": "menu"}}]
    )
    assert found["P_a"] == "mine"
    assert found["P_b.c"] == "2"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"configMapKeyRef": {"name": "none", "key": "a"}}, 'configmap "none" not found'),
        ({"configMapKeyRef": {"name": "menu", "key": "z"}}, "couldn't find key z in ConfigMap shop/menu"),
        ({"secretKeyRef": {"name": "none", "key": "a"}}, 'secret "none" not found'),
    ],
)
def test_what_is_missing_is_named(source, message):
    with pytest.raises(ConfigError, match=message):
        variables([{"name": "X", "valueFrom": source}])


def test_optional_may_be_missing():
    source = {"configMapKeyRef": {"name": "none", "key": "a", "optional": True}}
    assert "X" not in variables([{"name": "X", "valueFrom": source}])
    assert variables(env_from=[{"secretRef": {"name": "none", "optional": True}}]) == {}


def test_services_of_the_namespace_and_the_api_server():
    services = [
        service("kubernetes", "10.96.0.1", "default", https=443),
        service("my-db", http=80, admin=81),
        service("far", namespace="other", http=80),
        service("headless", "None", http=80),
    ]
    found = variables(services=services)
    assert found["KUBERNETES_SERVICE_HOST"] == "10.96.0.1"
    assert found["KUBERNETES_SERVICE_PORT_HTTPS"] == "443"
    assert found["MY_DB_SERVICE_PORT"] == "80"
    assert found["MY_DB_SERVICE_PORT_ADMIN"] == "81"
    assert found["MY_DB_PORT"] == "tcp://10.96.0.5:80"
    assert found["MY_DB_PORT_81_TCP_ADDR"] == "10.96.0.5"
    assert not any(name.startswith(("FAR", "HEADLESS")) for name in found)


def test_without_service_links_only_the_api_server():
    services = [service("kubernetes", "10.96.0.1", "default", https=443), service("db", http=80)]
    found = variables(services=services, enableServiceLinks=False)
    assert "KUBERNETES_SERVICE_HOST" in found
    assert "DB_SERVICE_HOST" not in found

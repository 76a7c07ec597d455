"""Accepted, and worth a word."""

from kubeade.api import resources
from kubeade.api.resource import Object
from kubeade.api.validation import warnings


def pod(**spec: object) -> Object:
    return {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def test_a_hidden_variable() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    found = warnings(resources.PODS, pod(containers=[{"name": "c", "env": env}]))
    why = 'hides previous definition of "A", which may be dropped when using apply'
    assert found == [f"spec.containers[0].env[1]: {why}"]


def test_a_variable_built_on_its_former_self() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]
    assert warnings(resources.PODS, pod(containers=[{"name": "c", "env": env}])) == []


def test_a_retired_volume_in_a_template() -> None:
    template = pod(volumes=[{"name": "v", "rbd": {}}])
    found = warnings(resources.DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": {"template": template}})
    assert found == ["spec.template.spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+"]


def test_a_pod_whose_name_is_no_host_name() -> None:
    (found,) = warnings(resources.PODS, {**pod(), "metadata": {"name": "a.b"}})
    assert found.startswith("metadata.name: this is used in the Pod's hostname")


def test_a_good_pod_gets_none() -> None:
    assert warnings(resources.PODS, pod()) == []
    assert warnings(resources.CONFIG_MAPS, {}) == []


def containers(*ports: Object) -> list[Object]:
    return [{"name": f"c{index}", "ports": [port]} for index, port in enumerate(ports)]


def test_ports_that_stand_in_each_others_way() -> None:
    http = {"name": "http", "containerPort": 80, "protocol": "TCP"}
    first, second = "spec.containers[0].ports[0]", "spec.containers[1].ports[0]"
    assert warnings(resources.PODS, pod(containers=containers(http, http))) == [
        f"{second}: duplicate port definition with {first}",
        (
            f'{second}: duplicate port name "http" with {first}, '
            f"services and probes that select ports by name will use {first}"
        ),
    ]
    other = {"containerPort": 80, "protocol": "TCP", "hostPort": 8080}
    (found,) = warnings(resources.PODS, pod(containers=containers(http, other)))
    assert found == f"{second}: overlapping port definition with {first}"
    (found,) = warnings(resources.PODS, pod(containers=containers(other, {**other, "hostIP": "10.0.0.1"})))
    assert found == f"{second}: dangerously ambiguous port definition with {first}"


def test_an_address_of_the_host_without_a_port() -> None:
    port = {"containerPort": 80, "protocol": "TCP", "hostIP": "10.0.0.1"}
    (found,) = warnings(resources.PODS, pod(containers=containers(port)))
    told = "{Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}"
    assert found == f"spec.containers[0].ports[0]: hostIP set without hostPort: {told}"


def test_parts_of_bytes() -> None:
    requirements = {"limits": {"memory": "100m"}}
    (found,) = warnings(resources.PODS, pod(containers=[{"name": "c", "resources": requirements}]))
    detail = 'fractional byte value "100m" is invalid, must be an integer'
    assert found == f"spec.containers[0].resources.limits[memory]: {detail}"


def test_files_of_a_volume_that_stand_in_each_others_way() -> None:
    items = [{"key": "a", "path": "a"}, {"key": "b", "path": "a/b"}]
    volume = {"name": "menu", "configMap": {"name": "cm", "items": items}}
    assert warnings(resources.PODS, pod(volumes=[volume])) == [
        'volume "menu" (ConfigMap "cm"): overlapping paths: "a/b" with "a"'
    ]
    sources = [{"secret": {"name": "s", "items": items[:1]}}, {"serviceAccountToken": {"path": "a"}}, {}]
    assert warnings(resources.PODS, pod(volumes=[{"name": "all", "projected": {"sources": sources}}])) == [
        'volume "all" (Projected) has no sources provided',
        'volume "all" (Projected): overlapping paths: "a" (ServiceAccountToken) with "a" (Secret "s")',
    ]


def test_selectors_that_match_nothing() -> None:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]}
    spread = [{"topologyKey": "beta.kubernetes.io/os"}]
    found = warnings(
        resources.PODS, pod(affinity={"podAffinity": required}, topologySpreadConstraints=spread)
    )
    at, none = "spec.topologySpreadConstraints[0]", "a null labelSelector results in matching no pod"
    assert found == [
        (
            f"{at}.topologyKey: beta.kubernetes.io/os is deprecated since v1.14; "
            'use "kubernetes.io/os" instead'
        ),
        f"{at}.labelSelector: {none}",
        "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: " + none,
    ]


def test_what_stays_is_told_once() -> None:
    template = pod(volumes=[{"name": "v", "rbd": {}}])
    old = {"metadata": {"name": "a.b", "generation": 1}, "spec": {"template": template}}
    new = {**old, "metadata": {"name": "a.b", "generation": 2}}
    assert len(warnings(resources.DEPLOYMENTS, old)) == 2
    assert warnings(resources.DEPLOYMENTS, old, old) == []
    assert len(warnings(resources.DEPLOYMENTS, new, old)) == 1
    assert warnings(resources.PODS, template, template) == []

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

"""Field managers of the kinds that server-side apply is mostly used on."""

import copy

import pytest

from kubeade.api.apply import FieldManager
from kubeade.api.apply.field_set import of_paths
from kubeade.api.schema import Schema


@pytest.fixture(scope="session")
def schema():
    return Schema.load()


@pytest.fixture
def deployments(schema):
    node = schema.find("apps", "v1", "Deployment")
    return FieldManager(node, "apps/v1", "Deployment", reset_fields=of_paths(("status",)))


@pytest.fixture
def deployment_status(schema):
    node = schema.find("apps", "v1", "Deployment")
    return FieldManager(node, "apps/v1", "Deployment", "status", of_paths(("spec",)))


@pytest.fixture
def config_maps(schema):
    return FieldManager(schema.find("", "v1", "ConfigMap"), "v1", "ConfigMap")


@pytest.fixture
def deployment():
    return copy.deepcopy(_DEPLOYMENT)


_DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "nginx", "ports": [{"containerPort": 80}]}]},
        },
    },
}

"""What is left out is filled in as upstream fills it in."""

import copy
from typing import Any

import pytest

from kubeade.api import resources
from kubeade.api.defaults import apply_defaults
from kubeade.api.resource import Object, Resource


def defaulted(resource: Resource, **body: Any) -> Object:
    obj: Object = {"apiVersion": resource.api_version, "kind": resource.kind, **copy.deepcopy(body)}
    apply_defaults(resource, obj)
    return obj


def container(**fields: Any) -> Object:
    pod = defaulted(resources.PODS, spec={"containers": [{"name": "c", **fields}]})
    found: Object = pod["spec"]["containers"][0]
    return found


def test_a_pod() -> None:
    assert defaulted(resources.PODS, spec={"containers": []})["spec"] == {
        "containers": [],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "enableServiceLinks": True,
    }


def test_a_container() -> None:
    assert container(image="nginx:1", ports=[{"containerPort": 80}]) == {
        "name": "c",
        "image": "nginx:1",
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 80, "protocol": "TCP"}],
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("registry:5000/nginx", "Always"),
        ("registry:5000/nginx:1.2", "IfNotPresent"),
        ("nginx@sha256:abc", "IfNotPresent"),
        ("nginx:latest@sha256:abc", "Always"),
    ],
)
def test_the_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    assert container(image=image)["imagePullPolicy"] == policy


def test_probes() -> None:
    assert container(livenessProbe={"httpGet": {"port": 80}, "periodSeconds": 2})["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 2,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def test_requests_follow_limits_in_pods_only() -> None:
    limits = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}
    requests = container(resources=limits)["resources"]["requests"]
    assert requests == {"cpu": "500m", "memory": "1Gi"}
    template = {"spec": {"containers": [{"name": "c", "resources": limits}]}}
    deployment = defaulted(resources.DEPLOYMENTS, spec={"template": template})
    assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"] == limits


def test_pod_level_requests_are_the_sum_of_the_containers() -> None:
    asking = {"name": "c", "resources": {"requests": {"cpu": "300m"}}}
    spec = {"containers": [asking, asking], "resources": {"limits": {"cpu": "2", "memory": "1Gi"}}}
    found = defaulted(resources.PODS, spec=spec)["spec"]["resources"]["requests"]
    assert found == {"cpu": "600m", "memory": "1Gi"}


def test_host_ports_on_the_host_network() -> None:
    ports = [{"containerPort": 80}]
    spec = {"hostNetwork": True, "containers": [{"name": "c", "ports": ports}]}
    found = defaulted(resources.PODS, spec=spec)["spec"]["containers"][0]["ports"]
    assert found == [{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]


def test_volumes() -> None:
    sources = [{"serviceAccountToken": {"path": "t"}}]
    given = [
        {"name": "a"},
        {"name": "b", "configMap": {"name": "m"}},
        {"name": "c", "hostPath": {"path": "/"}},
    ]
    given.append({"name": "d", "projected": {"sources": sources}})
    found = defaulted(resources.PODS, spec={"volumes": given})["spec"]["volumes"]
    assert [volume[key] for volume, key in zip(found, VOLUME_KEYS, strict=True)] == [
        {},
        {"name": "m", "defaultMode": 420},
        {"path": "/", "type": ""},
        {
            "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
            "defaultMode": 420,
        },
    ]


VOLUME_KEYS = ("emptyDir", "configMap", "hostPath", "projected")


def test_a_deployment() -> None:
    assert defaulted(resources.DEPLOYMENTS)["spec"] == {
        "replicas": 1,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }


def test_a_stateful_set() -> None:
    assert defaulted(resources.STATEFUL_SETS)["spec"] == {
        "replicas": 1,
        "podManagementPolicy": "OrderedReady",
        "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    }


def test_a_job() -> None:
    spec = {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {}}}
    job = defaulted(resources.JOBS, spec=spec)
    del job["spec"]["template"]
    assert job["metadata"]["labels"] == {"a": "b"}
    assert job["spec"] == {
        "completions": 1,
        "parallelism": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "manualSelector": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    }


def test_a_job_with_parallelism_alone_is_a_work_queue() -> None:
    assert "completions" not in defaulted(resources.JOBS, spec={"parallelism": 3})["spec"]


def test_services() -> None:
    spec = {"ports": [{"port": 80}], "sessionAffinityConfig": {"clientIP": {}}}
    assert defaulted(resources.SERVICES, spec=spec)["spec"] == {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
    }
    balanced = defaulted(resources.SERVICES, spec={"type": "LoadBalancer"})["spec"]
    assert balanced["externalTrafficPolicy"] == "Cluster"
    assert balanced["allocateLoadBalancerNodePorts"] is True


def test_a_namespace_carries_its_name() -> None:
    namespace = defaulted(resources.NAMESPACES, metadata={"name": "bar"})
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "bar"}


def test_a_limit_range() -> None:
    item = {"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "1", "memory": "1Mi"}}
    found = defaulted(resources.LIMIT_RANGES, spec={"limits": [item]})["spec"]["limits"][0]
    assert found["default"] == {"cpu": "2"}
    assert found["defaultRequest"] == {"cpu": "2", "memory": "1Mi"}


def test_what_is_said_is_kept() -> None:
    spec = {"replicas": 0, "strategy": {"type": "Recreate"}, "revisionHistoryLimit": 0}
    found = defaulted(resources.DEPLOYMENTS, spec=spec)["spec"]
    assert {key: found[key] for key in spec} == spec


def test_kinds_without_defaults_are_left_alone() -> None:
    assert defaulted(resources.LEASES, spec={}) == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "spec": {},
    }

"""Everything that kubectl only reads with: discovery, explain, get in each form, watches, describe, events."""

import json
import subprocess
import threading
from contextlib import contextmanager

import pytest
from kubectl_orders import config_map, deployment, field, manifest, many, pod_spec, workload


def test_api_resources_and_versions(kubectl):
    listed = kubectl("api-resources")
    assert all(word in listed for word in ("deployments", "customresourcedefinitions", "cronjobs", "leases"))
    of_apps = kubectl("api-resources", "--api-group=apps", "-o", "name").split()
    assert "deployments.apps" in of_apps
    assert all(name.endswith(".apps") for name in of_apps)
    assert "nodes" in kubectl("api-resources", "--namespaced=false", "--verbs=list", "-o", "name").split()
    assert {"v1", "apps/v1", "batch/v1"} <= set(kubectl("api-versions").split())


def test_explain_in_every_form(kubectl):
    assert "Number of desired pods" in kubectl("explain", "deployment.spec.replicas")
    assert "containerPort\t<integer> -required-" in kubectl("explain", "pod.spec.containers", "--recursive")
    assert "<boolean>" in kubectl("explain", "pod.spec.hostNetwork", "--output", "plaintext-openapiv2")
    assert "CronJobSpec" in kubectl("explain", "cronjob", "--api-version=batch/v1")
    assert 'field "lemons" does not exist' in kubectl.run("explain", "pod.lemons").stderr


def test_version_cluster_info_and_config(kubectl):
    versions = json.loads(kubectl("version", "-o", "json"))
    assert versions["serverVersion"]["major"] == "1"
    assert "is running at" in kubectl("cluster-info")
    assert kubectl("config", "current-context") == "kubeade\n"
    assert "certificate-authority-data: DATA+OMITTED" in kubectl("config", "view")
    assert kubectl("get", "--raw", "/readyz") == "ok"


def test_get_in_every_form(kubectl):
    kubectl("apply", "-f", "-", stdin=deployment())
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert "kubeade.local/host" in kubectl("get", "deployment", "web", "-o", "wide")
    assert json.loads(kubectl("get", "deployment", "web", "-o", "json"))["spec"]["replicas"] == 1
    assert "replicas: 1" in kubectl("get", "deployment", "web", "-o", "yaml")
    assert kubectl("get", "deployment", "-o", "name") == "deployment.apps/web\n"
    assert kubectl("get", "deployment", "web", "-o", "go-template={{.spec.replicas}}") == "1"
    columns = kubectl("get", "deployment", "-o", "custom-columns=NAME:.metadata.name,N:.spec.replicas")
    assert [line.split() for line in columns.splitlines()] == [["NAME", "N"], ["web", "1"]]
    assert "managedFields:" in kubectl("get", "deployment", "web", "-o", "yaml", "--show-managed-fields")
    assert "replicaset.apps/web" in kubectl("get", "all")
    assert "kube-system" in kubectl("get", "services", "-A")
    assert 'deployments.apps "none" not found' in kubectl.run("get", "deployment", "none").stderr


def test_get_selects_sorts_and_reads_in_parts(kubectl):
    names = ["one", "three", "two"]
    orders = (json.loads(config_map(name, {"at": str(n)}, size="9"[n:])) for n, name in enumerate(names))
    kubectl("apply", "-f", "-", stdin=many(*orders))
    maps = ("get", "configmaps", "--no-headers", "-o", "custom-columns=N:.metadata.name")
    assert kubectl(*maps, "-l", "at in (1,2),size!=5").split() == ["three", "two"]
    assert kubectl(*maps, "-l", "at", "--sort-by=.metadata.labels.at").split() == names
    assert kubectl(*maps, "-l", "at", "--chunk-size=1").split() == names
    assert kubectl(*maps, "--field-selector=metadata.name=two").split() == ["two"]
    assert "2" in kubectl("get", "configmap", "two", "-L", "at").splitlines()[1].split()
    refused = kubectl.run("get", "pods", "--field-selector=lemons=3")
    assert "field label not supported: lemons" in refused.stderr


def test_watching_shows_what_changes(kubectl):
    kubectl("create", "configmap", "menu", "--from-literal=drink=lemonade")
    with watching(kubectl, "--output-watch-events", "--no-headers") as watch:
        assert watch.stdout.readline().split()[:2] == ["ADDED", "menu"]
        kubectl("label", "configmap", "menu", "season=summer")
        assert watch.stdout.readline().split()[:2] == ["MODIFIED", "menu"]
        kubectl("delete", "configmap", "menu")
        assert watch.stdout.readline().split()[:2] == ["DELETED", "menu"]


def test_watching_only_what_comes(kubectl):
    kubectl("create", "configmap", "menu")
    with watching(kubectl, "--watch-only", "-o", "name") as watch:
        seen: list[str] = []
        reading = threading.Thread(target=lambda: seen.append(watch.stdout.readline()))
        reading.start()
        for number in range(100):  # nothing says when the watch is there, so changes go on until it saw one
            kubectl("label", "configmap", "menu", f"at={number}", "--overwrite")
            reading.join(timeout=0.05)
            if seen:
                break
        assert seen == ["configmap/menu\n"]


@contextmanager
def watching(kubectl, *arguments):
    """`kubectl get configmap menu --watch`, for as long as the block lasts."""
    where = ["--kubeconfig", kubectl.kubeconfig, "-n", kubectl.namespace]
    command = [kubectl.program, *where, "get", "configmap", "menu", "--watch", *arguments]
    watch = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield watch
    finally:
        watch.kill()
        watch.wait()


# One object of each kind, and what must be seen of it by whoever describes it.
DESCRIBED = {
    "deployment/web": ["1 desired | 1 updated | 1 total | 1 available", "ScalingReplicaSet"],
    "replicaset": ["Controlled By: Deployment/web", "SuccessfulCreate"],
    "pod -l app=web": ["kube-api-access-", "Successfully assigned", "Container started"],
    "service/web": ["TargetPort:", "Endpoints:", "Session Affinity:"],
    "endpoints/web": ["Subsets:", "Port"],
    "endpointslice": ["TargetRef: Pod/web-", "Ready: true"],
    "statefulset/many": ["1 desired | 1 total", "Create Pod many-0"],
    "daemonset/each": ["Desired Number of Nodes Scheduled: 1", "Created pod: each-"],
    "job/once": ["1 Succeeded", "Job completed"],
    "cronjob/daily": ["Schedule: 0 0 1 1 *"],
    "hpa/grow": ["Deployment/web", "Max replicas:", "3"],
    "ingress/way": ["a.example", "web:80"],
    "pvc/room": ["Status: Pending", "Access Modes"],
    "pdb/keep": ["Allowed disruptions:"],
    "quota/quota": ["pods", "20"],
    "limits/limits": ["Container cpu"],
    "configmap/menu": ["lemonade"],
    "secret/key": ["a: 1 bytes"],
    "serviceaccount/clerk": ["Image pull secrets:"],
    "role/reader": ["pods"],
    "rolebinding/reading": ["ServiceAccount clerk"],
    "networkpolicy/closed": ["Allowing ingress traffic"],
}


def one_of_each(namespace):
    run = {**pod_spec(command=["true"]), "restartPolicy": "Never"}
    job = {"template": {"spec": run}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    rbac = "rbac.authorization.k8s.io"
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    storage = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return [
        manifest("v1", "ResourceQuota", "quota", spec={"hard": {"pods": "20"}}),
        manifest("v1", "LimitRange", "limits", spec={"limits": [{"type": "Container", "defaultRequest": {"cpu": "1m"}}]}),
        json.loads(config_map("menu", drink="lemonade")),
        manifest("v1", "Secret", "key", stringData={"a": "b"}),
        manifest("v1", "ServiceAccount", "clerk"),
        manifest("v1", "PersistentVolumeClaim", "room", spec={**storage, "storageClassName": "none"}),
        json.loads(deployment()),
        workload("StatefulSet", "many", serviceName="web"),
        workload("DaemonSet", "each"),
        manifest("v1", "Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]}),
        manifest("networking.k8s.io/v1", "Ingress", "way", spec={"rules": [{"host": "a.example", "http": {"paths": [path]}}]}),
        manifest("networking.k8s.io/v1", "NetworkPolicy", "closed", spec={"podSelector": {}, "policyTypes": ["Ingress"]}),
        manifest("batch/v1", "Job", "once", spec=job),
        manifest("batch/v1", "CronJob", "daily", spec={"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job}}),
        manifest("autoscaling/v2", "HorizontalPodAutoscaler", "grow", spec={"scaleTargetRef": target, "maxReplicas": 3}),
        manifest("policy/v1", "PodDisruptionBudget", "keep", spec={"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}),
        manifest(f"{rbac}/v1", "Role", "reader", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
        manifest(
            f"{rbac}/v1", "RoleBinding", "reading",
            roleRef={"apiGroup": rbac, "kind": "Role", "name": "reader"},
            subjects=[{"kind": "ServiceAccount", "name": "clerk", "namespace": namespace}],
        ),
    ]  # fmt: skip


def test_describe_every_main_kind(kubectl):
    kubectl("apply", "-f", "-", stdin=many(*one_of_each(kubectl.namespace)))
    kubectl("wait", "job/once", "--for=condition=complete", "--timeout=30s")
    for workload_name in ("deployment/web", "statefulset/many", "daemonset/each"):
        kubectl("rollout", "status", workload_name, "--timeout=30s")
    for what, expected in DESCRIBED.items():
        text = " ".join(kubectl("describe", *what.split()).split())
        missing = [part for part in expected if part not in text]
        assert not missing, f"describe {what}: no {missing} in {text}"
    assert "Resource Quotas" in kubectl("describe", "namespace", kubectl.namespace)
    tables = "pods,deploy,rs,sts,ds,job,cronjob,svc,ep,ing,pvc,hpa,quota,limits,pdb,netpol,role,rolebinding,sa,cm,secret"
    assert "deployment.apps/web" in kubectl("get", tables)


def test_describe_a_node(kubectl):
    text = kubectl("describe", "nodes")
    for part in (
        "Conditions:",
        "KubeletReady",
        "Allocatable:",
        "Non-terminated Pods:",
        "Lease:",
        "Kubelet Version:",
    ):
        assert part in text
    assert "Ready" in kubectl("get", "nodes", "-o", "wide")


def test_events_of_an_object_and_of_a_namespace(kubectl):
    kubectl("apply", "-f", "-", stdin=deployment(command=["/nonexistent"]))
    kubectl("wait", "--for=jsonpath={.status.replicas}=1", "deployment/web", "--timeout=30s")
    pod = field(kubectl, "pods", ".items[0].metadata.name")
    kubectl(
        "wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod", pod, "--timeout=30s"
    )
    assert "Scaled up replica set" in kubectl("events", "--for", "deployment/web")
    assert "Scheduled" in kubectl("get", "events", "--field-selector", "type=Normal")
    warned = kubectl("events", "--types=Warning")
    assert "Scheduled" not in warned
    assert "Failed" in warned


def test_top_says_that_there_are_no_metrics(kubectl):
    for what in ("pods", "nodes"):
        assert kubectl.run("top", what).stderr == "error: Metrics API not available\n"


@pytest.mark.parametrize("verb", ["get", "describe"])
def test_an_unknown_kind_is_named(kubectl, verb):
    refused = kubectl.run(verb, "lemons")
    assert (refused.returncode, refused.stderr) == (
        1,
        'error: the server doesn\'t have a resource type "lemons"\n',
    )

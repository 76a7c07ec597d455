"""Manifests that the tests with kubectl order, and a look at one field of what came of them."""

import json

IMAGE = "kubeade.local/host"
SLEEP = {"name": "c", "image": IMAGE, "command": ["sleep", "1000"]}


def pod_spec(**extra):
    return {"terminationGracePeriodSeconds": 0, "containers": [{**SLEEP, **extra}]}


def manifest(api_version, kind, name, labels=None, **rest):
    metadata = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def workload(kind, name, **spec):
    """A Deployment, StatefulSet or DaemonSet of pods that sleep."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod_spec()}
    spec = {"selector": {"matchLabels": labels}, "template": template, **spec}
    return manifest("apps/v1", kind, name, labels, spec=spec)


def deployment(name="web", replicas=1, **extra):
    order = workload("Deployment", name, replicas=replicas)
    order["spec"]["template"]["spec"] = pod_spec(**extra)
    return json.dumps(order)


def config_map(name, labels=None, **data):
    return json.dumps(manifest("v1", "ConfigMap", name, labels, data=data))


def many(*manifests):
    """A List for `kubectl apply -f -`."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})


def field(kubectl, what, path):
    return kubectl("get", *what.split(), "-o", f"jsonpath={{{path}}}")

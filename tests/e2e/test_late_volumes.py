"""Claims that are bound when their first consumer comes: to a volume of the node that the pod goes to."""

import json
import os
from pathlib import Path

import pytest
from kubectl_orders import SLEEP, field, manifest, many

newest = pytest.mark.parametrize("kubectl", ["newest"], indirect=True)


@newest
def test_the_claim_waits_for_the_pod_and_the_pod_for_the_claim(kubectl, tmp_path: Path):
    name = f"late-{os.getpid()}"
    node = field(kubectl, "nodes", ".items[0].metadata.name")
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    terms = {"accessModes": ["ReadWriteOnce"], "storageClassName": name}
    kubectl(
        "apply",
        "-f",
        "-",
        stdin=many(
            manifest(
                "storage.k8s.io/v1",
                "StorageClass",
                name,
                provisioner="kubernetes.io/no-provisioner",
                volumeBindingMode="WaitForFirstConsumer",
            ),
            manifest(
                "v1",
                "PersistentVolume",
                name,
                spec={
                    **terms,
                    "capacity": {"storage": "1Gi"},
                    "local": {"path": str(tmp_path)},
                    "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
                },
            ),
            manifest(
                "v1",
                "PersistentVolumeClaim",
                "data",
                spec={**terms, "resources": {"requests": {"storage": "500Mi"}}},
            ),
        ),
    )
    try:
        kubectl("wait", "pvc/data", "--for=jsonpath={.status.phase}=Pending", "--timeout=10s")
        container = {**SLEEP, "volumeMounts": [{"name": "v", "mountPath": "/data"}]}
        volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
        spec = {"terminationGracePeriodSeconds": 0, "containers": [container], "volumes": [volume]}
        kubectl("apply", "-f", "-", stdin=json.dumps(manifest("v1", "Pod", "consumer", spec=spec)))
        kubectl("wait", "pod/consumer", "--for=condition=Ready", "--timeout=30s")
        assert field(kubectl, "pvc data", ".spec.volumeName") == name
        assert field(kubectl, f"pv {name}", ".status.phase") == "Bound"
        kubectl("delete", "pod/consumer", "--now")
        kubectl("delete", "pvc/data")
    finally:
        kubectl("delete", "pv", name, "--ignore-not-found", "--wait=false")
        kubectl("delete", "storageclass", name, "--ignore-not-found")

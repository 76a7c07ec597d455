"""What a node tells of itself, and what its pods get: through a real kubectl."""

import json

import pytest

MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  securityContext: {fsGroup: 1234, seLinuxOptions: {level: "s0:c1"}}
  initContainers:
  - name: fill
    image: kubeade.local/host
    imagePullPolicy: IfNotPresent
    command: [sh, -c, "mkdir -p /all/a/b; echo sour > /all/a/b/menu"]
    volumeMounts: [{name: disk, mountPath: /all}]
  containers:
  - name: c
    image: kubeade.local/host
    imagePullPolicy: IfNotPresent
    env: [{name: PART, value: b}]
    command: [sh, -c, "stat -c %a:%g /fast; df -BM --output=fstype,size /fast | tail -1; cat /part/menu; echo end; sleep 1000"]
    volumeMounts:
    - {name: fast, mountPath: /fast}
    - {name: disk, mountPath: /part, subPathExpr: a/$(PART)}
  volumes:
  - {name: fast, emptyDir: {medium: Memory, sizeLimit: 8Mi}}
  - {name: disk, emptyDir: {}}
"""


def test_volumes_in_memory_and_parts_of_volumes(kubectl):
    mode = kubectl("get", "node", "-o", r"jsonpath={.items[0].metadata.annotations.kubeade\.dev/runtime}")
    if mode != "namespaces":
        pytest.skip(f"this node may not mount: its runtime mode is {mode}")
    kubectl("apply", "-f", "-", stdin=MANIFEST)
    kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=30s")
    kubectl("exec", "p", "--", "true")
    lines = kubectl("logs", "p", "-c", "c").splitlines()
    assert lines[0] == "2777:1234"
    assert lines[1].split() == ["tmpfs", "8M"]
    assert lines[2] == "sour"
    events = json.loads(kubectl("get", "events", "-o", "json"))["items"]
    (ignored,) = [each for each in events if each["reason"] == "FieldsIgnored"]
    assert ignored["message"].endswith(": spec.securityContext.seLinuxOptions")


def test_node_tells_what_its_pods_use(kubectl):
    kubectl(
        "run", "p", "--image=kubeade.local/host", "--image-pull-policy=IfNotPresent", "--", "sleep", "1000"
    )
    kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=30s")
    name = kubectl("get", "node", "-o", "jsonpath={.items[0].metadata.name}")
    metrics = kubectl("get", "--raw", f"/api/v1/nodes/{name}/proxy/metrics/resource")
    labels = f'{{container="p",namespace="{kubectl.namespace}",pod="p"}}'
    (memory,) = [
        line
        for line in metrics.splitlines()
        if line.startswith(f"container_memory_working_set_bytes{labels}")
    ]
    assert int(memory.split()[1]) > 0
    summary = json.loads(kubectl("get", "--raw", f"/api/v1/nodes/{name}/proxy/stats/summary"))
    (pod,) = [each for each in summary["pods"] if each["podRef"]["namespace"] == kubectl.namespace]
    assert pod["containers"][0]["name"] == "p"
    assert summary["node"]["memory"]["workingSetBytes"] > pod["memory"]["workingSetBytes"]

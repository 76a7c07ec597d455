"""The node's figures over HTTP, on a kubelet with one pod."""

import json

import pytest
from kubelet_lab import Lab, pod_manifest

from kubeade.kubelet.server.figures import Figures
from kubeade.lib.http.message import Request


@pytest.fixture
async def lab(tmp_path):
    made = Lab(tmp_path)
    await made.start()
    made.order(pod_manifest("web"))
    await made.until_phase("web", "Running")
    yield made
    await made.stop()


async def ask(lab, endpoint, *rest, query=""):
    figures = Figures(lab.kubelet.usage)
    request = Request("GET", "/", query_string=query)
    return await getattr(figures, endpoint)(lab.kubelet.access, request, list(rest))


async def test_each_page_of_metrics_is_text(lab):
    for rest, word in (
        ([], b"kubelet_running_pods 1\n"),
        (["resource"], b'pod="web"'),
        (["cadvisor"], b"machine_cpu_cores"),
    ):
        response = await ask(lab, "metrics", *rest)
        assert response.status == 200
        assert word in response.body
        assert response.headers[0][1].startswith("text/plain; version=0.0.4")


async def test_probes_are_counted_by_result(lab):
    (context,) = lab.kubelet.access.contexts()
    context.probes.counts["Liveness", "app", "failed"] += 2
    body = (await ask(lab, "metrics", "probes")).body
    assert b'prober_probe_total{container="app",namespace="shop",pod="web",' in body
    assert b'result="failed"} 2' in body


async def test_unknown_pages_are_not_there(lab):
    assert (await ask(lab, "metrics", "slis")).status == 404
    assert (await ask(lab, "stats")).status == 404


async def test_summary_lists_the_pod(lab):
    found = json.loads((await ask(lab, "stats", "summary")).body)
    assert found["node"]["nodeName"] == "n1"
    assert [each["podRef"]["name"] for each in found["pods"]] == ["web"]


async def test_configuration_is_the_one_in_force(lab):
    found = json.loads((await ask(lab, "configz")).body)["kubeletconfig"]
    assert found["clusterDNS"] == ["10.96.0.10"]
    assert found["maxPods"] == 110


async def test_running_pods_are_those_of_the_runtime(lab):
    (pod,) = json.loads((await ask(lab, "running_pods")).body)["items"]
    assert pod["metadata"]["name"] == "web"
    assert pod["spec"]["containers"] == [{"name": "app", "image": "lemonade:1"}]


async def test_checkpoint_is_refused_by_name(lab):
    response = await ask(lab, "checkpoint", "shop", "web", "app")
    assert response.status == 404
    assert b"not supported" in response.body

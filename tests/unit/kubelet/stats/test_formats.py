"""One measurement in the formats that are asked for: the summary and Prometheus' text."""

from kubeade.cri.types import (
    ContainerMetadata,
    ContainerState,
    ContainerStats,
    ContainerStatus,
    NetworkInterfaceUsage,
)
from kubeade.kubelet.stats.cadvisor_metrics import cadvisor_metrics
from kubeade.kubelet.stats.exposition import Family, text_of
from kubeade.kubelet.stats.machine import FilesystemRoom, MachineUsage
from kubeade.kubelet.stats.resource_metrics import resource_metrics
from kubeade.kubelet.stats.summary import ephemeral_storage, summary
from kubeade.kubelet.stats.usage import ContainerUsage, NodeUsage, PodUsage, Size

AT = 1_700_000_000_500_000_000
ROOM = FilesystemRoom(1000, 400, 100, 60)


def container(name, cpu=3_000_000_000, memory=1000):
    metadata = ContainerMetadata(name)
    status = ContainerStatus(name, metadata, ContainerState.RUNNING, 1, AT - 10**10, 0, 0, "img", "ref")
    stats = ContainerStats(
        name, metadata, {}, AT, cpu, memory + 200, memory, 900, 50, processes=2, writable_layer_bytes=70
    )
    return ContainerUsage(status, stats, 250_000_000, Size(30, 1))


def pod(limit="4k"):
    limits = {"limits": {"memory": limit, "cpu": "500m"}, "requests": {"cpu": "250m"}} if limit else {}
    names = [{"name": "a", "resources": limits}, {"name": "b", "resources": limits}]
    manifest = {
        "metadata": {"name": "web", "namespace": "shop", "uid": "u1"},
        "spec": {"containers": names},
        "status": {"startTime": "2023-11-14T22:00:00Z"},
    }
    network = [NetworkInterfaceUsage("eth0", 11, 1, 22, 2)]
    return PodUsage(manifest, [container("a"), container("b")], network, {"cache": Size(500, 5)})


def usage(*pods):
    machine = MachineUsage(7_000_000_000, 1_690_000_000, 10_000, 6000, 5000, 3000, 100, 10, 32768, 99)
    return NodeUsage(AT, machine, 125_000_000, list(pods), ROOM, ROOM, 80)


def test_summary_of_the_node():
    node = summary("n1", usage())["node"]
    assert node["cpu"] == {
        "time": "2023-11-14T22:13:20Z",
        "usageNanoCores": 125_000_000,
        "usageCoreNanoSeconds": 7_000_000_000,
    }
    assert node["memory"]["availableBytes"] == 5000
    assert node["fs"]["usedBytes"] == 600
    assert node["runtime"]["imageFs"]["usedBytes"] == 80
    assert node["rlimit"] == {"time": "2023-11-14T22:13:20Z", "maxpid": 32768, "curproc": 99}


def test_summary_of_a_pod_adds_its_containers_up():
    (found,) = summary("n1", usage(pod()))["pods"]
    assert found["podRef"] == {"name": "web", "namespace": "shop", "uid": "u1"}
    assert found["cpu"]["usageCoreNanoSeconds"] == 6_000_000_000
    assert found["memory"]["workingSetBytes"] == 2000
    assert found["memory"]["availableBytes"] == 6000
    assert found["network"]["name"] == "eth0"
    assert found["volume"][0]["usedBytes"] == 500
    assert found["process_stats"]["process_count"] == 4


def test_ephemeral_storage_is_layers_logs_and_volumes():
    assert ephemeral_storage(pod()).used_bytes == 2 * (70 + 30) + 500


def test_pod_without_a_limit_has_no_available_memory():
    (found,) = summary("n1", usage(pod(limit="")))["pods"]
    assert "availableBytes" not in found["memory"]
    assert "availableBytes" not in found["containers"][0]["memory"]


def test_brief_summary_is_processor_and_memory_only():
    found = summary("n1", usage(pod()), only_cpu_and_memory=True)
    assert "fs" not in found["node"]
    assert set(found["pods"][0]) == {"podRef", "startTime", "containers", "cpu", "memory", "swap"}


def test_pod_without_a_running_container_is_not_in_it():
    assert summary("n1", usage(PodUsage({"metadata": {}}, [])))["pods"] == []


def test_resource_metrics_are_what_a_metrics_server_reads():
    lines = text_of(resource_metrics(usage(pod()))).splitlines()
    labels = 'container="a",namespace="shop",pod="web"'
    assert f"container_cpu_usage_seconds_total{{{labels}}} 3 1700000000500" in lines
    assert f"container_memory_working_set_bytes{{{labels}}} 1000 1700000000500" in lines
    assert f"container_start_time_seconds{{{labels}}} 1699999990.5" in lines
    assert "node_cpu_usage_seconds_total 7 1700000000500" in lines
    assert 'pod_memory_working_set_bytes{namespace="shop",pod="web"} 2000 1700000000500' in lines
    assert "# TYPE pod_cpu_usage_seconds_total counter" in lines
    assert "resource_scrape_error 0" in lines


def test_cadvisor_metrics_have_limits_and_networks():
    text = text_of(cadvisor_metrics(usage(pod()), 4))
    assert "machine_cpu_cores 4\n" in text
    quota = next(line for line in text.splitlines() if line.startswith("container_spec_cpu_quota{"))
    assert quota.split()[1] == "50000"
    received = [
        line for line in text.splitlines() if line.startswith("container_network_receive_bytes_total{")
    ]
    assert 'interface="eth0"' in received[0]
    assert received[0].split()[1] == "11"


def test_label_values_are_escaped():
    family = Family("x", "gauge", "help")
    family.add(1.5, name='a "b" \\ \n')
    assert text_of([family, Family("empty", "gauge", "none")]).splitlines()[2] == (
        'x{name="a \\"b\\" \\\\ \\n"} 1.5'
    )

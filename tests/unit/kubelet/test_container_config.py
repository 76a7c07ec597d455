"""Pods and containers as the runtime is told of them."""

import pytest
from observations import pod, spec_container

from kubeade.cri.types import DnsConfig, Image, NamespaceMode
from kubeade.kubelet.admission import admit
from kubeade.kubelet.container_config import (
    ContainerInputs,
    container_config,
    hostname,
    sandbox_config,
)
from kubeade.kubelet.dns import DnsSettings, parse_resolv_conf, pod_dns
from kubeade.kubelet.environment import ConfigError
from kubeade.kubelet.hosts import hosts_file
from kubeade.kubelet.security import MASKED_PATHS

GIB = 1024**3
IMAGE = Image("sha256:1", [], [], 1, uid=1000)


def config(container, image=IMAGE, **spec):
    ordered = pod(container, **spec)
    inputs = ContainerInputs(ordered, container, image, 2, {"A": "1"}, memory_capacity_bytes=10 * GIB)
    return container_config(inputs)


def test_command_and_arguments_are_expanded():
    found = config(spec_container(command=["run", "$(A)"], args=["$(B)", "$$(A)"]))
    assert found.command == ["run", "1"]
    assert found.args == ["$(B)", "$(A)"]


def test_attempt_names_the_log_and_labels_the_container():
    found = config(spec_container())
    assert found.log_path == "app/2.log"
    assert found.labels == {
        "io.kubernetes.pod.name": "web",
        "io.kubernetes.pod.namespace": "shop",
        "io.kubernetes.pod.uid": "u",
        "io.kubernetes.container.name": "app",
    }


def test_cpu_and_memory_become_cgroup_settings():
    resources = {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"cpu": "500m", "memory": "2Gi"}}
    found = config(spec_container(resources=resources)).resources
    assert (found.cpu_period, found.cpu_quota, found.cpu_shares) == (100000, 50000, 256)
    assert found.memory_limit_in_bytes == 2 * GIB
    assert found.oom_score_adj == 900


@pytest.mark.parametrize(
    ("resources", "score"),
    [
        ({}, 1000),
        ({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}, -997),
        ({"requests": {"cpu": "1"}}, 999),
    ],
)
def test_quality_of_service_decides_who_dies_first(resources, score):
    assert config(spec_container(resources=resources)).resources.oom_score_adj == score


def test_container_without_requests_gets_the_smallest_share():
    found = config(spec_container()).resources
    assert (found.cpu_shares, found.cpu_quota, found.memory_limit_in_bytes) == (2, 0, 0)


def test_container_settings_go_over_the_pods():
    own = {"runAsUser": 1, "capabilities": {"add": ["CAP_NET_ADMIN"], "drop": ["all"]}}
    shared = {"runAsUser": 2, "runAsGroup": 3, "fsGroup": 4, "supplementalGroups": [5]}
    found = config(spec_container(securityContext=own), securityContext=shared).security
    assert (found.run_as_user, found.run_as_group) == (1, 3)
    assert found.supplemental_groups == [5, 4]
    assert (found.add_capabilities, found.drop_capabilities) == (["NET_ADMIN"], ["ALL"])
    assert found.masked_paths == MASKED_PATHS


def test_privileged_container_hides_nothing():
    found = config(spec_container(securityContext={"privileged": True})).security
    assert found.privileged
    assert found.masked_paths == found.readonly_paths == []


def test_privileges_may_not_grow_where_the_container_says_so():
    found = config(spec_container(securityContext={"allowPrivilegeEscalation": False})).security
    assert found.no_new_privs


@pytest.mark.parametrize(
    ("context", "image", "message"),
    [
        ({"runAsUser": 0}, IMAGE, "container's runAsUser breaks non-root policy"),
        ({}, Image("i", [], [], 1, uid=0), "container has runAsNonRoot and image will run as root"),
        ({}, Image("i", [], [], 1), "container has runAsNonRoot and image will run as root"),
        ({}, Image("i", [], [], 1, username="bob"), r"image has non-numeric user \(bob\)"),
    ],
)
def test_root_is_refused_where_the_pod_says_so(context, image, message):
    with pytest.raises(ConfigError, match=message):
        config(spec_container(securityContext={"runAsNonRoot": True, **context}), image)


def test_numeric_user_of_the_image_passes_for_non_root():
    assert config(spec_container(securityContext={"runAsNonRoot": True})).security.run_as_user == 1000


@pytest.mark.parametrize(
    ("spec", "network", "pid"),
    [
        ({}, NamespaceMode.POD, NamespaceMode.CONTAINER),
        ({"hostNetwork": True, "hostPID": True}, NamespaceMode.NODE, NamespaceMode.NODE),
        ({"shareProcessNamespace": True}, NamespaceMode.POD, NamespaceMode.POD),
    ],
)
def test_namespaces(spec, network, pid):
    found = config(spec_container(), **spec).security.namespaces
    assert (found.network, found.pid) == (network, pid)


def test_sandbox_knows_ports_sysctls_and_labels():
    port = {"containerPort": 80, "hostPort": 8080, "hostIP": "127.0.0.1"}
    ordered = pod(
        spec_container(ports=[port, {"containerPort": 81}]),
        securityContext={"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]},
    )
    found = sandbox_config(
        ordered, attempt=1, log_directory="/logs", dns=DnsConfig(), cluster_domain="c.local"
    )
    assert [(each.container_port, each.host_port, each.host_ip) for each in found.port_mappings] == [
        (80, 8080, "127.0.0.1")
    ]
    assert found.sysctls == {"net.ipv4.tcp_syncookies": "1"}
    assert found.labels["io.kubernetes.pod.uid"] == "u"
    assert found.metadata.attempt == 1


def test_host_names():
    assert hostname(pod(), "c.local") == "web"
    assert hostname(pod(hostname="h", subdomain="s"), "c.local") == "h"
    whole = pod(hostname="h", subdomain="s", setHostnameAsFQDN=True)
    assert hostname(whole, "c.local") == "h.s.shop.svc.c.local"
    long_name = pod()
    long_name["metadata"]["name"] = "a" * 62 + "-b"
    assert hostname(long_name, "c.local") == "a" * 62


def test_hosts_file_names_the_pod_and_its_aliases():
    ordered = pod(subdomain="s", hostAliases=[{"ip": "1.2.3.4", "hostnames": ["a", "b"]}])
    text = hosts_file(ordered, ["10.0.0.1"], "c.local", "")
    assert text.startswith("# Kubernetes-managed hosts file.\n")
    assert "10.0.0.1\tweb.s.shop.svc.c.local\tweb\n" in text
    assert text.endswith("# Entries added by HostAliases.\n1.2.3.4\ta\tb\n")


def test_hosts_file_in_the_hosts_network_is_the_nodes():
    text = hosts_file(pod(hostNetwork=True), ["192.0.2.1"], "c.local", "127.0.0.1 node\n")
    assert text == "# Kubernetes-managed hosts file (host network).\n127.0.0.1 node\n"


HOST = parse_resolv_conf("# x\nnameserver 1.1.1.1\nsearch old\nsearch example.org. b\noptions timeout:1\n")
DNS = DnsSettings(["10.96.0.10"], "cluster.local", HOST)


def test_resolv_conf_of_the_node_is_read():
    assert DnsConfig(["1.1.1.1"], ["example.org", "b"], ["timeout:1"]) == HOST


def test_cluster_first():
    found = pod_dns(pod(), DNS)
    assert found.servers == ["10.96.0.10"]
    assert found.searches == [
        "shop.svc.cluster.local",
        "svc.cluster.local",
        "cluster.local",
        "example.org",
        "b",
    ]
    assert found.options == ["ndots:5"]


@pytest.mark.parametrize("spec", [{"dnsPolicy": "Default"}, {"hostNetwork": True}])
def test_node_dns(spec):
    assert pod_dns(pod(**spec), DNS) == HOST


def test_cluster_first_with_host_net():
    found = pod_dns(pod(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet"), DNS)
    assert found.servers == ["10.96.0.10"]


def test_own_dns_only():
    own = {"nameservers": ["9.9.9.9"], "searches": ["x"], "options": [{"name": "ndots", "value": "2"}]}
    assert pod_dns(pod(dnsPolicy="None", dnsConfig=own), DNS) == DnsConfig(["9.9.9.9"], ["x"], ["ndots:2"])


def test_own_options_replace_those_of_the_policy():
    own = {"options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]}
    assert pod_dns(pod(dnsConfig=own), DNS).options == ["ndots:2", "edns0"]


NODE = {"metadata": {"name": "n1", "labels": {"zone": "a"}}, "spec": {}}
ROOM = {"cpu": "1", "memory": "1Gi", "pods": "2", "gpu.org/x": "1"}


def asking(cpu="0", **spec):
    return pod(spec_container(resources={"requests": {"cpu": cpu}}), **spec)


@pytest.mark.parametrize(
    ("ordered", "others", "reason"),
    [
        (asking("500m"), [asking("500m")], None),
        (asking("600m"), [asking("500m")], "OutOfcpu"),
        (asking(), [asking(), asking()], "OutOfpods"),
        (asking(nodeSelector={"zone": "a"}), [], None),
        (asking(nodeSelector={"zone": "b"}), [], "NodeAffinity"),
        (pod(spec_container(resources={"requests": {"gpu.org/x": "2"}})), [], "OutOfgpu.org/x"),
        (pod(spec_container(resources={"requests": {"of-the-cluster.org/y": "1"}})), [], None),
        (
            asking(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
            [],
            "SysctlForbidden",
        ),
    ],
)
def test_admission(ordered, others, reason):
    refused = admit(ordered, others, NODE, ROOM)
    assert (refused.reason if refused else None) == reason


def test_host_ports_collide():
    def listening(**port):
        return pod(spec_container(ports=[{"containerPort": 80, "hostPort": 80, **port}]))

    assert admit(listening(), [listening()], NODE, ROOM).reason == "NodePorts"
    assert admit(listening(protocol="UDP"), [listening()], NODE, ROOM) is None
    one, other = listening(hostIP="10.0.0.1"), listening(hostIP="10.0.0.2")
    assert admit(one, [other], NODE, ROOM) is None


def test_taint_that_is_not_tolerated():
    tainted = {**NODE, "spec": {"taints": [{"key": "k", "effect": "NoExecute"}]}}
    assert admit(asking(), [], tainted, ROOM).reason == "TaintToleration"
    tolerant = asking(tolerations=[{"operator": "Exists"}])
    assert admit(tolerant, [], tainted, ROOM) is None


def test_limit_of_the_pod_bounds_containers_without_one_of_their_own():
    resources = {"limits": {"memory": "2Gi", "cpu": "1"}}
    own = spec_container(resources={"limits": {"memory": "1Gi"}})
    assert config(own, resources=resources).resources.memory_limit_in_bytes == GIB
    other = config(spec_container(), resources=resources).resources
    assert (other.memory_limit_in_bytes, other.cpu_quota) == (2 * GIB, 100000)


def test_pod_of_another_system_is_not_admitted():
    refused = admit(pod(os={"name": "windows"}), [], None, {})
    assert refused is not None
    assert refused.reason == "PodOSNotSupported"
    assert admit(pod(os={"name": "linux"}), [], None, {}) is None


def test_limits_of_the_pod_bound_its_sandbox():
    def bounds(**spec):
        made = sandbox_config(pod(**spec), attempt=0, log_directory="/l", dns=DnsConfig(), cluster_domain="c")
        return made.resources

    found = bounds(resources={"limits": {"memory": "2Gi", "cpu": "1"}})
    assert (found.memory_limit_in_bytes, found.cpu_quota) == (2 * GIB, 100000)
    assert bounds() is None

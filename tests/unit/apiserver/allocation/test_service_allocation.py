"""Addresses and ports of Services: given once, kept, given back, never leaked."""

from copy import deepcopy
from ipaddress import ip_address, ip_network

import pytest

from kubeade.api.errors import InternalError, Invalid
from kubeade.api.resources import SERVICES
from kubeade.apiserver.allocation.allocator import ServiceAllocator
from kubeade.apiserver.allocation.holdings import RESERVATION_SECONDS
from kubeade.apiserver.allocation.pools import AddressPool, PortPool

CIDR = "10.96.0.0/24"


class Counter:
    """The cluster's Services, allocated and stored as the API server would."""

    def __init__(self, cluster, cidr=CIDR, ports=None):
        self.cluster, self.now = cluster, 0.0
        self.allocator = ServiceAllocator(cluster, AddressPool(cidr), ports or PortPool(), lambda: self.now)

    def prepare(self, name, old=None, dry_run=False, **spec):
        spec = {"type": "ClusterIP", "ports": [{"port": 80}], "selector": {"app": "x"}, **spec}
        service = {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}
        self.allocator.prepare(service, old, dry_run=dry_run)
        return service

    def create(self, name, **spec):
        return self.cluster.put(SERVICES, self.prepare(name, **spec))

    def update(self, old, **changes):
        """Replace a Service by a copy with some fields of its spec changed; None takes one out."""
        new = deepcopy(old)
        for field, value in changes.items():
            new["spec"].pop(field, None)
            if value is not None:
                new["spec"][field] = value
        self.allocator.prepare(new, old, dry_run=False)
        return self.cluster.put(SERVICES, new)


@pytest.fixture
def counter(cluster):
    return Counter(cluster)


def node_port(service):
    return service["spec"]["ports"][0].get("nodePort")


def test_a_service_gets_an_address_of_the_range(counter):
    spec = counter.create("a")["spec"]
    assert ip_address(spec["clusterIP"]) in ip_network(CIDR)
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")


def test_no_two_services_share_an_address_until_the_range_is_full(cluster):
    counter = Counter(cluster, "10.96.0.0/28")
    given = [counter.create(f"s{i}")["spec"]["clusterIP"] for i in range(14)]
    assert len(set(given)) == 14
    with pytest.raises(InternalError, match="range is full"):
        counter.create("one-too-many")
    cluster.delete(SERVICES, "s3", "shop")
    assert counter.create("again")["spec"]["clusterIP"] == given[3]


def test_a_chosen_address_is_had_once(counter):
    counter.create("a", clusterIP="10.96.0.7")
    with pytest.raises(Invalid) as refused:
        counter.create("b", clusterIP="10.96.0.7")
    assert refused.value.message == (
        'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.7"]: '
        "failed to allocate IP 10.96.0.7: provided IP is already allocated"
    )


@pytest.mark.parametrize("address", ["10.97.0.1", "10.96.0.0", "10.96.0.255", "fd00::1"])
def test_an_address_outside_the_range_is_refused(counter, address):
    with pytest.raises(Invalid):
        counter.create("a", clusterIP=address)


def test_a_headless_service_has_none(counter):
    spec = counter.create("a", clusterIP="None")["spec"]
    assert spec["clusterIPs"] == ["None"]
    assert spec["ipFamilyPolicy"] == "SingleStack"
    spec = counter.create("b", clusterIP="None", selector=None)["spec"]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4", "IPv6"], "RequireDualStack")


def test_two_promises_at_once_are_not_the_same(counter):
    first, second = counter.prepare("a"), counter.prepare("b")
    assert first["spec"]["clusterIP"] != second["spec"]["clusterIP"]
    with pytest.raises(Invalid):
        counter.prepare("c", clusterIP=first["spec"]["clusterIP"])


def test_a_promise_that_was_not_kept_ends_and_never_blocks_its_own_service(counter):
    counter.prepare("a", clusterIP="10.96.0.7")
    assert counter.prepare("a", clusterIP="10.96.0.7")
    with pytest.raises(Invalid):
        counter.prepare("b", clusterIP="10.96.0.7")
    counter.now = RESERVATION_SECONDS
    assert counter.prepare("b", clusterIP="10.96.0.7")


def test_a_dry_run_checks_and_takes_nothing(counter):
    counter.create("a", clusterIP="10.96.0.7")
    with pytest.raises(Invalid):
        counter.prepare("b", clusterIP="10.96.0.7", dry_run=True)
    assert counter.prepare("b", clusterIP="10.96.0.8", dry_run=True)["spec"]["clusterIP"] == "10.96.0.8"
    assert counter.prepare("c", clusterIP="10.96.0.8")


def test_a_refused_service_takes_nothing(cluster):
    counter = Counter(cluster)
    counter.create("a", type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
    taken = [{"port": 80, "nodePort": 30080}]
    with pytest.raises(Invalid):
        counter.prepare("b", type="NodePort", clusterIP="10.96.0.9", ports=taken)
    assert counter.prepare("c", clusterIP="10.96.0.9")


def test_the_manifest_a_service_was_made_from_can_be_applied_again(counter):
    old = counter.create("a", type="NodePort", ports=[{"name": "http", "port": 80}])
    new = counter.prepare("a", old, type="NodePort", ports=[{"name": "http", "port": 8080}])
    assert new["spec"]["clusterIP"] == old["spec"]["clusterIP"]
    assert node_port(new) == node_port(old)


def test_changing_the_type_gives_and_takes(counter):
    service = counter.create("a")
    address = service["spec"]["clusterIP"]
    service = counter.update(service, type="NodePort")
    assert 30000 <= node_port(service) <= 32767
    service = counter.update(service, type="ClusterIP")
    assert node_port(service) is None
    service = counter.update(service, type="ExternalName", externalName="example.org")
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & service["spec"].keys()
    assert counter.create("b", clusterIP=address)
    service = counter.update(service, type="ClusterIP", externalName=None)
    assert service["spec"]["clusterIP"] not in ("", address)


def test_node_ports_are_checked(counter):
    counter.create("a", type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
    for port, why in {
        30080: "provided port is already allocated",
        80: "provided port is not in the valid range. The range of valid ports is 30000-32767",
    }.items():
        with pytest.raises(Invalid) as refused:
            counter.create("b", type="NodePort", ports=[{"port": 80, "nodePort": port}])
        assert refused.value.message == (
            f'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: {port}: {why}'
        )


def test_two_protocols_of_one_port_share_a_node_port(counter):
    ports = [{"name": "u", "port": 53, "protocol": "UDP"}, {"name": "t", "port": 53, "protocol": "TCP"}]
    first, second = counter.create("dns", type="NodePort", ports=ports)["spec"]["ports"]
    assert first["nodePort"] == second["nodePort"]


def test_a_balancer_may_do_without_node_ports_and_may_need_a_health_check(counter):
    without = counter.create("a", type="LoadBalancer", allocateLoadBalancerNodePorts=False)
    assert node_port(without) is None
    local = counter.create("b", type="LoadBalancer", externalTrafficPolicy="Local")
    assert local["spec"]["healthCheckNodePort"] != node_port(local)
    changed = counter.update(local, externalTrafficPolicy="Cluster")
    assert "healthCheckNodePort" not in changed["spec"]


def test_two_families_are_refused_on_a_cluster_of_one(counter):
    with pytest.raises(Invalid, match="this cluster is not configured for dual-stack services"):
        counter.create("a", ipFamilyPolicy="RequireDualStack")
    with pytest.raises(Invalid, match="not configured on this cluster"):
        counter.create("a", ipFamilies=["IPv6"])
    assert counter.create("a", ipFamilyPolicy="PreferDualStack")["spec"]["ipFamilies"] == ["IPv4"]

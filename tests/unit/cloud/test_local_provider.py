"""This machine as a cloud: an address for every Service that orders one."""

import pytest

from kubeade.cloud.load_balancing import wants_balancer
from kubeade.cloud.provider import CloudError
from kubeade.cloud.providers.local import LocalLoadBalancers


def service(uid, address="", **spec):
    ingress = [{"ip": address}] if address else []
    metadata = {"name": uid, "namespace": "d", "uid": uid}
    return {
        "metadata": metadata,
        "spec": {"type": "LoadBalancer", **spec},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


def balancers(*services, range_="10.0.128.0/29"):
    return LocalLoadBalancers(range_, lambda: services)


async def address(cloud, one):
    return (await cloud.ensure(one, []))["ingress"][0]["ip"]


async def test_each_service_gets_its_own_address():
    cloud = balancers()
    assert [await address(cloud, service(uid)) for uid in "abc"] == ["10.0.128.1", "10.0.128.2", "10.0.128.3"]


async def test_asking_again_changes_nothing():
    cloud = balancers()
    assert await address(cloud, service("a")) == await address(cloud, service("a"))


async def test_after_a_restart_addresses_are_kept():
    kept = service("a", "10.0.128.2")
    cloud = balancers(kept)
    assert await address(cloud, service("b")) == "10.0.128.1"
    assert await address(cloud, kept) == "10.0.128.2"


async def test_a_wished_address_is_given_once():
    cloud = balancers()
    assert await address(cloud, service("a", loadBalancerIP="10.0.128.5")) == "10.0.128.5"
    with pytest.raises(CloudError, match="belongs to another"):
        await address(cloud, service("b", loadBalancerIP="10.0.128.5"))
    with pytest.raises(CloudError, match="not in this machine's range"):
        await address(cloud, service("c", loadBalancerIP="8.8.8.8"))


async def test_an_exhausted_range_says_so_and_a_returned_address_is_given_again():
    cloud = balancers(range_="10.0.128.0/30")
    first = service("a")
    await address(cloud, first)
    await address(cloud, service("b"))
    with pytest.raises(CloudError, match="no address is left"):
        await address(cloud, service("c"))
    await cloud.delete(first)
    assert await address(cloud, service("c")) == "10.0.128.1"


@pytest.mark.parametrize(
    ("spec", "wanted"), [({}, True), ({"type": "ClusterIP"}, False), ({"loadBalancerClass": "x/y"}, False)]
)
def test_only_the_clusters_own_class_is_served(spec, wanted):
    assert wants_balancer(service("a", **spec)) is wanted

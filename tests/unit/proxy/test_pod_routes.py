"""Which way leads to the pods of which node."""

from kubeade.proxy.pod_routes import ways_to


def node(name: str, address: str, block: str = "") -> dict:
    addresses = [{"type": "Hostname", "address": name}, {"type": "InternalIP", "address": address}]
    return {"metadata": {"name": name}, "spec": {"podCIDR": block}, "status": {"addresses": addresses}}


HERE = node("here", "192.0.2.1", "10.64.0.0/24")


def test_each_other_node_has_a_way_to_its_range():
    others = [node("b", "192.0.2.2", "10.64.1.0/24"), node("c", "192.0.2.3", "10.64.2.0/24")]
    assert ways_to([HERE, *others], "here") == {"10.64.1.0/24": "192.0.2.2", "10.64.2.0/24": "192.0.2.3"}


def test_a_node_without_a_range_or_an_address_has_none_yet():
    assert ways_to([HERE, node("b", "192.0.2.2"), node("c", "", "10.64.2.0/24")], "here") == {}


def test_pods_of_simulated_nodes_are_nowhere():
    assert ways_to([HERE, node("simulated-0", "127.0.1.1", "10.64.1.0/24")], "here") == {}


def test_a_node_at_the_same_address_needs_no_way():
    assert ways_to([HERE, node("twin", "192.0.2.1", "10.64.1.0/24")], "here") == {}

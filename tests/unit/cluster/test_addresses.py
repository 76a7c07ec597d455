"""Addresses that meet nobody else's."""

import ipaddress

import pytest

from kubeade.cluster.addresses import choose_ranges, listening_addresses, routed_ranges


@pytest.mark.parametrize(("network", "first"), [("bridge", 10), ("loopback", 127)])
def test_ranges_lie_where_the_network_can_use_them(network, first):
    for one in choose_ranges(network, "0000002a", []):
        assert one.startswith(f"{first}.")


def test_ranges_step_past_what_is_taken():
    taken = list(choose_ranges("bridge", "00000000", []))
    chosen = choose_ranges("bridge", "00000000", taken)
    nets = [ipaddress.ip_network(one) for one in (*taken, *chosen)]
    assert not any(a.overlaps(b) for i, a in enumerate(nets) for b in nets[i + 1 :])


def test_a_full_machine_is_an_error():
    with pytest.raises(OSError, match="no free address range"):
        choose_ranges("bridge", "0", ["10.0.0.0/8"])


def test_the_default_route_is_nobodys_range():
    table = (
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
        "eth0 00000000 0102A8C0 0003 0 0 0 00000000 0 0 0\n"
        "eth0 0002A8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\n"
    )
    assert routed_ranges(table) == ["192.168.2.0/24"]


def test_loopback_addresses_that_somebody_listens_on_are_taken():
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
        "   0: 0A00997F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000\n"
        "   1: 0100007F:192B 0100007F:9C40 01 00000000:00000000 00:00000000 00000000\n"
        "   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000\n"
    )
    assert listening_addresses(table) == ["127.153.0.10"]
    _, services = choose_ranges("loopback", "00000019", listening_addresses(table))
    assert ipaddress.ip_address("127.153.0.10") not in ipaddress.ip_network(services)

"""Addresses for sandboxes."""

import pytest

from kubeade.cni import NetworkError, NetworkRequest
from kubeade.network.allocation import Addresses
from kubeade.network.loopback import LoopbackNetwork


@pytest.fixture
def path(tmp_path):
    return tmp_path / "addresses.json"


def test_each_sandbox_has_its_own_and_keeps_it(path):
    addresses = Addresses("10.1.0.0/24", path)
    assert addresses.take("a") == "10.1.0.2"
    assert addresses.take("b") == "10.1.0.3"
    assert addresses.take("a") == "10.1.0.2"


def test_addresses_survive_a_restart(path):
    Addresses("10.1.0.0/24", path).take("a")
    again = Addresses("10.1.0.0/24", path)
    assert again.get("a") == "10.1.0.2"
    assert again.take("b") == "10.1.0.3"


def test_a_freed_address_rests(path):
    addresses = Addresses("10.1.0.0/24", path)
    addresses.take("a")
    addresses.release("a")
    assert addresses.take("b") == "10.1.0.3"


def test_freed_addresses_come_round_again(path):
    addresses = Addresses("10.1.0.0/29", path)
    for name in "abcde":
        addresses.take(name)
    addresses.release("c")
    assert addresses.take("f") == "10.1.0.4"


def test_a_full_block_says_so(path):
    addresses = Addresses("10.1.0.0/30", path)
    addresses.take("a")
    with pytest.raises(NetworkError, match="no address left"):
        addresses.take("b")


def test_releasing_the_unknown_is_no_error(path):
    Addresses("10.1.0.0/24", path).release("nobody")


async def test_loopback_addresses_need_nothing_else(path):
    network = LoopbackNetwork("127.64.0.0/16", path)
    first = await network.add(NetworkRequest("a", None))
    assert first.addresses[0].startswith("127.")
    assert await network.add(NetworkRequest("a", None)) == first
    await network.remove("a")
    await network.purge()
    assert not path.exists()

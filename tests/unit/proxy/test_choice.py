"""Which endpoint takes the next connection."""

from dataclasses import replace

from kubeade.proxy.choice import Chooser
from kubeade.proxy.table import Endpoint, Front, Route

ENDPOINTS = tuple(Endpoint(f"10.0.0.{number}", 80) for number in range(3))
ROUTE = Route(Front("TCP", "10.96.0.1", 80), ENDPOINTS)
STICKY = replace(ROUTE, affinity_seconds=10)


def connect(chooser: Chooser, client: str, now_seconds: float) -> Endpoint:
    first = chooser.candidates(client, now_seconds)[0]
    chooser.chosen(client, first, now_seconds)
    return first


def test_without_affinity_endpoints_take_turns():
    chooser = Chooser(ROUTE)
    assert {connect(chooser, "c", 0) for _ in ENDPOINTS} == set(ENDPOINTS)


def test_with_affinity_a_client_stays_where_it_was():
    chooser = Chooser(STICKY)
    assert len({connect(chooser, "c", now) for now in range(9)}) == 1
    assert connect(chooser, "other", 9) != connect(chooser, "c", 9)


def test_affinity_ends_after_its_time_without_a_connection():
    chooser = Chooser(STICKY)
    first = connect(chooser, "c", 0)
    assert connect(chooser, "c", 9) == first
    assert connect(chooser, "c", 18) == first
    assert connect(chooser, "c", 28) != first


def test_connections_spread_as_soon_as_affinity_is_switched_off():
    chooser = Chooser(STICKY)
    connect(chooser, "c", 0)
    chooser.route = ROUTE
    assert {connect(chooser, "c", 1) for _ in ENDPOINTS} == set(ENDPOINTS)


def test_affinity_switched_on_again_starts_afresh():
    chooser = Chooser(STICKY)
    first = connect(chooser, "c", 0)
    chooser.route = ROUTE
    connect(chooser, "c", 1)
    chooser.route = STICKY
    again = connect(chooser, "c", 2)
    assert again != first
    assert connect(chooser, "c", 3) == again


def test_a_shorter_time_holds_for_clients_that_came_before():
    chooser = Chooser(STICKY)
    first = connect(chooser, "c", 0)
    chooser.route = replace(STICKY, affinity_seconds=2)
    assert connect(chooser, "c", 5) != first


def test_an_endpoint_that_has_gone_is_not_held_on_to():
    chooser = Chooser(STICKY)
    first = connect(chooser, "c", 0)
    chooser.route = replace(STICKY, endpoints=tuple(one for one in ENDPOINTS if one != first))
    assert connect(chooser, "c", 1) != first

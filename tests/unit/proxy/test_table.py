"""Which fronts a Service has, and who answers there."""

import pytest

from kubeade.proxy.table import Endpoint, Front, routes_of

PORT = {"name": "http", "protocol": "TCP", "port": 80}


def service(**spec):
    given = {"type": "ClusterIP", "clusterIP": "10.0.0.1", "ports": [PORT], **spec}
    return {"metadata": {"name": "s", "namespace": "d"}, "spec": given, "status": {}}


def slice_of(*endpoints, port=8080, name="http"):
    return {"addressType": "IPv4", "ports": [{"name": name, "port": port}], "endpoints": list(endpoints)}


def endpoint(address, node="n1", **conditions):
    return {"addresses": [address], "nodeName": node, "conditions": conditions}


def fronts(routes):
    return {route.front: [one.address for one in route.endpoints] for route in routes}


def test_a_cluster_address_leads_to_the_ready_endpoints():
    routes = routes_of(service(), [slice_of(endpoint("1.1.1.1"), endpoint("1.1.1.2", ready=False))], "n1")
    assert [(r.front, r.endpoints) for r in routes] == [
        (Front("TCP", "10.0.0.1", 80), (Endpoint("1.1.1.1", 8080),))
    ]


def test_terminating_endpoints_serve_while_none_is_ready():
    leaving = endpoint("1.1.1.1", ready=False, serving=True, terminating=True)
    assert fronts(routes_of(service(), [slice_of(leaving)], "n1")) == {
        Front("TCP", "10.0.0.1", 80): ["1.1.1.1"]
    }


@pytest.mark.parametrize("spec", [{"clusterIP": "None"}, {"type": "ExternalName", "clusterIP": ""}])
def test_headless_and_external_names_have_no_front(spec):
    assert routes_of(service(**spec), [slice_of(endpoint("1.1.1.1"))], "n1") == []


def test_without_endpoints_nothing_is_listened_on():
    assert routes_of(service(), [], "n1") == []


def test_a_node_port_answers_on_every_address():
    given = service(type="NodePort", ports=[{**PORT, "nodePort": 30080}])
    assert Front("TCP", "", 30080) in fronts(routes_of(given, [slice_of(endpoint("1.1.1.1"))], "n1"))


def test_local_policies_keep_to_this_node():
    given = service(type="NodePort", ports=[{**PORT, "nodePort": 30080}], externalTrafficPolicy="Local")
    slices = [slice_of(endpoint("1.1.1.1", "n1"), endpoint("1.1.1.2", "n2"))]
    assert fronts(routes_of(given, slices, "n2")) == {
        Front("TCP", "10.0.0.1", 80): ["1.1.1.1", "1.1.1.2"],
        Front("TCP", "", 30080): ["1.1.1.2"],
    }


def test_a_load_balancer_address_carries_its_source_ranges():
    given = service(type="LoadBalancer", loadBalancerSourceRanges=["10.1.0.0/16"])
    given["status"] = {"loadBalancer": {"ingress": [{"ip": "10.0.128.1", "ipMode": "VIP"}]}}
    routes = routes_of(given, [slice_of(endpoint("1.1.1.1"))], "n1")
    balanced = [route for route in routes if route.front.address == "10.0.128.1"]
    assert [route.source_ranges for route in balanced] == [("10.1.0.0/16",)]


def test_ports_are_matched_by_name():
    slices = [slice_of(endpoint("1.1.1.1"), name="other")]
    assert routes_of(service(), slices, "n1") == []


def test_client_affinity_has_upstreams_default_time():
    routes = routes_of(service(sessionAffinity="ClientIP"), [slice_of(endpoint("1.1.1.1"))], "n1")
    assert routes[0].affinity_seconds == 10800

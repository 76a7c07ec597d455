"""What the cluster DNS answers, by the DNS specification."""

import pytest
from dnslib import QTYPE, RCODE, DNSRecord

from kubeade.dns.answers import Answers, fitted
from kubeade.dns.records import records_of
from kubeade.dns.zone import Zone

PORTS = [{"name": "http", "protocol": "TCP", "port": 80}]


def service(name="web", **spec):
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"ports": PORTS, **spec}}


def slice_of(*endpoints):
    return {"ports": PORTS, "endpoints": list(endpoints)}


@pytest.fixture
def ask():
    zone = Zone()
    zone.set("shop/web", records_of(service(clusterIP="10.0.0.1", clusterIPs=["10.0.0.1"]), []))
    endpoints = [
        {"addresses": ["10.1.0.1"], "hostname": "db-0", "conditions": {"ready": True}},
        {"addresses": ["10.1.0.2"], "conditions": {}},
        {"addresses": ["10.1.0.3"], "conditions": {"ready": False}},
    ]
    zone.set("shop/db", records_of(service("db", clusterIP="None"), [slice_of(*endpoints)]))
    zone.set("shop/out", records_of(service("out", type="ExternalName", externalName="example.org"), []))
    answers = Answers(zone, "cluster.local")

    def asked(name, kind="A"):
        answer = answers.answer(DNSRecord.question(name, kind).pack())
        return None if answer is None else DNSRecord.parse(answer)

    asked.zone = zone
    return asked


def data(record):
    return [str(one.rdata) for one in record.rr]


def test_a_service_has_its_cluster_address(ask):
    assert data(ask("web.shop.svc.cluster.local")) == ["10.0.0.1"]


def test_names_are_compared_without_case(ask):
    assert data(ask("WEB.Shop.SVC.cluster.LOCAL")) == ["10.0.0.1"]


def test_a_headless_service_has_its_ready_endpoints(ask):
    assert sorted(data(ask("db.shop.svc.cluster.local"))) == ["10.1.0.1", "10.1.0.2"]
    assert data(ask("db-0.db.shop.svc.cluster.local")) == ["10.1.0.1"]


def test_named_ports_have_srv_records_with_their_targets_addresses(ask):
    record = ask("_http._tcp.db.shop.svc.cluster.local", "SRV")
    assert {str(one.rdata.target) for one in record.rr} == {
        "db-0.db.shop.svc.cluster.local.",
        "10-1-0-2.db.shop.svc.cluster.local.",
    }
    assert {str(one.rdata) for one in record.ar} == {"10.1.0.1", "10.1.0.2"}


def test_an_external_name_is_an_alias(ask):
    assert data(ask("out.shop.svc.cluster.local")) == ["example.org."]


def test_addresses_lead_back_to_names(ask):
    assert data(ask("1.0.0.10.in-addr.arpa", "PTR")) == ["web.shop.svc.cluster.local."]
    assert data(ask("1.0.1.10.in-addr.arpa", "PTR")) == ["db-0.db.shop.svc.cluster.local."]


def test_pods_are_named_by_their_address(ask):
    assert data(ask("10-1-2-3.shop.pod.cluster.local")) == ["10.1.2.3"]


def test_an_unknown_name_does_not_exist_and_a_known_one_may_have_no_such_record(ask):
    assert ask("nobody.shop.svc.cluster.local").header.rcode == RCODE.NXDOMAIN
    for name, kind in (("web.shop.svc.cluster.local", "AAAA"), ("shop.svc.cluster.local", "A")):
        record = ask(name, kind)
        assert (record.header.rcode, record.rr) == (RCODE.NOERROR, [])
        assert record.auth[0].rtype == QTYPE.SOA


def test_other_domains_are_for_the_forwarder(ask):
    assert ask("example.org") is None
    assert ask("9.9.9.9.in-addr.arpa", "PTR") is None


def test_the_specification_version_is_told(ask):
    assert data(ask("dns-version.cluster.local", "TXT")) == ['"1.1.0"']


def test_a_deleted_service_leaves_nothing(ask):
    ask.zone.set("shop/db", None)
    for name in ("db.shop.svc.cluster.local", "db-0.db.shop.svc.cluster.local"):
        assert ask(name).header.rcode == RCODE.NXDOMAIN
    assert ask("1.0.1.10.in-addr.arpa", "PTR") is None


def test_a_bad_query_is_refused():
    with pytest.raises(ValueError):
        Answers(Zone(), "cluster.local").answer(b"\x00\x01nonsense")


def test_too_large_an_answer_says_truncated():
    zone = Zone()
    many = [{"addresses": [f"10.1.{n // 250}.{n % 250}"], "conditions": {}} for n in range(100)]
    zone.set("shop/db", records_of(service("db", clusterIP="None"), [slice_of(*many)]))
    answer = Answers(zone, "cluster.local").answer(DNSRecord.question("db.shop.svc.cluster.local").pack())
    short = DNSRecord.parse(fitted(answer, 512))
    assert short.header.tc == 1
    assert len(short.pack()) <= 512

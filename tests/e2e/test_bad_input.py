"""Wrong and hostile input over TLS: each gets upstream's answer or a clear one, and the server goes on."""

import gzip
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from tls_wire import TlsWire

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
LIMIT = 3 * 1024 * 1024
UPGRADE = (
    b"host: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: v5.channel.k8s.io\r\n\r\n"
)


@pytest.fixture
def wire(cluster: Path) -> Iterator[TlsWire]:
    with TlsWire(cluster) as wire:
        yield wire
    with TlsWire(cluster) as after:
        assert after.request("GET", "/readyz")[0] == 200


def chunked(data: bytes) -> bytes:
    parts = (data[start : start + 65536] for start in range(0, len(data), 65536))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def test_a_body_over_3_mib_is_refused_in_upstreams_words_and_the_connection_stays(wire: TlsWire) -> None:
    body = b'{"metadata":{"name":"large"},"data":{"a":"' + b"x" * LIMIT + b'"}}'
    expected = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"Request entity too large: limit is {LIMIT}",
        "reason": "RequestEntityTooLarge",
        "code": 413,
    }
    assert wire.request("POST", CONFIG_MAPS, body) == (413, expected)
    head = f"POST {CONFIG_MAPS} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    wire.send(head.encode() + chunked(body))
    assert wire.answer() == (413, expected)
    assert wire.request("GET", "/healthz") == (200, b"ok")


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b"- " * 1_000_000, b"{a: " * 700_000, b"? " * 1_000_000])
def test_a_bottomless_yaml_body_does_not_end_the_process(wire: TlsWire, body: bytes) -> None:
    status, answer = wire.request("POST", CONFIG_MAPS, body, "application/yaml")
    assert (status, answer["reason"]) == (400, "BadRequest")
    assert "exceeded max depth" in answer["message"]


def test_a_bomb_of_yaml_aliases_is_refused(wire: TlsWire) -> None:
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [b"a%d: &a%d [%b]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)]
    status, answer = wire.request("POST", CONFIG_MAPS, b"\n".join(lines), "application/yaml")
    assert status == 400
    assert "document contains excessive aliasing" in answer["message"]


def test_a_compressed_body_is_no_object(wire: TlsWire) -> None:
    """Upstream does not decompress bodies either: there is no bomb to go off."""
    status, answer = wire.request("POST", CONFIG_MAPS, gzip.compress(b"x" * 10_000_000))
    assert status == 400
    assert "invalid character '\\x1f' looking for beginning of value" in answer["message"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{CONFIG_MAPS}/..", 400),
        (f"{CONFIG_MAPS}/%2e%2e", 400),
        ("/api/v1/namespaces/../configmaps/a", 400),
        (f"{CONFIG_MAPS}/a%2F..%2Fb", 404),
        (f"{CONFIG_MAPS}/a%00b", 404),
        (f"{CONFIG_MAPS}/%zz", 400),
        (f"{CONFIG_MAPS}/%ff", 404),
        ("//api/v1/pods", 404),
        (f"{CONFIG_MAPS}/" + "a" * 100_000, 404),
        ("/api/v1/namespaces/default/nodes", 404),
        ("/api/v1/watch/configmaps/a", 404),
    ],
)
def test_odd_paths_reach_nothing(wire: TlsWire, path: str, status: int) -> None:
    found, answer = wire.request("GET", path)
    assert (found, answer["kind"]) == (status, "Status")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ([], "cannot unmarshal array into Go struct field SubjectAccessReview.spec"),
        (
            {"user": {}},
            "cannot unmarshal object into Go struct field SubjectAccessReviewSpec.spec.user of type string",
        ),
    ],
)
def test_reviews_are_decoded_as_strictly_as_objects(wire: TlsWire, spec: object, message: str) -> None:
    status, answer = wire.request(
        "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": spec}
    )
    assert status == 400
    assert message in answer["message"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": []}, "cannot unmarshal array into Go struct field .kind"),
        (
            {"gracePeriodSeconds": "x"},
            "cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds",
        ),
        (
            {"preconditions": {"uid": 5}},
            "cannot unmarshal number into Go struct field Preconditions.preconditions.uid",
        ),
        (
            {"dryRun": "All"},
            "cannot unmarshal string into Go struct field DeleteOptions.dryRun of type []string",
        ),
    ],
)
def test_delete_options_of_a_wrong_type_are_refused(wire: TlsWire, options: object, message: str) -> None:
    status, answer = wire.request("DELETE", f"{CONFIG_MAPS}/nothing", options)
    assert status == 400
    assert message in answer["message"]


def test_what_could_be_read_in_two_ways_ends_the_connection(cluster: Path) -> None:
    head = b"POST /version HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n"
    with TlsWire(cluster) as wire:
        wire.send(head + b"0\r\n\r\nGET /version HTTP/1.1\r\nhost: a\r\n\r\n")
        assert wire.answer()[0] == 400
        assert wire.is_closed()


def test_an_upgrade_that_is_not_taken_leaves_a_connection_for_http(wire: TlsWire) -> None:
    wire.send(b"GET /api/v1/namespaces/default/pods/none/exec?command=a&stdout=1 HTTP/1.1\r\n" + UPGRADE)
    assert wire.answer()[0] == 404
    assert wire.request("GET", "/healthz") == (200, b"ok")


def test_an_upgrade_whose_client_half_closes_or_vanishes_leaves_nothing_behind(
    wire: TlsWire, cluster: Path
) -> None:
    for how in (socket.SHUT_WR, socket.SHUT_RDWR):
        with TlsWire(cluster) as other:
            other.send(b"GET /api/v1/namespaces/default/pods/none/portforward HTTP/1.1\r\n" + UPGRADE)
            socket.socket.shutdown(other.socket, how)
    assert wire.request("GET", "/healthz") == (200, b"ok")


def test_200_watches_of_one_client_are_all_served(cluster: Path) -> None:
    watches = [TlsWire(cluster) for _ in range(200)]
    try:
        for watch in watches:
            watch.send(
                f"GET {CONFIG_MAPS}?watch=1&fieldSelector=metadata.name=seen HTTP/1.1\r\nhost: a\r\n\r\n".encode()
            )
            assert watch.head()[0] == 200
        with TlsWire(cluster) as wire:
            assert wire.request("POST", CONFIG_MAPS, {"metadata": {"name": "seen"}})[0] == 201
        for watch in watches:
            assert int(watch.line(), 16) > 0
            assert b'"ADDED"' in watch.line()
    finally:
        for watch in watches:
            watch.socket.close()
    with TlsWire(cluster) as wire:
        assert wire.request("DELETE", f"{CONFIG_MAPS}/seen")[0] == 200


def test_old_tls_and_what_is_no_tls_are_turned_away(wire: TlsWire, cluster: Path) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        TlsWire(cluster, old)
    address = wire.socket.getpeername()
    for noise in (
        b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01" + b"\xff" * 600,
        b"\x00" * 50,
    ):
        with socket.create_connection(address, timeout=20) as plain:
            plain.sendall(noise)
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(4096):
                continue
    assert wire.request("GET", "/healthz") == (200, b"ok")


def test_a_stranger_is_nobody(cluster: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with TlsWire(cluster, context) as wire:
        status, answer = wire.request("GET", CONFIG_MAPS)
        assert (status, answer["reason"]) == (403, "Forbidden")
        wire.send(b"GET /api HTTP/1.1\r\nhost: a\r\nauthorization: Bearer nonsense\r\n\r\n")
        assert wire.answer()[0] == 401

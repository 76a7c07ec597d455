"""Random bytes where HTTP is expected: broken heads, lengths and chunks, and TLS records that are none."""

from random import Random

from fuzz_requests import damaged

_LINES = (
    b"GET /version HTTP/1.1",
    b"POST /api/v1/namespaces/fuzz/configmaps HTTP/1.1",
    b"GET /api/v1/pods?watch=1&timeoutSeconds=1 HTTP/1.1",
    b"PRI * HTTP/2.0",
    b"GET http://[::1/version HTTP/1.1",
    b"CONNECT a:1 HTTP/1.1",
    b"get / HTTP/1.1",
    b"GET /%zz HTTP/1.1",
    b"GET / HTTP/9.9",
)
_HEADERS = (
    *(
        b"Host: a",
        b"Host: b",
        b"Content-Length: 2",
        b"Content-Length: 0",
        b"Content-Length: -1",
        b"Content-Length: 5, 5",
    ),
    *(
        b"Content-Length: 99999999999999999999999",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
    ),
    *(
        b"Transfer-Encoding: identity",
        b"Connection: close",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Upgrade: h2c",
    ),
    *(
        b"Expect: 100-continue",
        b"Expect: x",
        b" folded",
        b"X : y",
        b": y",
        b"X: \x00",
        b"X: \xff",
        b"X" * 5000 + b": y",
    ),
    *(b"Content-Type: application/json", b"Trailer: X", b"Accept-Encoding: gzip", b"Content-Encoding: gzip"),
)
_BODIES = (
    b"",
    b"{}",
    b"0\r\n\r\n",
    b"2\r\n{}\r\n0\r\n\r\n",
    b"zz\r\n",
    b"fffffffffffffffff\r\n",
    b"2\r\n{}\r\n0\r\nImpersonate-User: x\r\n\r\n",
)
_ENDS = (b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r")


def bytes_for_http(random: Random) -> bytes:
    """What a connection is fed: one to four requests, each possibly broken."""
    return b"".join(_request(random) for _ in range(random.randint(1, 4)))


def bytes_for_tls(random: Random) -> bytes:
    """What is sent instead of a handshake, or as its beginning."""
    hello = b"\x16\x03\x01" + random.randbytes(2) + b"\x01\x00\x00" + random.randbytes(random.randint(0, 300))
    choices = (
        hello,
        random.randbytes(random.randint(0, 2000)),
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x80\x2e\x01\x00\x02" * 9,
    )
    return random.choice(choices)


def _request(random: Random) -> bytes:
    end = random.choice(_ENDS)
    lines = [random.choice(_LINES), b"Host: a", *random.sample(_HEADERS, random.randint(0, 5))]
    data = end.join(lines) + end * 2 + random.choice(_BODIES)
    return damaged(random, data) if random.random() < 0.4 else data

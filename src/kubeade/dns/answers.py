"""From a question to an answer: bytes in, bytes out, no I/O. What is not the cluster's is for the forwarder
(None)."""

from dnslib import AAAA, CNAME, PTR, QTYPE, RCODE, RR, SOA, SRV, TXT, A, DNSRecord

from kubeade.dns.zone import Zone

TTL_SECONDS = 5
MAX_UDP_BYTES = 512
_REVERSE_ZONES = (".in-addr.arpa", ".ip6.arpa")


class Answers:
    """Answers for one cluster domain out of a zone."""

    def __init__(self, zone: Zone, domain: str) -> None:
        self._zone = zone
        self._domain = domain.lower()

    def answer(self, query: bytes) -> bytes | None:
        """The response; None when the question is not about the cluster. Raises ValueError for a bad
        query."""
        try:
            record = DNSRecord.parse(query)
        except Exception as error:  # dnslib raises several kinds for damaged bytes
            raise ValueError(str(error)) from error
        if record.header.qr or len(record.questions) != 1:
            raise ValueError("not a query with one question")
        name = str(record.q.qname).rstrip(".").lower()
        if name.endswith(_REVERSE_ZONES):
            return self._reverse(record, name)
        if name != self._domain and not name.endswith(f".{self._domain}"):
            return None
        return self._inside(record, name.removesuffix(self._domain).rstrip("."))

    def _reverse(self, record: DNSRecord, name: str) -> bytes | None:
        target = self._zone.pointer(name)
        if not target:
            return None
        reply = record.reply(ra=1, aa=1)
        if record.q.qtype in (QTYPE.PTR, QTYPE.ANY):
            reply.add_answer(RR(record.q.qname, QTYPE.PTR, ttl=TTL_SECONDS, rdata=PTR(self._full(target))))
        return bytes(reply.pack())

    def _inside(self, record: DNSRecord, name: str) -> bytes:
        reply = record.reply(ra=1, aa=1)
        if not self._zone.exists(name):
            reply.header.rcode = RCODE.NXDOMAIN
        else:
            self._add_records(reply, record.q.qname, record.q.qtype, name)
        if not reply.rr:
            reply.add_auth(RR(self._full(""), QTYPE.SOA, ttl=TTL_SECONDS, rdata=self._authority()))
        return bytes(reply.pack())

    def _add_records(self, reply: DNSRecord, owner: object, kind: int, name: str) -> None:
        alias = self._zone.alias(name)
        if alias:
            reply.add_answer(RR(owner, QTYPE.CNAME, ttl=TTL_SECONDS, rdata=CNAME(alias)))
            return
        if kind in (QTYPE.A, QTYPE.AAAA, QTYPE.ANY):
            for address in self._zone.addresses(name):
                self._add_address(reply.add_answer, owner, kind, address)
        if kind in (QTYPE.SRV, QTYPE.ANY):
            self._add_services(reply, owner, name)
        text = self._zone.text(name)
        if text and kind in (QTYPE.TXT, QTYPE.ANY):
            reply.add_answer(RR(owner, QTYPE.TXT, ttl=TTL_SECONDS, rdata=TXT(text)))

    def _add_services(self, reply: DNSRecord, owner: object, name: str) -> None:
        found = self._zone.services(name)
        weight = 100 // len(found) if found else 0
        for one in found:
            target = self._full(one.target)
            data = SRV(priority=0, weight=weight, port=one.port, target=target)
            reply.add_answer(RR(owner, QTYPE.SRV, ttl=TTL_SECONDS, rdata=data))
            for address in self._zone.addresses(one.target):
                self._add_address(reply.add_ar, target, QTYPE.ANY, address)

    def _add_address(self, add: object, owner: object, kind: int, address: str) -> None:
        own, data = (QTYPE.AAAA, AAAA(address)) if ":" in address else (QTYPE.A, A(address))
        if kind in (own, QTYPE.ANY) and callable(add):
            add(RR(owner, own, ttl=TTL_SECONDS, rdata=data))

    def _full(self, name: str) -> str:
        return f"{name}.{self._domain}." if name else f"{self._domain}."

    def _authority(self) -> SOA:
        times = (1, 7200, 1800, 86400, TTL_SECONDS)
        return SOA(f"ns.dns.{self._domain}.", f"hostmaster.{self._domain}.", times)


def failure(query: bytes) -> bytes:
    """SERVFAIL for a query that could not be forwarded."""
    reply = DNSRecord.parse(query).reply(ra=1)
    reply.header.rcode = RCODE.SERVFAIL
    return bytes(reply.pack())


def fitted(response: bytes, limit_bytes: int) -> bytes:
    """The response, or one that says "truncated: ask again over TCP"."""
    return response if len(response) <= limit_bytes else bytes(DNSRecord.parse(response).truncate().pack())


def udp_limit(query: bytes) -> int:
    """How large an answer over UDP may be: 512 bytes, or what the query's EDNS option says (up to 4096)."""
    options = [one for one in DNSRecord.parse(query).ar if one.rtype == QTYPE.OPT]
    return min(max(int(options[0].rclass), MAX_UDP_BYTES), 4096) if options else MAX_UDP_BYTES

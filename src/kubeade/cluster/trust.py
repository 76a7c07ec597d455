"""The cluster's keys and the TLS contexts made of them."""

import ssl
from dataclasses import dataclass

from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.pki import Authority, Subject, signing_key
from kubeade.lib.clock import Clock


@dataclass(frozen=True, slots=True)
class Trust:
    """The cluster's keys: its authority, and what signs service account tokens."""

    authority: Authority
    token_key_pem: bytes

    @classmethod
    def of(cls, data: DataDirectory, clock: Clock) -> "Trust":
        return cls(Authority(data.pki, clock), signing_key(data.pki / "sa.key"))

    def serving_context(self, data: DataDirectory, name: str, subject: Subject) -> ssl.SSLContext:
        """TLS for a server of this cluster; clients may show certificates of its authority."""
        self.authority.issue(name, subject)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(data.pki / f"{name}.crt", data.pki / f"{name}.key")
        context.load_verify_locations(cadata=self.authority.certificate_pem.decode())
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def client_context(self, data: DataDirectory, name: str, subject: Subject) -> ssl.SSLContext:
        """TLS for a client of servers of this cluster, which it verifies."""
        self.authority.issue(name, subject)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(cadata=self.authority.certificate_pem.decode())
        context.load_cert_chain(data.pki / f"{name}.crt", data.pki / f"{name}.key")
        return context

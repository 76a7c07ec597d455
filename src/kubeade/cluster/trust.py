"""The cluster's keys and the TLS contexts made of them: its own, or those that somebody brought along."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from kubeade.apiserver.aggregation import FrontProxy
from kubeade.apiserver.authentication.authenticator import DEFAULT_ISSUER, TokenConfig
from kubeade.apiserver.authentication.request_header import RequestHeaders
from kubeade.cluster.front_proxy import FrontProxyFiles, believed_proxies, own_proxy
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.pki import Authority, Subject, signing_key
from kubeade.lib.clock import Clock


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """PEM files to use instead of the cluster's own keys; an empty name stands for the own one.

    `service_account_keys` are further keys whose tokens count. The first issuer issues.
    """

    tls_certificate: str = ""
    tls_key: str = ""
    client_authority: str = ""
    service_account_signing_key: str = ""
    service_account_keys: tuple[str, ...] = ()
    service_account_issuers: tuple[str, ...] = ()
    api_audiences: tuple[str, ...] = ()
    kubelet_certificate: str = ""
    kubelet_key: str = ""
    kubelet_authority: str = ""
    front_proxies: FrontProxyFiles = field(default_factory=FrontProxyFiles)


@dataclass(frozen=True, slots=True)
class Trust:
    """The cluster's keys: its authority, the one that signs front proxies and nobody else, and what signs
    service account tokens."""

    authority: Authority
    front_proxies: Authority
    token_key_pem: bytes
    files: KeyFiles = field(default_factory=KeyFiles)

    @classmethod
    def of(cls, data: DataDirectory, clock: Clock, files: KeyFiles | None = None) -> "Trust":
        """Made on first use. Raises OSError for a file that is not there."""
        files = files or KeyFiles()
        own = files.service_account_signing_key
        key = Path(own).read_bytes() if own else signing_key(data.pki / "sa.key")
        front_proxies = data.pki / "front-proxy"
        front_proxies.mkdir(exist_ok=True, mode=0o700)
        return cls(Authority(data.pki, clock), Authority(front_proxies, clock, "front-proxy-ca"), key, files)

    @property
    def client_authority_pem(self) -> bytes:
        """What client certificates are verified with."""
        brought = self.files.client_authority
        return Path(brought).read_bytes() if brought else self.authority.certificate_pem

    @property
    def admits_own_clients(self) -> bool:
        """Whether certificates of the cluster's own authority open the API."""
        return not self.files.client_authority

    def tokens(self) -> TokenConfig:
        """How service account tokens are issued and recognized."""
        files = self.files
        issuers = files.service_account_issuers or (DEFAULT_ISSUER,)
        keys = tuple(Path(each).read_bytes() for each in files.service_account_keys)
        url = f"{issuers[0]}/openid/v1/jwks"
        return TokenConfig(self.token_key_pem, keys, issuers, files.api_audiences, url)

    def request_headers(self) -> RequestHeaders:
        """Whom the API server believes about who asks."""
        return believed_proxies(self.files.front_proxies, self.front_proxies, self.client_authority_pem)

    def front_proxy(self, data: DataDirectory) -> FrontProxy:
        """What the API server shows to extension API servers."""
        return own_proxy(self.files.front_proxies, self.front_proxies, data.pki / "front-proxy")

    def api_context(self, data: DataDirectory, subject: Subject) -> ssl.SSLContext:
        """TLS for the API server. Raises OSError, ssl.SSLError for files that do not serve."""
        if not self.files.tls_certificate:
            return self.serving_context(data, "apiserver", subject)
        return _server_context(self.files.tls_certificate, self.files.tls_key, self.client_authority_pem)

    def kubelet_context(self, data: DataDirectory, subject: Subject) -> ssl.SSLContext:
        """TLS for asking nodes, as `subject` or as the certificate that was brought along says."""
        context = self.client_context(data, "apiserver-kubelet-client", subject)
        if self.files.kubelet_certificate:
            context.load_cert_chain(self.files.kubelet_certificate, self.files.kubelet_key)
        if self.files.kubelet_authority:
            context.load_verify_locations(self.files.kubelet_authority)
        return context

    def serving_context(self, data: DataDirectory, name: str, subject: Subject) -> ssl.SSLContext:
        """TLS for a server of this cluster; clients may show certificates that the cluster recognizes."""
        self.authority.issue(name, subject)
        certificate, key = str(data.pki / f"{name}.crt"), str(data.pki / f"{name}.key")
        return _server_context(certificate, key, self.client_authority_pem)

    def client_context(self, data: DataDirectory, name: str, subject: Subject) -> ssl.SSLContext:
        """TLS for a client of servers of this cluster, which it verifies."""
        self.authority.issue(name, subject)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(cadata=self.authority.certificate_pem.decode())
        context.load_cert_chain(data.pki / f"{name}.crt", data.pki / f"{name}.key")
        return context


def _server_context(certificate: str, key: str, client_authority_pem: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key or None)
    context.load_verify_locations(cadata=client_authority_pem.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    return context

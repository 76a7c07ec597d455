"""The cluster's keys and the TLS contexts made of them: its own, or those that somebody brought along."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from kubeade.apiserver.aggregation import FrontProxy
from kubeade.apiserver.authentication.authenticator import DEFAULT_ISSUER, TokenConfig
from kubeade.apiserver.authentication.request_header import RequestHeaders
from kubeade.cluster.front_proxy import FrontProxyFiles, believed_proxies, own_proxy, renew_own_proxy
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.pki import Authority, Subject, signing_key
from kubeade.cluster.renewal import Renewal, ShownPair
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
    renewal: Renewal = field(default_factory=Renewal)

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
        folder = data.pki / "front-proxy"
        files, authority = self.files.front_proxies, self.front_proxies
        self.renewal.hold("front proxy", lambda: renew_own_proxy(files, authority))
        return own_proxy(files, authority, folder)

    def api_context(self, data: DataDirectory, subject: Subject) -> ssl.SSLContext:
        """TLS for the API server. Raises OSError, ssl.SSLError for files that do not serve."""
        if not self.files.tls_certificate:
            return self.serving_context(data, "apiserver", subject)
        context = _server_context(self.client_authority_pem)
        self._show(context, "apiserver", self.files.tls_certificate, self.files.tls_key)
        return context

    def kubelet_context(self, data: DataDirectory, subject: Subject, *, verified: bool) -> ssl.SSLContext:
        """TLS for asking nodes, as `subject` or as the certificate that was brought along says."""
        name = "apiserver-kubelet-client"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(cadata=self.authority.certificate_pem.decode())
        if self.files.kubelet_authority:
            context.load_verify_locations(self.files.kubelet_authority)
        if not verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        shown = name if verified else f"{name}, unverified"
        if self.files.kubelet_certificate:
            self._show(context, shown, self.files.kubelet_certificate, self.files.kubelet_key)
        else:
            self._show_own(context, shown, data, name, subject)
        return context

    def serving_context(self, data: DataDirectory, name: str, subject: Subject) -> ssl.SSLContext:
        """TLS for a server of this cluster; clients may show certificates that the cluster recognizes."""
        context = _server_context(self.client_authority_pem)
        self._show_own(context, name, data, name, subject)
        return context

    def _show_own(
        self, context: ssl.SSLContext, shown: str, data: DataDirectory, name: str, subject: Subject
    ) -> None:
        certificate, key = data.pki / f"{name}.crt", data.pki / f"{name}.key"
        pair = ShownPair(context, certificate, key, lambda: self.authority.issue(name, subject))
        self.renewal.hold(shown, pair.renew)

    def _show(self, context: ssl.SSLContext, name: str, certificate: str, key: str) -> None:
        self.renewal.hold(name, ShownPair(context, certificate, key).renew)


def _server_context(client_authority_pem: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=client_authority_pem.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    return context

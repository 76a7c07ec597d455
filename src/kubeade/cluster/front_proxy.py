"""Front proxies: the one that this API server is to extension API servers, and those it believes itself."""

from dataclasses import dataclass
from pathlib import Path

from kubeade.apiserver.aggregation import FrontProxy
from kubeade.apiserver.authentication.request_header import RequestHeaders
from kubeade.cluster.pki import Authority, Subject

NAME = "front-proxy-client"
"""What the cluster's own one is called."""


@dataclass(frozen=True, slots=True)
class FrontProxyFiles:
    """PEM files to use instead of the cluster's own; an empty name stands for the own one.

    `authority` signs those that are believed, if they are called one of `allowed_names` (none: any). Headers
    that are not named are upstream's: X-Remote-User and so on.
    """

    authority: str = ""
    allowed_names: tuple[str, ...] = ()
    username_headers: tuple[str, ...] = ()
    uid_headers: tuple[str, ...] = ()
    group_headers: tuple[str, ...] = ()
    extra_prefixes: tuple[str, ...] = ()
    client_certificate: str = ""
    client_key: str = ""


def own_proxy(files: FrontProxyFiles, authority: Authority, folder: Path) -> FrontProxy:
    """What the API server shows to extension API servers."""
    if files.client_certificate:
        return FrontProxy(Path(files.client_certificate), Path(files.client_key or files.client_certificate))
    authority.issue("client", Subject(NAME))
    return FrontProxy(folder / "client.crt", folder / "client.key")


def renew_own_proxy(files: FrontProxyFiles, authority: Authority) -> bool:
    """Nothing where a certificate was brought along: whoever shows it looks at the files itself."""
    if files.client_certificate:
        return False
    before = authority.issued("client")
    return authority.issue("client", Subject(NAME)).certificate_pem != before


def believed_proxies(
    files: FrontProxyFiles, authority: Authority, user_authority_pem: bytes
) -> RequestHeaders:
    """Whom the API server believes about who asks: itself, and those of an authority brought along."""
    default = RequestHeaders(authority.certificate_pem, user_authority_pem, (NAME,))
    if not files.authority:
        return default
    brought = Path(files.authority).read_bytes()
    itself = not files.client_certificate
    return RequestHeaders(
        brought + b"\n" + authority.certificate_pem if itself else brought,
        user_authority_pem,
        (*files.allowed_names, NAME) if itself and files.allowed_names else files.allowed_names,
        files.username_headers or default.username_headers,
        files.uid_headers or default.uid_headers,
        files.group_headers or default.group_headers,
        files.extra_prefixes or default.extra_prefixes,
    )

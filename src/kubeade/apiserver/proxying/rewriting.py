"""Links in an answer, made to lead through the proxy that it came by (upstream: util/proxy.Transport).

A page behind `/api/v1/namespaces/shop/pods/web/proxy/` says `href="/menu"` and means its own `/menu`: such
links get the proxy's prefix. Relative links need nothing; links to other hosts are left alone.
"""

import posixpath
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from kubeade.apiserver.proxying.headers import Headers, header

MAX_PAGE_BYTES = 8 * 1024 * 1024
"""Pages beyond this pass as they are: they would have to be held whole."""

_WINDOWS = {"gzip": 31, "deflate": -15}


@dataclass(frozen=True, slots=True)
class Links:
    """`prefix` is the proxy's path; `hosts` are the names under which the page itself was asked for."""

    prefix: str
    hosts: frozenset[str]

    def rewrite(self, link: str) -> str:
        try:
            url = urlsplit(link)
        except ValueError:
            return link
        if (url.netloc and url.netloc not in self.hosts) or not url.path.startswith("/"):
            return link
        path = url.path
        if not path.startswith(self.prefix):
            path = posixpath.normpath(f"{self.prefix}/{path.lstrip('/')}")
            path += "/" if url.path.endswith("/") and not path.endswith("/") else ""
        return urlunsplit(("", "", path, url.query, url.fragment))


def is_page(headers: Headers) -> bool:
    """Whether there are links to rewrite, in an encoding that we read."""
    content_type = header(headers, "content-type").partition(";")[0].strip()
    return content_type == "text/html" and header(headers, "content-encoding") in {"", *_WINDOWS}


async def read_page(body: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """The body, and whether that was all of it (`MAX_PAGE_BYTES`)."""
    page = bytearray()
    async for part in body:
        page += part
        if len(page) > MAX_PAGE_BYTES:
            return bytes(page), False
    return bytes(page), True


def rewrite_page(page: bytes, encoding: str, links: Links) -> bytes | None:
    """The page with its links rewritten, without its encoding; None where it cannot be decoded."""
    if encoding:
        page_or_none = _decompress(page, _WINDOWS[encoding])
        if page_or_none is None:
            return None
        page = page_or_none
    from kubeade.apiserver.proxying.pages import rewritten

    text = page.decode("utf-8", "surrogateescape")
    return rewritten(text, links.rewrite).encode("utf-8", "surrogateescape")


def _decompress(data: bytes, window: int) -> bytes | None:
    decompressor = zlib.decompressobj(window)
    try:
        page = decompressor.decompress(data, MAX_PAGE_BYTES)
    except zlib.error:
        return None
    return page if decompressor.eof else None

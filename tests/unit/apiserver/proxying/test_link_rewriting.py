"""Links that lead back through the proxy, and pages that otherwise stay as they are."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeade.apiserver.proxying.pages import rewritten
from kubeade.apiserver.proxying.rewriting import MAX_PAGE_BYTES, Links, rewrite_page

LINKS = Links("/proxy/web", frozenset({"10.0.0.1:80", "shop.example"}))


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/menu", "/proxy/web/menu"),
        ("/", "/proxy/web/"),
        ("/menu/?a=b#c", "/proxy/web/menu/?a=b#c"),
        ("http://10.0.0.1:80/menu", "/proxy/web/menu"),
        ("https://shop.example/menu", "/proxy/web/menu"),
        ("/proxy/web/menu", "/proxy/web/menu"),
        ("menu", "menu"),
        ("../menu", "../menu"),
        ("#top", "#top"),
        ("", ""),
        ("//elsewhere.example/x", "//elsewhere.example/x"),
        ("http://elsewhere.example/x", "http://elsewhere.example/x"),
        ("mailto:me@example.com", "mailto:me@example.com"),
        ("http://[broken/x", "http://[broken/x"),
    ],
)
def test_a_link_is_rewritten_when_it_means_the_page_s_own_server(link: str, expected: str) -> None:
    assert LINKS.rewrite(link) == expected


def test_only_the_links_of_a_page_change() -> None:
    page = (
        '<!doctype html>\n<P class=x>ü &amp; \n  <IMG alt="a" SRC=/a.png><a data-href="/no" href=\'/y?a=1&amp;b=2\'>'
        '<script>if (a < b) "<a href=\\"/in-script\\">"</script><br/><input src="/i"/></p><a href="/open'
    )
    expected = (
        '<!doctype html>\n<P class=x>ü &amp; \n  <img alt="a" src="/proxy/web/a.png">'
        '<a data-href="/no" href="/proxy/web/y?a=1&amp;b=2">'
        '<script>if (a < b) "<a href=\\"/in-script\\">"</script><br/><input src="/proxy/web/i"/></p><a href="/open'
    )
    assert rewritten(page, LINKS.rewrite) == expected


@given(st.binary())
def test_any_bytes_survive(page: bytes) -> None:
    assert rewrite_page(page, "", Links("/p", frozenset())) is not None


@given(st.text(alphabet="<>/ahref= \n\r'\"!-&;x"))
def test_a_page_without_links_of_its_own_stays_as_it_is(page: str) -> None:
    assert rewritten(page, Links("", frozenset()).rewrite) == page


def test_compressed_pages_are_read() -> None:
    page = b'<a href="/x">'
    raw = zlib.compressobj(wbits=-15)
    for encoding, data in (("gzip", gzip.compress(page)), ("deflate", raw.compress(page) + raw.flush())):
        assert rewrite_page(data, encoding, LINKS) == b'<a href="/proxy/web/x">'


def test_a_page_that_is_a_bomb_or_broken_is_left_alone() -> None:
    assert rewrite_page(gzip.compress(b"x" * (MAX_PAGE_BYTES + 1)), "gzip", LINKS) is None
    assert rewrite_page(b"no gzip", "gzip", LINKS) is None

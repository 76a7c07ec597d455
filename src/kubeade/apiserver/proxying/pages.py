"""The links of an HTML page, rewritten. Imported with the first page: most clusters proxy none."""

import html
from collections.abc import Callable
from html.parser import HTMLParser

Rewrite = Callable[[str], str]

_ATTRIBUTES = {
    "a": {"href"},
    "applet": {"codebase"},
    "area": {"href"},
    "audio": {"src"},
    "base": {"href"},
    "blockquote": {"cite"},
    "body": {"background"},
    "button": {"formaction"},
    "command": {"icon"},
    "del": {"cite"},
    "embed": {"src"},
    "form": {"action"},
    "frame": {"longdesc", "src"},
    "head": {"profile"},
    "html": {"manifest"},
    "iframe": {"longdesc", "src"},
    "img": {"longdesc", "src", "usemap"},
    "input": {"src", "usemap", "formaction"},
    "ins": {"cite"},
    "link": {"href"},
    "object": {"classid", "codebase", "data", "usemap"},
    "q": {"cite"},
    "script": {"src"},
    "source": {"src"},
    "video": {"poster", "src"},
}


def rewritten(page: str, rewrite: Rewrite) -> str:
    """Everything but the start tags that change stays as it is, byte for byte."""
    tags = _Tags(page, rewrite)
    tags.feed(page)
    out, end = [], 0
    for start, old, new in tags.changed:
        out += [page[end:start], new]
        end = start + len(old)
    return "".join([*out, page[end:]])


class _Tags(HTMLParser):
    """Notes each start tag that has to change: where it stands, as it was, as it will be."""

    def __init__(self, page: str, rewrite: Rewrite) -> None:
        super().__init__(convert_charrefs=False)
        self.changed: list[tuple[int, str, str]] = []
        self._rewrite = rewrite
        self._lines = [0]
        for line in page.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look_at(tag, attrs, ">")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look_at(tag, attrs, "/>")

    def _look_at(self, tag: str, attrs: list[tuple[str, str | None]], end: str) -> None:
        wanted = _ATTRIBUTES.get(tag, set())
        new = [(name, self._rewrite(value) if value and name in wanted else value) for name, value in attrs]
        if new == attrs:
            return
        line, column = self.getpos()
        written = "".join(f' {name}="{html.escape(value or "")}"' for name, value in new)
        self.changed.append(
            (self._lines[line - 1] + column, self.get_starttag_text() or "", f"<{tag}{written}{end}")
        )

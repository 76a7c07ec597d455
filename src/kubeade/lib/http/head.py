"""What a server asks of a request's head before anything else looks at it.

Two readers of the same bytes must not see two different requests (smuggling): what could be read in more than
one way is refused, though some servers guess. The parser refuses the rest (bare line feeds, folded headers,
Content-Length beside Transfer-Encoding).
"""

import re
from collections.abc import Mapping

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Refused(Exception):
    """The request broke a rule or a limit: answer with this status and read no more."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.error = (status, message)


def check_head(headers: Mapping[str, str], http_version: str) -> None:
    """Raises Refused. Repeated headers are joined with ", "."""
    host = headers.get("host")
    if host is None and http_version == "1.1":
        raise Refused(400, "missing required Host header")
    if host is not None and "," in host:
        raise Refused(400, "too many Host headers")
    if headers.get("transfer-encoding", "chunked").lower() != "chunked":
        raise Refused(501, "unsupported transfer encoding")
    if headers.get("expect", "100-continue").lower() != "100-continue":
        raise Refused(417, "unsupported expectation")


def check_path(raw_path: str) -> None:
    """Raises Refused for a percent sign that escapes nothing."""
    if _BROKEN_ESCAPE.search(raw_path):
        raise Refused(400, "malformed escape in the path")

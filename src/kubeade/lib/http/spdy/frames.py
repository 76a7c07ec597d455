"""The frames of SPDY/3.1 as values. What may be in them is `codec`'s to check."""

from dataclasses import dataclass, field
from enum import IntEnum

Headers = dict[str, str]
"""Names in lower case; several values of one name are joined by NUL, as on the wire."""


class SpdyError(Exception):
    """The peer does not speak SPDY/3.1, or more of it than is allowed. The connection cannot go on."""


class Status(IntEnum):
    """Why a stream is reset."""

    PROTOCOL_ERROR = 1
    INVALID_STREAM = 2
    REFUSED_STREAM = 3
    CANCEL = 5
    INTERNAL_ERROR = 6
    FLOW_CONTROL_ERROR = 7
    STREAM_ALREADY_CLOSED = 9


class Goodbye(IntEnum):
    """Why a connection ends."""

    OK = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2


INITIAL_WINDOW_SIZE = 7
"""The setting that says how much a stream may send before a first WindowUpdate."""


@dataclass(frozen=True, slots=True)
class SynStream:
    """Opens a stream. Clients use odd ids, each higher than the one before."""

    stream_id: int
    headers: Headers = field(default_factory=dict)
    fin: bool = False
    unidirectional: bool = False
    associated_id: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class SynReply:
    """Accepts a stream."""

    stream_id: int
    headers: Headers = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class HeadersFrame:
    """More headers of a stream."""

    stream_id: int
    headers: Headers = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class RstStream:
    """Ends a stream both ways, at once."""

    stream_id: int
    status: int = Status.CANCEL


@dataclass(frozen=True, slots=True)
class Settings:
    """Values by their ids."""

    values: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ping:
    """Comes back as it is, if its id is of the other side's parity."""

    ping_id: int


@dataclass(frozen=True, slots=True)
class GoAway:
    """The sender takes no more streams."""

    last_stream_id: int = 0
    status: int = Goodbye.OK


@dataclass(frozen=True, slots=True)
class WindowUpdate:
    """The sender has room for so many bytes more of a stream."""

    stream_id: int
    delta: int


@dataclass(frozen=True, slots=True)
class Data:
    """A piece of a stream's bytes; `fin` says that no more come."""

    stream_id: int
    data: bytes
    fin: bool = False


Frame = SynStream | SynReply | HeadersFrame | RstStream | Settings | Ping | GoAway | WindowUpdate | Data

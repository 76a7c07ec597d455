"""The CRI's log format, and what of it a reader wants to see. Pure: bytes in, bytes out.

A line of the file is `TIME STREAM TAGS CONTENT`; the tag P says that the container's line goes on in the next
one of the same stream (kubernetes/design-proposals-archive, kubelet-cri-logging).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class LogOptions:
    """PodLogOptions, the parts that a file answers. None and "" stand for no limit."""

    follow: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since: datetime | None = None
    stream: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the file. `content` ends with a newline unless it is partial."""

    time: bytes
    stream: str
    content: bytes


def parse(line: bytes) -> LogLine | None:
    """None for what is not in the format: a damaged line is left out."""
    parts = line.rstrip(b"\n").split(b" ", 3)
    if len(parts) < 3 or parts[1] not in (b"stdout", b"stderr"):
        return None
    partial = parts[2].split(b":")[0] == b"P"
    content = parts[3] if len(parts) == 4 else b""
    return LogLine(parts[0], parts[1].decode(), content if partial else content + b"\n")


@dataclass(slots=True)
class LogFilter:
    """What one reader gets of the lines, in order. `done` once the limit of bytes is reached."""

    options: LogOptions
    done: bool = False
    _sent_bytes: int = 0
    _continued: dict[str, bool] = field(default_factory=dict)

    def apply(self, line: LogLine) -> bytes:
        options = self.options
        if options.stream and line.stream != options.stream:
            return b""
        if options.since is not None and _time(line.time) < options.since:
            return b""
        begins = not self._continued.get(line.stream, False)
        self._continued[line.stream] = not line.content.endswith(b"\n")
        output = line.time + b" " + line.content if options.timestamps and begins else line.content
        return self._limited(output)

    def _limited(self, output: bytes) -> bytes:
        limit = self.options.limit_bytes
        if limit is None:
            return output
        output = output[: limit - self._sent_bytes]
        self._sent_bytes += len(output)
        self.done = self._sent_bytes >= limit
        return output


def _time(text: bytes) -> datetime:
    """Nanoseconds are cut: a line of the same microsecond as `since` counts as after it."""
    try:
        whole, _, rest = text.decode("ascii").partition(".")
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        zone = rest[len(digits) :] if rest else ""
        return datetime.fromisoformat(f"{whole}.{digits[:6].ljust(6, '0')}{zone}" if rest else whole)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)

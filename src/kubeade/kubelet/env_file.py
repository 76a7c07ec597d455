"""Files of variables that an init container leaves in an emptyDir (`valueFrom.fileKeyRef`, KEP-3721).

The syntax is a strict part of the shell's: `NAME='value'`, the value over several lines if need be, and
comments. A container wrote the file, so the way to it is walked without following links: it must not make the
node read a file of its own to it.
"""

import os
import re
from pathlib import Path

SIZE_LIMIT_BYTES = 64 * 1024
_COMMENT = r"[ \t]*(?:#[^\n]*)?"
_VALUE = rf"'(?P<value>[^']*)'{_COMMENT}|[ \t][^\n]*"
_ENTRY = re.compile(rf"[ \t]*(?P<name>[^=\s][^=\n]*?)=(?:{_VALUE})(?:\n|\Z)")
_BLANK = re.compile(rf"{_COMMENT}(?:\n|\Z)")


class BadEnvFile(Exception):
    """The file is not one of variables; the message says where."""


def parse_env_file(text: str) -> dict[str, str]:
    """The variables by name; of two of one name the first counts. Raises BadEnvFile."""
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        blank = _BLANK.match(text, place)
        if blank is not None:
            place = blank.end()
            continue
        entry = _ENTRY.match(text, place)
        if entry is None or entry["name"] != entry["name"].rstrip():
            line = text.count("\n", 0, place) + 1
            raise BadEnvFile(f"invalid environment variable format at line {line}")
        found.setdefault(entry["name"], entry["value"] or "")
        place = entry.end()
    return found


def read_env_file(volume: Path, path: str) -> str | None:
    """The file at `path` in a volume, None if there is none. Raises BadEnvFile, OSError."""
    handle = os.open(volume, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in [each for each in path.split("/") if each not in ("", ".")]:
            inner = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
            os.close(handle)
            handle = inner
        data = os.read(handle, SIZE_LIMIT_BYTES + 1)
    except FileNotFoundError:
        return None
    finally:
        os.close(handle)
    if len(data) > SIZE_LIMIT_BYTES:
        raise BadEnvFile(f"it is larger than {SIZE_LIMIT_BYTES} bytes")
    return data.decode(errors="replace")

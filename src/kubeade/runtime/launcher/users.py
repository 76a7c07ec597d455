"""Who a container runs as: ids, or names looked up in the image's own /etc/passwd and /etc/group."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_FILE_LIMIT_BYTES = 8 << 20
_READ_BYTES = 64 << 10
_ID_LIMIT = (1 << 31) - 1


class User:
    """The resolved identity of a process."""

    def __init__(self, uid: int, gid: int, groups: list[int], home: str) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home


def resolve(wanted: dict[str, Any], read: Callable[[str], str]) -> User:
    """The identity for `wanted` (`user` and `group` as in an image's config: name or number, "" for none;
    `groups`, `policy`); `read` gives a file of the container, "" if missing. Raises ValueError."""
    passwd = _lines(read("/etc/passwd"), 7)
    groups = _lines(read("/etc/group"), 4)
    name = wanted["user"] or "0"
    entry = _entry(passwd, name)
    if entry is None and not name.isdigit():
        raise ValueError(f"unable to find user {name}: no matching entries in passwd file")
    uid = int(entry[2]) if entry else int(name)
    gid = _group_id(groups, wanted["group"]) if wanted["group"] else int(entry[3]) if entry else 0
    extra = list(wanted["groups"])
    if wanted.get("policy", "Merge") != "Strict" and entry:
        extra += [int(group[2]) for group in groups if entry[0] in group[3].split(",")]
    if max(uid, gid, *extra, 0) > _ID_LIMIT:
        raise ValueError("user and group ids must be below 2147483648")
    return User(uid, gid, sorted({gid, *extra}), (entry[5] if entry else "") or "/")


def reader(open_file: Callable[[str], int]) -> Callable[[str], str]:
    """A `read` on top of a function that opens a path inside the container."""

    def read(path: str) -> str:
        try:
            fd = open_file(path)
        except OSError:
            return ""
        content = bytearray()
        try:
            while len(content) < _FILE_LIMIT_BYTES and (part := os.read(fd, _READ_BYTES)):
                content += part
        finally:
            os.close(fd)
        return content.decode("utf-8", "replace")

    return read


def _entry(lines: list[list[str]], name: str) -> list[str] | None:
    column = 2 if name.isdigit() else 0
    return next((line for line in lines if line[column] == name), None)


def _group_id(groups: list[list[str]], name: str) -> int:
    if name.isdigit():
        return int(name)
    entry = _entry(groups, name)
    if entry is None:
        raise ValueError(f"unable to find group {name}: no matching entries in group file")
    return int(entry[2])


def _lines(text: str, columns: int) -> list[list[str]]:
    rows = [line.strip().split(":") for line in text.splitlines() if line and not line.startswith("#")]
    return [row for row in rows if len(row) >= columns and row[2].isdigit()]

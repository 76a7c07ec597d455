"""Writes a revision into a value and replaces it later. Pure.

The stamp is the revision in decimal, inserted at a byte offset that the writer names. Its length is
that of the number, so the offset and the revision together say where it ends.
"""


def stamp(value: bytes, stamp_at: int | None, revision: int) -> bytes:
    """The value with the revision inserted at `stamp_at`; unchanged where none was asked for."""
    if stamp_at is None:
        return value
    return b"%b%d%b" % (value[:stamp_at], revision, value[stamp_at:])


def restamp(value: bytes, stamp_at: int | None, old_revision: int, revision: int) -> bytes:
    """A stamped value with its old revision replaced by another one."""
    if stamp_at is None:
        return value
    end = stamp_at + len(str(old_revision))
    return b"%b%d%b" % (value[:stamp_at], revision, value[end:])

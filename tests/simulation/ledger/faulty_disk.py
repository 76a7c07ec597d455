"""A disk that remembers what SQLite did to it, and fails on demand: a shim between SQLite and the real files.

It is a SQLite VFS, made the default in this process while it is installed. All it changes are writing,
truncating and syncing; each is noted in `log`, so that `crash` can say afterwards what a machine that lost
its power at any moment could have found on its disk.
"""

import ctypes
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p, cast
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512
SQLITE_OK, SQLITE_IOERR_WRITE, SQLITE_FULL = 0, 10 | 3 << 8, 13

_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)
_Delete = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
_Open = CFUNCTYPE(
    c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p
)  # SQLite keeps the name: hand it on as it is


class _Methods(Structure):
    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", _Write),
        ("truncate", _Truncate),
        ("sync", _Sync),
        ("more", c_void_p * 13),
    )


class _File(Structure):
    _fields_ = (("methods", POINTER(_Methods)),)


class _Vfs(Structure):
    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("max_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", _Open),
        ("delete", _Delete),
        ("more", c_void_p * 14),
    )


@dataclass(frozen=True)
class Step:
    """One thing that happened to a file. `data` None: cut to `offset` bytes; b"" at -1: synced."""

    path: str
    offset: int
    data: bytes | None

    @property
    def is_sync(self) -> bool:
        return self.offset == -1


@dataclass
class FaultyDisk:
    log: list[Step] = field(default_factory=list)
    failures: dict[int, int] = field(default_factory=dict)
    """Which write or sync (counted from 0) fails, and with which of SQLite's error codes."""

    _paths: dict[int, str] = field(default_factory=dict)
    _operations: int = 0
    _rate: float = 0.0
    _codes: tuple[int, ...] = ()
    _chance: random.Random = field(default_factory=random.Random)

    def fail_every(self, chance: random.Random, operations: int, codes: tuple[int, ...]) -> None:
        """From now on, one of so many writes or syncs fails."""
        self._chance, self._rate, self._codes = chance, 1 / operations, codes

    def recover(self) -> None:
        """Nothing fails any more."""
        self._rate = 0.0

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Every connection that is opened meanwhile goes through here."""
        library = _library()
        library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        real = library.sqlite3_vfs_find(None)
        self._vfs = _Vfs()
        ctypes.memmove(ctypes.byref(self._vfs), real, ctypes.sizeof(_Vfs))
        self._vfs.name = b"faulty"
        self._vfs.next = None
        self._kept: dict[int, _Methods] = {}
        self._open = _Open(lambda _, *rest: self._opened(real, *rest))
        self._vfs.open = self._open
        self._delete = _Delete(lambda _, *rest: self._deleted(real, *rest))
        self._vfs.delete = self._delete
        assert library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1) == SQLITE_OK
        try:
            yield
        finally:
            library.sqlite3_vfs_unregister(ctypes.byref(self._vfs))
            library.sqlite3_vfs_register(real, 1)

    def _opened(
        self, real: "ctypes._Pointer[_Vfs]", name: int | None, file: int, flags: int, out: int
    ) -> int:
        code: int = real.contents.open(cast(real, c_void_p), name, file, flags, out)
        opened = cast(file, POINTER(_File)).contents
        if code == SQLITE_OK and name is not None and opened.methods:
            self._paths[file] = Path(ctypes.string_at(name).decode()).name
            address = ctypes.addressof(opened.methods.contents)
            if address not in self._kept:
                self._kept[address] = self._wrapped(opened.methods.contents)
            opened.methods = ctypes.pointer(self._kept[address])
        return code

    def _deleted(self, real: "ctypes._Pointer[_Vfs]", name: int, sync_folder: int) -> int:
        """Counted as lasting at once: what is written under the name later is another file."""
        path = Path(ctypes.string_at(name).decode()).name
        self.log += (Step(path, 0, None), Step(path, -1, b""))
        return int(real.contents.delete(cast(real, c_void_p), name, sync_folder))

    def _wrapped(self, real: _Methods) -> _Methods:
        made = _Methods()
        ctypes.memmove(ctypes.byref(made), ctypes.byref(real), ctypes.sizeof(_Methods))
        real_write, real_truncate, real_sync = real.write, real.truncate, real.sync

        def write(file: int, data: int, size: int, offset: int) -> int:
            failure = self._fails()
            if failure:
                return failure
            self.log.append(Step(self._paths[file], offset, ctypes.string_at(data, size)))
            return int(real_write(file, data, size, offset))

        def truncate(file: int, size: int) -> int:
            self.log.append(Step(self._paths[file], size, None))
            return int(real_truncate(file, size))

        def sync(file: int, flags: int) -> int:
            failure = self._fails()
            if failure:
                return failure
            code = int(real_sync(file, flags))
            self.log.append(Step(self._paths[file], -1, b""))
            return code

        made.write, made.truncate, made.sync = _Write(write), _Truncate(truncate), _Sync(sync)
        return made

    def _fails(self) -> int:
        self._operations += 1
        if self._rate and self._chance.random() < self._rate:
            return self._chance.choice(self._codes)
        return self.failures.get(self._operations - 1, SQLITE_OK)


def crash(log: list[Step], moment: int, chance: random.Random, folder: Path) -> None:
    """Make the files as they may be found after the power went before step `moment`.

    What was synced is there. Of the rest, each write may have reached the disk, be lost, or be torn at a
    sector's edge, whatever their order was.
    """
    paths = {step.path for step in log[:moment] if not step.path.endswith("-shm")}
    for path in sorted(paths):
        steps = [step for step in log[:moment] if step.path == path]
        synced = max((number for number, step in enumerate(steps) if step.is_sync), default=-1) + 1
        content = bytearray()
        for step in steps[:synced]:
            _apply(content, step)
        pending = steps[synced:]
        style = chance.random()
        if style < 0.25:  # as after SIGKILL: all of it
            survivors = pending
        else:
            survivors = [_torn(step, chance) for step in pending if chance.random() < 0.5 + style / 4]
            if style > 0.5:
                chance.shuffle(survivors)
        for step in survivors:
            _apply(content, step)
        (folder / path).write_bytes(bytes(content))


def _torn(step: Step, chance: random.Random) -> Step:
    if step.data is None or chance.random() < 0.7:
        return step
    sectors = len(step.data) // SECTOR_BYTES
    return Step(step.path, step.offset, step.data[: chance.randint(0, sectors) * SECTOR_BYTES])


def _apply(content: bytearray, step: Step) -> None:
    if step.is_sync:
        return
    if step.data is None:
        del content[step.offset :]
        return
    if len(content) < step.offset:
        content.extend(bytes(step.offset - len(content)))
    content[step.offset : step.offset + len(step.data)] = step.data


def _library() -> ctypes.CDLL:
    """The very SQLite that Python's module uses. Raises AttributeError where its functions are hidden."""
    import _sqlite3

    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find  # noqa: B018 - is it there?
    library.sqlite3_libversion.restype = c_char_p
    assert library.sqlite3_libversion().decode() == sqlite3.sqlite_version
    return library


def unavailable() -> str:
    """Why there can be no such disk here; empty if there can."""
    try:
        _library()
    except (AttributeError, OSError, ImportError) as error:
        return f"this Python's SQLite cannot be reached from outside ({error})"
    return ""

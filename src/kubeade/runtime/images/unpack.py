"""Unpacking a layer: a tar stream becomes a directory that overlayfs can use as a lower layer.

Names in the archive mean nothing outside the layer: parents are resolved inside it, `..` is refused,
links are made but never followed out. Whiteouts become overlayfs' own. Needs root, as the containers do.
"""

import gzip
import hashlib
import io
import os
import shutil
import stat
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from kubeade.runtime.images.scratch import scratch
from kubeade.runtime.launcher.root import Root

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_RESERVED = ".wh..wh."
_XATTR_PREFIX = "SCHILY.xattr."
_KEPT_XATTRS = ("security.capability", "user.")
_CHUNK_BYTES = 1 << 20


class BadLayer(Exception):
    """The layer is not what its digest or the format promises."""


def decompressed(file: IO[bytes]) -> IO[bytes]:
    """`file` without its compression, told by its first bytes: gzip, zstd or none."""
    head = file.read(4)
    file.seek(0)
    if head[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    if head == b"\x28\xb5\x2f\xfd":
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(file)
    return file


def unpack_layer(blob: Path, target: Path, diff_id: str) -> None:
    """Unpack `blob` as `target`, unless that is there. Raises BadLayer, and then nothing is left."""
    if target.is_dir():
        return
    try:
        with scratch(target.parent) as partial:
            with blob.open("rb") as file:
                hashed = _Hashed(decompressed(file))
                _extract(hashed, partial)
                actual = hashed.finish()
            if actual != diff_id:
                raise BadLayer(f"layer has digest {actual}, not {diff_id}")
            partial.chmod(0o755)
            with suppress(FileExistsError, OSError):  # somebody else was faster
                partial.rename(target)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BadLayer(f"layer {diff_id}: {error}") from error


class _Hashed(io.RawIOBase):
    """Hashes what is read through it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        return data

    def finish(self) -> str:
        """The digest of everything, to the end of the stream."""
        while self.read(_CHUNK_BYTES):
            pass
        return f"sha256:{self._hash.hexdigest()}"


def _extract(stream: io.RawIOBase, directory: Path) -> None:
    root = Root(str(directory))
    times: list[tuple[str, int]] = []
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                _extract_member(archive, member, root)
                if member.isdir():
                    times.append((member.name, int(member.mtime)))
        for name, mtime in reversed(times):
            _set_directory_time(root, name, mtime)
    finally:
        root.close()


def _set_directory_time(root: Root, name: str, mtime: int) -> None:
    with suppress(OSError):
        fd = root.open(name, os.O_RDONLY | os.O_DIRECTORY)
        os.utime(fd, (mtime, mtime))
        os.close(fd)


def _extract_member(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Root) -> None:
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise BadLayer(f"layer has a path that leads out of it: {member.name!r}")
    if not parts:
        return
    name = parts[-1]
    parent = root.ensure("/".join(parts[:-1]) or "/", directory=True)
    try:
        if name.startswith(_WHITEOUT):
            _white_out(parent, name)
            return
        if not (member.isdir() and _is_directory(parent, name)):
            _remove(parent, name)
            _make(archive, member, root, parent, name)
        if not member.islnk():
            _dress(member, parent, name)
    finally:
        os.close(parent)


def _white_out(parent: int, name: str) -> None:
    if name == _OPAQUE:
        os.setxattr(f"/proc/self/fd/{parent}", "trusted.overlay.opaque", b"y")
    elif not name.startswith(_RESERVED):
        hidden = name.removeprefix(_WHITEOUT)
        _remove(parent, hidden)
        os.mknod(hidden, stat.S_IFCHR, 0, dir_fd=parent)


def _make(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Root, parent: int, name: str) -> None:
    if member.isdir():
        os.mkdir(name, 0o700, dir_fd=parent)
    elif member.isreg():
        _write_file(archive, member, parent, name)
    elif member.issym():
        os.symlink(member.linkname, name, dir_fd=parent)
    elif member.islnk():
        _link(member, root, parent, name)
    elif member.isfifo():
        os.mkfifo(name, 0o600, dir_fd=parent)
    elif member.ischr() or member.isblk():
        kind = stat.S_IFCHR if member.ischr() else stat.S_IFBLK
        os.mknod(name, kind | 0o600, os.makedev(member.devmajor, member.devminor), dir_fd=parent)
    else:
        raise BadLayer(f"layer has an entry of unknown type {member.type!r}: {member.name!r}")


def _write_file(archive: tarfile.TarFile, member: tarfile.TarInfo, parent: int, name: str) -> None:
    source = archive.extractfile(member)
    assert source is not None, "a regular file has content"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, 0o600, dir_fd=parent), "wb") as file:
        shutil.copyfileobj(source, file, _CHUNK_BYTES)


def _link(member: tarfile.TarInfo, root: Root, parent: int, name: str) -> None:
    directory, _, target = member.linkname.strip("/").rpartition("/")
    if target in ("", ".", "..") or ".." in directory.split("/"):
        raise BadLayer(f"layer has a link that leads out of it: {member.linkname!r}")
    other = root.open(directory or "/", os.O_PATH | os.O_DIRECTORY)
    try:
        os.link(target, name, src_dir_fd=other, dst_dir_fd=parent, follow_symlinks=False)
    finally:
        os.close(other)


def _dress(member: tarfile.TarInfo, parent: int, name: str) -> None:
    """Owner, mode with setuid, attributes, time: in the order in which the kernel keeps them."""
    os.chown(name, member.uid, member.gid, dir_fd=parent, follow_symlinks=False)
    path = f"/proc/self/fd/{parent}/{name}"
    if not member.issym():
        os.chmod(path, stat.S_IMODE(member.mode))
        for key, value in member.pax_headers.items():
            attribute = key.removeprefix(_XATTR_PREFIX)
            if key != attribute and attribute.startswith(_KEPT_XATTRS):
                os.setxattr(path, attribute, value.encode("utf-8", "surrogateescape"), follow_symlinks=False)
    seconds = int(member.mtime)
    os.utime(name, (seconds, seconds), dir_fd=parent, follow_symlinks=False)


def _is_directory(parent: int, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _remove(parent: int, name: str) -> None:
    """Whatever an earlier entry of that name has made."""
    if _is_directory(parent, name):
        shutil.rmtree(name, dir_fd=parent)
        return
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)

"""A container's root directory under construction: paths are resolved inside it and never out of it.

Every target is opened first (openat2 with RESOLVE_IN_ROOT, no magic links) and then used by descriptor, so
that a symlink in an image or a volume, or one swapped in meanwhile, cannot lead a mount elsewhere.
"""

from __future__ import annotations

import errno
import os

from kubeade.runtime.launcher import syscalls

_INSIDE = syscalls.RESOLVE_IN_ROOT | syscalls.RESOLVE_NO_MAGICLINKS
_KEPT_FLAGS = (
    0x0F | 1024 | 2048
)  # ro, nosuid, nodev, noexec, noatime, nodiratime: the same bits in both calls


def fd_path(fd: int) -> str:
    """A path that names exactly what `fd` has open."""
    return f"/proc/self/fd/{fd}"


def add_flags(path: str, flags: int) -> None:
    """Add `flags` to the topmost mount at `path`, which is ours."""
    kept = os.statvfs(path).f_flag & _KEPT_FLAGS
    syscalls.mount(None, path, None, syscalls.MS_REMOUNT | syscalls.MS_BIND | kept | flags)


class Root:
    """The directory `path`, open; everything else is relative to it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self._fd)

    def open(self, path: str, flags: int = os.O_PATH, *, symlinks: bool = True) -> int:
        """A descriptor for what `path` means to the container."""
        resolve = _INSIDE if symlinks else _INSIDE | syscalls.RESOLVE_NO_SYMLINKS
        return syscalls.openat2(self._fd, path.lstrip("/") or ".", flags, resolve)

    def ensure(self, path: str, *, directory: bool, mode: int = 0o755) -> int:
        """Like `open`, but what is missing is created: directories, and a file at the end if asked."""
        try:
            return self.open(path)
        except FileNotFoundError:
            parent, name = os.path.split(path.rstrip("/"))
            if not name or name in (".", ".."):
                raise
        parent_fd = self.ensure(parent or "/", directory=True, mode=mode)
        try:
            if directory:
                os.mkdir(name, mode, dir_fd=parent_fd)
            else:
                flags = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                os.close(os.open(name, flags, 0o644, dir_fd=parent_fd))
        except FileExistsError:
            pass  # a dangling symlink: opening it below says so
        finally:
            os.close(parent_fd)
        return self.open(path)

    def directory_without_symlinks(self, path: str) -> int:
        """For /proc, /sys and /dev: an image that has a symlink there wants something else mounted."""
        try:
            fd = self.open(path, os.O_PATH | os.O_DIRECTORY, symlinks=False)
        except FileNotFoundError:
            os.close(self.ensure(path, directory=True))
            fd = self.open(path, os.O_PATH | os.O_DIRECTORY, symlinks=False)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise OSError(error.errno, f"the image's {path} is not a directory") from None
            raise
        return fd

    def mount(
        self, fd: int, source: str | None, kind: str | None, flags: int, data: str | None = None
    ) -> None:
        """Mount onto what `fd` has open, and close it."""
        try:
            syscalls.mount(source, fd_path(fd), kind, flags, data)
        finally:
            os.close(fd)

    def remount(self, path: str, flags: int, *, recursive_readonly: bool = False) -> None:
        """Add `flags` to the topmost mount at `path`; read-only for all mounts below it too, if asked."""
        fd = self.open(path)
        try:
            add_flags(fd_path(fd), flags)
            if recursive_readonly:
                syscalls.mount_set_readonly(fd, recursive=True)
        finally:
            os.close(fd)

    def device_of(self, path: str) -> int:
        """The device number of the filesystem at `path`: tells whether two paths are in one filesystem."""
        fd = self.open(path)
        try:
            return os.fstat(fd).st_dev
        finally:
            os.close(fd)

    def enter(self) -> None:
        """Make this the root of the mount namespace and let go of the old one."""
        os.fchdir(self._fd)
        syscalls.pivot_root(".", ".")
        syscalls.umount(".", syscalls.MNT_DETACH)
        os.chdir("/")

"""What the kubelet needs of the kernel for volumes, where it may mount at all."""

import contextlib
import ctypes
import os
from pathlib import Path
from typing import Protocol

_NOSUID, _NODEV, _DETACH = 2, 4, 2


class Mounter(Protocol):
    """Injected: only a node that runs as root on Linux has one that works."""

    def can_mount(self) -> bool: ...

    def mount_tmpfs(self, target: Path, size_bytes: int) -> None:
        """Mount memory at `target`, unless it is there already; 0: no limit. Raises OSError."""
        ...

    def unmount(self, target: Path) -> None:
        """Unmount; what is not mounted is no error."""
        ...


class NoMounter:
    """A node that may not mount: memory-backed volumes stay on disk, and the pod is told (FieldsIgnored)."""

    def can_mount(self) -> bool:
        return False

    def mount_tmpfs(self, target: Path, size_bytes: int) -> None:
        raise OSError("this node may not mount")

    def unmount(self, target: Path) -> None:
        return None


class LinuxMounter:
    """Mounts in the namespace of this process, as root. A mount outlives the process: it is found again."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def can_mount(self) -> bool:
        return True

    def mount_tmpfs(self, target: Path, size_bytes: int) -> None:
        if target.is_mount():
            return
        options = "mode=0777" + (f",size={size_bytes}" if size_bytes else "")
        arguments = (b"tmpfs", os.fsencode(target), b"tmpfs", ctypes.c_ulong(_NOSUID | _NODEV))
        if self._libc.mount(*arguments, options.encode()) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"mount tmpfs on {target}: {os.strerror(number)}")

    def unmount(self, target: Path) -> None:
        with contextlib.suppress(OSError):
            if target.is_mount():
                self._libc.umount2(os.fsencode(target), _DETACH)

"""What the kubelet needs of the kernel for volumes, where it may mount at all."""

from pathlib import Path
from typing import Protocol


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
    """A node that may not mount: memory-backed volumes stay on disk, and the pod is told."""

    def can_mount(self) -> bool:
        return False

    def mount_tmpfs(self, target: Path, size_bytes: int) -> None:
        raise OSError("this node may not mount")

    def unmount(self, target: Path) -> None:
        return None

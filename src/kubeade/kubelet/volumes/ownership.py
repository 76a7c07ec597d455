"""Gives a volume to a pod's fsGroup, where this process may (upstream: volume.SetVolumeOwnership)."""

import os
import stat
from pathlib import Path

from kubeade.api.resource import Object

READ_WRITE_BITS = 0o660
READ_ONLY_BITS = 0o440
SEARCH_BITS = 0o110


def fs_group(pod: Object) -> int | None:
    group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    return None if group is None else int(group)


def common_user(pod: Object) -> int | None:
    """The user that all containers run as, None where they differ or an image decides."""
    shared = (pod["spec"].get("securityContext") or {}).get("runAsUser")
    users = set()
    for container in [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]:
        own = (container.get("securityContext") or {}).get("runAsUser")
        users.add(shared if own is None else own)
    return users.pop() if len(users) == 1 else None


def belongs_to_group(root: Path, group: int) -> bool:
    """Whether `root` itself is as `give_to_group` leaves it (fsGroupChangePolicy OnRootMismatch)."""
    found, wanted = root.stat(), READ_WRITE_BITS | SEARCH_BITS | stat.S_ISGID
    return found.st_gid == group and stat.S_IMODE(found.st_mode) & wanted == wanted


def give_to_group(root: Path, group: int, *, read_only: bool) -> None:
    """Set group and its permission bits on `root` and everything below; links are left alone."""
    if os.geteuid() != 0:
        return
    _give(root, group, read_only=read_only)
    for directory, names, files in os.walk(root):
        for name in [*names, *files]:
            _give(Path(directory) / name, group, read_only=read_only)


def _give(path: Path, group: int, *, read_only: bool) -> None:
    found = path.lstat()
    os.chown(path, -1, group, follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode):
        return
    bits = READ_ONLY_BITS if read_only else READ_WRITE_BITS
    if stat.S_ISDIR(found.st_mode):
        bits |= SEARCH_BITS | stat.S_ISGID
    path.chmod(stat.S_IMODE(found.st_mode) | bits)

"""The container's root filesystem: an overlay of shared image layers and a scratch layer of its own.

It is mounted in the container's mount namespace only, so that it disappears with the container's last
process. Where the scratch directory's filesystem cannot be an upper layer (overlay on overlay, as inside
other container engines) the scratch layer is a tmpfs.
"""

from __future__ import annotations

import errno
import os
import stat

from kubeade.runtime.launcher import syscalls
from kubeade.runtime.launcher.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FLAGS = syscalls.MS_NODEV
"""Device nodes that a container makes are of no use to it: devices come as bind mounts only."""
_HIDING_FLAGS = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC


def mount_root(spec: dict[str, Any]) -> str:
    """Mount the root filesystem that `spec` describes; the path where it is."""
    merged, scratch = spec["merged"], spec["scratch"]
    flags = 0 if spec.get("privileged") else _FLAGS
    if spec.get("host"):
        _mount_host(spec, merged, scratch, flags)
    else:
        os.chdir(spec["layers_directory"])
        _mount_overlay(":".join(spec["layers"]), scratch, "root", merged, flags)
    return str(merged)


def mount_image(image: dict[str, Any], target: str) -> None:
    """Mount an image's content, and nothing else, at `target`, read-only."""
    os.makedirs(target, exist_ok=True)
    layers = image["layers"]
    os.chdir(image["layers_directory"])
    flags = syscalls.MS_RDONLY | syscalls.MS_NODEV | syscalls.MS_NOSUID
    if len(layers) > 1:
        syscalls.mount("overlay", target, "overlay", flags, "lowerdir=" + ":".join(layers))
        return
    syscalls.mount(os.path.join(image["layers_directory"], layers[0]), target, None, syscalls.MS_BIND)
    syscalls.mount(None, target, None, syscalls.MS_REMOUNT | syscalls.MS_BIND | flags)


def _mount_overlay(lower: str, scratch: str, name: str, target: str, flags: int) -> None:
    try:
        _try_overlay(lower, f"{scratch}/{name}", target, flags)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
        if not os.path.ismount(scratch):
            syscalls.mount("tmpfs", scratch, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=0700")
            os.chdir(os.getcwd())  # where that is the scratch directory, the one below it so far
        _try_overlay(lower, f"{scratch}/{name}", target, flags)


def _try_overlay(lower: str, place: str, target: str, flags: int) -> None:
    upper, work = place + ".upper", place + ".work"
    os.makedirs(upper, 0o755, exist_ok=True)  # it becomes the container's /
    os.makedirs(work, 0o700, exist_ok=True)
    # Relative names keep many layers below the page that mount options must fit in.
    options = f"lowerdir={lower},upperdir={os.path.relpath(upper)},workdir={os.path.relpath(work)}"
    try:
        # Nobody reads the scratch layer after its container: no need to sync it.
        syscalls.mount("overlay", target, "overlay", flags, options + ",volatile")
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        syscalls.mount("overlay", target, "overlay", flags, options)


def _mount_host(spec: dict[str, Any], merged: str, scratch: str, flags: int) -> None:
    """The machine's own root filesystem: overlays over `/` and over each submount worth having."""
    os.chdir(scratch)
    for number, path in enumerate(["/", *spec["submounts"]]):
        target = merged + path.rstrip("/")
        if number and not os.path.isdir(target):
            continue
        _mount_overlay(path.replace("\\", "\\\\").replace(":", "\\:"), scratch, str(number), target, flags)
    _hide(spec["hidden"], Root(merged), scratch)


def _hide(paths: list[str], root: Root, scratch: str) -> None:
    """Nothing over files, and over directories empty ones of one tmpfs: one for each would take far longer.

    The tmpfs lies over the scratch directory, which the overlays have open and nobody has to see any more.
    """
    syscalls.mount("tmpfs", scratch, "tmpfs", _HIDING_FLAGS, "mode=0700,size=64m")
    for number, path in enumerate(paths):
        try:
            fd = root.open(path, os.O_PATH | os.O_NOFOLLOW)
        except OSError:
            continue  # inside another one that is hidden, or in a submount that is not there
        kind = os.fstat(fd).st_mode
        if stat.S_ISLNK(kind):
            os.close(fd)
        elif stat.S_ISDIR(kind):
            empty = os.path.join(scratch, f"hidden-{number}")
            os.mkdir(empty)
            root.mount(fd, empty, None, syscalls.MS_BIND)
        else:
            root.mount(fd, "/dev/null", None, syscalls.MS_BIND)
    root.close()

"""What is mounted into a container's root: /proc, /sys, /dev, volumes, and what hides or protects paths."""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from kubeade.runtime.launcher import overlay, syscalls
from kubeade.runtime.launcher.root import Root, add_flags, fd_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_QUIET = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
_PROPAGATION = {
    "private": syscalls.MS_PRIVATE,
    "slave": syscalls.MS_SLAVE,
    "shared": syscalls.MS_SHARED,
}


_OPTIONS = {"nosuid": syscalls.MS_NOSUID, "nodev": syscalls.MS_NODEV, "noexec": syscalls.MS_NOEXEC}


def leave_host_propagation() -> None:
    """Mounts made from here on do not reach the host; the host's may reach volumes that want them."""
    syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_SLAVE)


def mount_kernel(root: Root, spec: dict[str, Any]) -> None:
    """/proc and /sys, verified to be what they should be."""
    root.mount(root.directory_without_symlinks("/proc"), "proc", "proc", _QUIET)
    _verify_proc(root)
    readonly = 0 if spec["privileged"] else syscalls.MS_RDONLY
    root.mount(root.directory_without_symlinks("/sys"), "sysfs", "sysfs", _QUIET | readonly)
    _mount_cgroups(root, spec, readonly)


def _verify_proc(root: Root) -> None:
    fd = root.open("/proc/self/stat", os.O_RDONLY, symlinks=True)
    try:
        seen = int(os.read(fd, 64).split(b" ", 1)[0])
    finally:
        os.close(fd)
    if seen != os.getpid():
        raise OSError(errno.EINVAL, "the container's /proc is not its own")


def _mount_cgroups(root: Root, spec: dict[str, Any], readonly: int) -> None:
    """The container's own cgroup at /sys/fs/cgroup, per controller on version 1."""
    groups: dict[str, str] = spec.get("cgroup_paths") or {}
    if not groups or not _has_directory(root, "/sys/fs/cgroup"):
        return
    target = root.open("/sys/fs/cgroup")
    if "unified" in groups:
        root.mount(target, groups["unified"], None, syscalls.MS_BIND)
        root.remount("/sys/fs/cgroup", _QUIET | readonly)
        return
    root.mount(target, "tmpfs", "tmpfs", _QUIET, "mode=755,size=64k")
    with _inside(root, "/sys/fs/cgroup") as empty:
        for controller, path in groups.items():
            os.mkdir(f"{empty}/{controller}")
            syscalls.mount(path, f"{empty}/{controller}", None, syscalls.MS_BIND)
            add_flags(f"{empty}/{controller}", _QUIET | readonly)
        add_flags(empty, _QUIET | readonly)


@contextlib.contextmanager
def _inside(root: Root, path: str) -> Iterator[str]:
    """A name for the fresh tmpfs at `path`: nobody else was in it, so what is below may be named, too."""
    fd = root.open(path)
    try:
        yield fd_path(fd)
    finally:
        os.close(fd)


def _has_directory(root: Root, path: str) -> bool:
    try:
        os.close(root.open(path, os.O_PATH | os.O_DIRECTORY))
    except OSError:
        return False
    return True


def mount_devices(root: Root, spec: dict[str, Any]) -> None:
    """A small /dev of bind mounts: nodes that a container makes itself are dead (nodev)."""
    nodev = 0 if spec["privileged"] else syscalls.MS_NODEV
    flags = syscalls.MS_NOSUID | syscalls.MS_STRICTATIME | nodev
    root.mount(root.directory_without_symlinks("/dev"), "tmpfs", "tmpfs", flags, "mode=755,size=65536k")
    if spec["privileged"]:
        _copy_host_devices(root)
    with _inside(root, "/dev") as place:
        for name in _DEVICES:
            os.close(os.open(f"{place}/{name}", os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
            syscalls.mount(f"/dev/{name}", f"{place}/{name}", None, syscalls.MS_BIND)
        for name, target in _DEVICE_LINKS.items():
            os.symlink(target, f"{place}/{name}")
        for name in ("pts", "mqueue", "shm"):
            os.mkdir(f"{place}/{name}")
        syscalls.mount("devpts", f"{place}/pts", "devpts", syscalls.MS_NOSUID | syscalls.MS_NOEXEC, _DEVPTS)
        syscalls.mount("mqueue", f"{place}/mqueue", "mqueue", _QUIET)
        _mount_shared_memory(f"{place}/shm", spec)
    for device in spec["devices"]:
        _bind(root, device["source"], device["target"])
        if "w" not in device["permissions"]:
            root.remount(device["target"], syscalls.MS_RDONLY)


_DEVPTS = "newinstance,ptmxmode=0666,mode=0620,gid=5"


def _mount_shared_memory(target: str, spec: dict[str, Any]) -> None:
    if spec.get("shm"):
        syscalls.mount(spec["shm"], target, None, syscalls.MS_BIND)
    else:
        syscalls.mount("shm", target, "tmpfs", _QUIET, "mode=1777,size=65536k")


def _copy_host_devices(root: Root) -> None:
    """Every device node of the host, for a privileged container."""
    for directory, names, files in os.walk("/dev"):
        names[:] = [name for name in names if name not in ("pts", "shm", "mqueue")]
        for name in files:
            path = os.path.join(directory, name)
            info = os.lstat(path)
            if path == "/dev/console" or not (stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode)):
                continue
            if path.removeprefix("/dev/") in (*_DEVICES, "ptmx"):
                continue
            parent = root.ensure(directory, directory=True)
            os.mknod(name, info.st_mode, info.st_rdev, dir_fd=parent)
            os.chown(name, info.st_uid, info.st_gid, dir_fd=parent)
            os.close(parent)


def _bind(root: Root, source: str, path: str) -> None:
    root.mount(root.ensure(path, directory=os.path.isdir(source)), source, None, syscalls.MS_BIND)


def open_shared(spec: dict[str, Any]) -> dict[str, int]:
    """Detached copies of the sources that propagate both ways: taken before the namespace turns slave."""
    wanted = [mount for mount in spec["mounts"] if mount["propagation"] == "shared"]
    return {mount["target"]: syscalls.open_tree_clone(_source(mount), recursive=True) for mount in wanted}


def _source(volume: dict[str, Any]) -> str:
    """What to mount: a path, or the name of a descriptor for a part of it that has been opened safely.

    The kubelet has resolved a volume's part: a link there was swapped in since, and is refused. An image's
    part is resolved here, within the image.
    """
    source: str = volume["source"]
    if "image" in volume:
        overlay.mount_image(volume["image"], source)
    if not volume.get("sub_path"):
        return source
    base = os.open(source, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return fd_path(syscalls.openat2(base, volume["sub_path"], os.O_PATH, _resolution(volume)))
    finally:
        os.close(base)


def _resolution(volume: dict[str, Any]) -> int:
    if "image" in volume:
        return syscalls.RESOLVE_IN_ROOT | syscalls.RESOLVE_NO_MAGICLINKS
    return syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_NO_MAGICLINKS


def mount_volumes(root: Root, spec: dict[str, Any], shared: dict[str, int]) -> None:
    """The container's mounts, parents before children."""
    proc_device = root.device_of("/proc")
    nodev = 0 if spec["privileged"] else syscalls.MS_NODEV
    for volume in sorted(spec["mounts"], key=lambda mount: mount["target"].count("/")):
        try:
            if volume["target"] in shared:
                tree = shared[volume["target"]]
                syscalls.move_mount(tree, _volume_target(root, volume, fd_path(tree), proc_device))
            else:
                source = _source(volume)
                target = _volume_target(root, volume, source, proc_device)
                root.mount(target, source, None, syscalls.MS_BIND | syscalls.MS_REC)
            _set_volume_flags(root, volume, nodev)
        except OSError as error:
            part = f"{volume['source']}/{volume.get('sub_path') or ''}".rstrip("/")
            where = f"mount {part} at {volume['target']}"
            raise OSError(error.errno, f"{where}: {error.strerror}") from error


def _volume_target(root: Root, volume: dict[str, Any], source: str, proc_device: int) -> int:
    fd = root.ensure(volume["target"], directory=os.path.isdir(source))
    if os.fstat(fd).st_dev == proc_device:
        raise OSError(errno.EPERM, "nothing may be mounted inside /proc")
    return fd


def _set_volume_flags(root: Root, volume: dict[str, Any], nodev: int) -> None:
    target = volume["target"]
    propagation = _PROPAGATION[volume["propagation"]]
    root.mount(root.open(target), None, None, propagation | syscalls.MS_REC)
    flags = nodev | (syscalls.MS_RDONLY if volume["readonly"] else 0)
    for option in volume.get("options") or ():
        flags |= _OPTIONS[option]
    if flags:
        root.remount(target, flags, recursive_readonly=bool(volume.get("recursive_readonly")))


def protect(root: Root, spec: dict[str, Any]) -> None:
    """Hide the masked paths, make the read-only ones read-only, and the whole root if asked."""
    for path in spec["readonly_paths"]:
        try:
            fd = root.open(path)
        except OSError:
            continue  # this kernel does not have it
        root.mount(fd, fd_path(fd), None, syscalls.MS_BIND | syscalls.MS_REC)
        root.remount(path, syscalls.MS_RDONLY)
    for path in spec["masked_paths"]:
        _mask(root, path)
    if spec["readonly_rootfs"]:
        root.remount("/", syscalls.MS_RDONLY)


def _mask(root: Root, path: str) -> None:
    try:
        fd = root.open(path)
    except OSError:
        return
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        root.mount(fd, "tmpfs", "tmpfs", syscalls.MS_RDONLY, "size=0")
        return
    null = os.open("/dev/null", os.O_PATH | os.O_CLOEXEC)
    if os.fstat(null).st_rdev != os.makedev(1, 3):
        raise OSError(errno.EINVAL, "/dev/null of the host is not the null device")
    root.mount(fd, fd_path(null), None, syscalls.MS_BIND)
    os.close(null)

"""The Linux system calls that Python has no name for. A failure is an OSError that says what was tried.

Only modes that use namespaces import this module: it needs Linux on amd64 or arm64.
"""

from __future__ import annotations

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)

MACHINE = os.uname().machine
_AMD64 = MACHINE == "x86_64"
_NR_PIVOT_ROOT = 155 if _AMD64 else 41
_NR_CAPSET = 126 if _AMD64 else 91
_NR_OPEN_TREE = 428
_NR_MOVE_MOUNT = 429
_NR_CLOSE_RANGE = 436
_NR_OPENAT2 = 437
_NR_MOUNT_SETATTR = 442

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_MOVE = 8192
MS_REC = 16384
MS_UNBINDABLE = 1 << 17
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MS_SHARED = 1 << 20
MS_RELATIME = 1 << 21
MS_STRICTATIME = 1 << 24
MNT_DETACH = 2

RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
RESOLVE_IN_ROOT = 0x10

PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SECCOMP_MODE_FILTER = 2

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_RECURSIVE = 0x8000
OPEN_TREE_CLONE = 1
OPEN_TREE_CLOEXEC = os.O_CLOEXEC
MOUNT_ATTR_RDONLY = 1


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _long(value: int) -> ctypes.c_long:
    return ctypes.c_long(value)


def _text(value: str | None) -> bytes | None:
    return None if value is None else os.fsencode(value)


def unshare(flags: int) -> None:
    """Leave the caller's namespaces for new ones; CLONE_NEWPID takes effect for its next children."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int, flags: int) -> None:
    """Enter the namespace behind `fd`; CLONE_NEWPID takes effect for its next children."""
    _check(_libc.setns(ctypes.c_int(fd), ctypes.c_int(flags)), "setns")


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    result = _libc.mount(_text(source), _text(target), _text(kind), ctypes.c_ulong(flags), _text(data))
    _check(result, f"mount {kind or source or ''} on {target}")


def umount(target: str, flags: int = 0) -> None:
    _check(_libc.umount2(_text(target), ctypes.c_int(flags)), f"unmount {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    _check(_libc.syscall(_long(_NR_PIVOT_ROOT), _text(new_root), _text(put_old)), "pivot_root")


def prctl(option: int, argument: int = 0, second: int | ctypes.c_void_p = 0) -> int:
    value = ctypes.c_ulong(second) if isinstance(second, int) else second
    zero = ctypes.c_ulong(0)
    result: int = _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(argument), value, zero, zero)
    return _check(result, f"prctl {option}")


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(directory_fd: int, path: str, flags: int, resolve: int) -> int:
    """Open `path` below `directory_fd` under the given rules about symlinks; it closes on exec."""
    how = _OpenHow(flags | os.O_CLOEXEC, 0, resolve)
    result: int = _libc.syscall(
        _long(_NR_OPENAT2),
        ctypes.c_int(directory_fd),
        _text(path),
        ctypes.byref(how),
        ctypes.c_size_t(ctypes.sizeof(how)),
    )
    return _check(result, f"open {path}")


class _MountAttributes(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def mount_set_readonly(fd: int, *, recursive: bool) -> None:
    """Make the mount behind an O_PATH descriptor read-only, and those below it too (Linux 5.12)."""
    attributes = _MountAttributes(MOUNT_ATTR_RDONLY, 0, 0, 0)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    result = _libc.syscall(
        _long(_NR_MOUNT_SETATTR),
        ctypes.c_int(fd),
        b"",
        ctypes.c_uint(flags),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    _check(result, "make a mount read-only")


def open_tree_clone(path: str, *, recursive: bool = False) -> int:
    """A detached copy of the mount at `path`: what is opened through it obeys its own flags."""
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (AT_RECURSIVE if recursive else 0)
    result: int = _libc.syscall(
        _long(_NR_OPEN_TREE), ctypes.c_int(AT_FDCWD), _text(path), ctypes.c_uint(flags)
    )
    return _check(result, f"clone the mount of {path}")


def move_mount(tree_fd: int, target_fd: int) -> None:
    """Attach a detached mount on what `target_fd` has open."""
    both_empty = 0x04 | 0x40
    result = _libc.syscall(
        _long(_NR_MOVE_MOUNT),
        ctypes.c_int(tree_fd),
        b"",
        ctypes.c_int(target_fd),
        b"",
        ctypes.c_uint(both_empty),
    )
    _check(result, "attach a mount")


def close_on_exec_from(first: int) -> None:
    """Mark every descriptor from `first` on to be closed by exec."""
    result = _libc.syscall(
        _long(_NR_CLOSE_RANGE), ctypes.c_uint(first), ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(4)
    )
    if result < 0:  # before Linux 5.11: close what can be open, the status pipe was made close-on-exec
        for name in os.listdir("/proc/self/fd"):
            if int(name) >= first:
                _set_close_on_exec(int(name))


def _set_close_on_exec(fd: int) -> None:
    try:
        os.set_inheritable(fd, False)
    except OSError:
        return  # the descriptor of the listing itself


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def capset(mask: int) -> None:
    """Permitted and effective become `mask`, inheritable becomes empty."""
    header = _CapHeader(0x20080522, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    data = (_CapData * 2)(_CapData(low, low, 0), _CapData(high, high, 0))
    _check(_libc.syscall(_long(_NR_CAPSET), ctypes.byref(header), ctypes.byref(data)), "capset")

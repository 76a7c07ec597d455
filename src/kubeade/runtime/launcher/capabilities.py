"""Capabilities by name: the set a container starts from, what it asks to add, and to drop. Pure."""

from __future__ import annotations

NAMES = (  # noqa: SIM905
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE "
    "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT "
    "SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE "
    "AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ "
    "PERFMON BPF CHECKPOINT_RESTORE"
).split()
"""In the kernel's order: the position is the capability's number."""

DEFAULT = (  # noqa: SIM905
    "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE "
    "SYS_CHROOT KILL AUDIT_WRITE"
).split()
"""What containerd and Docker leave to a container that asks for nothing."""

ALL = (1 << len(NAMES)) - 1


def mask_of(names: list[str]) -> int:
    """The bits of `names`, given with or without CAP_; ALL means every one. Raises ValueError."""
    mask = 0
    for name in names:
        short = name.upper().removeprefix("CAP_")
        if short == "ALL":
            mask |= ALL
        elif short in NAMES:
            mask |= 1 << NAMES.index(short)
        else:
            raise ValueError(f"unknown capability {name!r}")
    return mask


def granted(add: list[str], drop: list[str], *, privileged: bool) -> int:
    """The container's set. Raises ValueError for an unknown name.

    As in containerd: ALL is applied before single names, on both sides.
    """
    if privileged:
        return ALL
    mask = mask_of(DEFAULT)
    if _has_all(add):
        mask = ALL
    if _has_all(drop):
        mask = 0
    mask |= mask_of([name for name in add if not _has_all([name])])
    return mask & ~mask_of([name for name in drop if not _has_all([name])])


def _has_all(names: list[str]) -> bool:
    return any(name.upper().removeprefix("CAP_") == "ALL" for name in names)

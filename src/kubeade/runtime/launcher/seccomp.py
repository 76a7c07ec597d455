"""The RuntimeDefault seccomp profile: a deny list with the effect of containerd's default profile.

System calls that reach into the host's kernel fail with EPERM unless the container's capabilities are meant
for them; namespaces cannot be made (`clone` is looked into, `clone3` says ENOSYS so that libc falls back).
Calls of another architecture's table (32-bit, x32) get ENOSYS.
"""

from __future__ import annotations

import ctypes
import struct

from kubeade.runtime.launcher import capabilities, syscalls

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_EPERM, _ENOSYS = 1, 38
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_OFFSET_NUMBER, _OFFSET_ARCHITECTURE, _OFFSET_FIRST_ARGUMENT = 0, 4, 16
_NAMESPACE_FLAGS = 0x7E020000
_AF_VSOCK = 40

_NEVER: dict[str, tuple[int, int]] = {
    "_sysctl": (156, -1), "add_key": (248, 217), "create_module": (174, -1), "get_kernel_syms": (177, -1),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "io_uring_setup": (425, 425),
    "kexec_file_load": (320, 294), "kexec_load": (246, 104), "keyctl": (250, 219),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "nfsservctl": (180, 42), "pivot_root": (155, 41),
    "query_module": (178, -1), "request_key": (249, 218), "swapoff": (168, 225), "swapon": (167, 224),
    "sysfs": (139, -1), "uselib": (134, -1), "userfaultfd": (323, 282), "ustat": (136, -1),
}  # fmt: skip

_UNLESS: dict[str, dict[str, tuple[int, int]]] = {
    "SYS_ADMIN": {
        "fanotify_init": (300, 262), "fsconfig": (431, 431), "fsmount": (432, 432), "fsopen": (430, 430),
        "fspick": (433, 433), "lookup_dcookie": (212, 18), "mount": (165, 40), "mount_setattr": (442, 442),
        "move_mount": (429, 429), "open_tree": (428, 428), "open_tree_attr": (467, 467),
        "quotactl": (179, 60), "quotactl_fd": (443, 443), "setdomainname": (171, 162),
        "sethostname": (170, 161), "setns": (308, 268), "umount2": (166, 39), "unshare": (272, 97),
    },
    "SYS_ADMIN BPF": {"bpf": (321, 280)},
    "SYS_ADMIN PERFMON": {"perf_event_open": (298, 241)},
    "SYS_ADMIN SYSLOG": {"syslog": (103, 116)},
    "DAC_READ_SEARCH": {"open_by_handle_at": (304, 265)},
    "SYS_BOOT": {"reboot": (169, 142)},
    "SYS_MODULE": {"delete_module": (176, 106), "finit_module": (313, 273), "init_module": (175, 105)},
    "SYS_NICE": {"get_mempolicy": (239, 236), "mbind": (237, 235), "set_mempolicy": (238, 237)},
    "SYS_PACCT": {"acct": (163, 89)},
    "SYS_RAWIO": {"ioperm": (173, -1), "iopl": (172, -1)},
    "SYS_TIME": {"clock_settime": (227, 112), "settimeofday": (164, 170)},
    "SYS_TTY_CONFIG": {"vhangup": (153, 58)},
}  # fmt: skip
_CLONE, _CLONE3, _SOCKET, _PERSONALITY = (56, 220), (435, 435), (41, 198), (135, 92)
_PERSONALITIES = (0x0, 0x0008, 0x20000, 0x20008, 0xFFFFFFFF)


def default_profile(capability_mask: int, machine: str) -> bytes | None:
    """The filter as kernel instructions; None on an architecture that it is not written for."""
    if machine not in _ARCHITECTURES:
        return None
    audit_number, column = _ARCHITECTURES[machine]
    lines = [
        _line(_LOAD, _OFFSET_ARCHITECTURE),
        _line(_JUMP_EQUAL, audit_number, 1, 0),
        _fail(_ENOSYS),
        _line(_LOAD, _OFFSET_NUMBER),
    ]
    if column == 0:
        lines += [_line(_JUMP_AT_LEAST, 0x40000000, 0, 1), _fail(_ENOSYS)]
    for number in _denied(capability_mask, column):
        lines += [_line(_JUMP_EQUAL, number, 0, 1), _fail(_EPERM)]
    if not _holds(capability_mask, "SYS_ADMIN"):
        lines += [_line(_JUMP_EQUAL, _CLONE3[column], 0, 1), _fail(_ENOSYS)]
        lines += _with_argument(_CLONE[column], [_line(_JUMP_ANY_BIT, _NAMESPACE_FLAGS, 0, 1), _fail(_EPERM)])
    lines += _with_argument(_SOCKET[column], [_line(_JUMP_EQUAL, _AF_VSOCK, 0, 1), _fail(_EPERM)])
    lines += _with_argument(_PERSONALITY[column], [*_personalities(), _fail(_EPERM)])
    return b"".join([*lines, _line(_RETURN, _ALLOW)])


def install(program: bytes) -> None:
    """Put the filter on the calling process and everything that it becomes."""
    buffer = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))

    filter_program = Program(len(program) // 8, ctypes.addressof(buffer))
    pointer = ctypes.c_void_p(ctypes.addressof(filter_program))
    syscalls.prctl(syscalls.PR_SET_SECCOMP, syscalls.SECCOMP_MODE_FILTER, pointer)


def _denied(capability_mask: int, column: int) -> list[int]:
    tables = [_NEVER]
    tables += [table for names, table in _UNLESS.items() if not _holds(capability_mask, names)]
    return [numbers[column] for table in tables for numbers in table.values() if numbers[column] >= 0]


def _holds(capability_mask: int, names: str) -> bool:
    return bool(capability_mask & capabilities.mask_of(names.split()))


def _with_argument(number: int, checks: list[bytes]) -> list[bytes]:
    """`checks` see the first argument of call `number`; whatever passes them is allowed."""
    body = [_line(_LOAD, _OFFSET_FIRST_ARGUMENT), *checks, _line(_RETURN, _ALLOW)]
    return [_line(_JUMP_EQUAL, number, 0, len(body)), *body]


def _personalities() -> list[bytes]:
    """A jump over the failure for every harmless value."""
    count = len(_PERSONALITIES)
    return [_line(_JUMP_EQUAL, value, count - place, 0) for place, value in enumerate(_PERSONALITIES)]


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _fail(number: int) -> bytes:
    return _line(_RETURN, _ERRNO | number)

"""The default seccomp profile, run through an interpreter of the kernel's filter language."""

import struct

import pytest

from kubeade.runtime.launcher import capabilities
from kubeade.runtime.launcher.seccomp import default_profile

AMD64, ARM64 = 0xC000003E, 0xC00000B7
ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
DEFAULT = capabilities.mask_of(capabilities.DEFAULT)


def run(program: bytes, architecture: int, number: int, argument: int = 0) -> int:
    data = struct.pack("=IIQQ", number, architecture, 0, argument & (2**64 - 1))
    lines = list(struct.iter_unpack("=HBBI", program))
    accumulator, place = 0, 0
    while True:
        code, if_true, if_false, value = lines[place]
        place += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x06:
            return value
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}
            place += if_true if holds[code] else if_false


def verdict(number: int, argument: int = 0, *, mask: int = DEFAULT, architecture: int = AMD64) -> int:
    program = default_profile(mask, "x86_64" if architecture == AMD64 else "aarch64")
    assert program is not None
    assert len(program) // 8 <= 4096
    return run(program, architecture, number, argument)


@pytest.mark.parametrize(
    "number", [0, 1, 59, 101, 161, 231, 257]
)  # read write execve ptrace chroot exit_group openat
def test_ordinary_calls_are_allowed(number):
    assert verdict(number) == ALLOW


@pytest.mark.parametrize("number", [165, 155, 175, 246, 248, 250, 272, 304, 308, 321, 323, 425])
def test_calls_into_the_hosts_kernel_are_denied(number):
    assert verdict(number) == EPERM


@pytest.mark.parametrize("number", [40, 41, 97, 105, 217, 265, 268, 280])
def test_the_same_holds_on_arm(number):
    assert verdict(number, architecture=ARM64) == EPERM


def test_new_namespaces_are_denied_and_threads_allowed():
    assert verdict(56, 0x10000000) == EPERM
    assert verdict(56, 0x003D0F00) == ALLOW
    assert verdict(435) == ENOSYS


def test_capability_lifts_what_it_is_for():
    assert verdict(165, mask=DEFAULT | capabilities.mask_of(["SYS_ADMIN"])) == ALLOW
    assert verdict(169, mask=DEFAULT | capabilities.mask_of(["SYS_BOOT"])) == ALLOW
    assert verdict(155, mask=capabilities.ALL) == EPERM


def test_other_calling_conventions_are_unknown():
    assert verdict(0, architecture=AMD64) == ALLOW
    assert run(default_profile(DEFAULT, "x86_64") or b"", 0x40000003, 0) == ENOSYS
    assert verdict(0x40000000 + 1) == ENOSYS


def test_vsock_is_denied_and_other_sockets_allowed():
    assert verdict(41, 40) == EPERM
    assert verdict(41, 2) == ALLOW


@pytest.mark.parametrize(
    ("value", "expected"), [(0, ALLOW), (0xFFFFFFFF, ALLOW), (0x20008, ALLOW), (0x0040000, EPERM)]
)
def test_only_harmless_personalities(value, expected):
    assert verdict(135, value) == expected


def test_unknown_machine_has_no_profile():
    assert default_profile(DEFAULT, "riscv64") is None

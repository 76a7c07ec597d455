"""How a process comes down to its set of capabilities."""

from __future__ import annotations

from kubeade.runtime.launcher import syscalls
from kubeade.runtime.launcher.capabilities import NAMES


def bound(mask: int) -> int:
    """Drop everything outside `mask` from the bounding set; what of `mask` this kernel and caller have."""
    available = 0
    for number in range(len(NAMES)):
        try:
            if not syscalls.prctl(syscalls.PR_CAPBSET_READ, number):
                continue
        except OSError:
            break  # an older kernel knows fewer
        if mask >> number & 1:
            available |= 1 << number
        else:
            syscalls.prctl(syscalls.PR_CAPBSET_DROP, number)
    return available


def apply(mask: int) -> None:
    """Keep exactly `mask` as permitted and effective; nothing inheritable, nothing ambient."""
    syscalls.prctl(syscalls.PR_CAP_AMBIENT, syscalls.PR_CAP_AMBIENT_CLEAR_ALL)
    syscalls.capset(mask)

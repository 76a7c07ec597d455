"""How a process comes down to its set of capabilities."""

from __future__ import annotations

import errno

from kubeade.runtime.launcher import syscalls
from kubeade.runtime.launcher.capabilities import NAMES


def bound(mask: int) -> int:
    """Drop everything outside `mask` from the bounding set; what of `mask` this kernel and caller have."""
    available = 0
    for number in range(len(NAMES)):
        try:
            if not mask >> number & 1:
                syscalls.prctl(syscalls.PR_CAPBSET_DROP, number)
            elif syscalls.prctl(syscalls.PR_CAPBSET_READ, number):
                available |= 1 << number
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            break  # an older kernel knows fewer
    return available


def apply(mask: int) -> None:
    """Keep exactly `mask` as permitted and effective; nothing inheritable, nothing ambient."""
    syscalls.prctl(syscalls.PR_CAP_AMBIENT, syscalls.PR_CAP_AMBIENT_CLEAR_ALL)
    syscalls.capset(mask)

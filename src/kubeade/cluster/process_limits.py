"""What the cluster's process asks of the system for itself: many descriptors, and memory given back when it
is free."""

import ctypes
import resource
from contextlib import suppress

OPEN_FILES = 65_536
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE_BYTES = 128 * 1024


def widen() -> None:
    """Allow as many open files as the system lets us, up to `OPEN_FILES`: a watch is one, each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def give_back_memory() -> None:
    """Tell glibc to return large blocks at once. By itself it keeps ever larger ones after the first that
    were freed, and an arena per thread: after a burst of large answers the process stayed at twice of what
    it used."""
    with suppress(OSError, AttributeError):  # another C library has its own ways
        adjust = ctypes.CDLL(None).mallopt
        adjust(_MMAP_THRESHOLD, _LARGE_BYTES)
        adjust(_TRIM_THRESHOLD, _LARGE_BYTES)
        adjust(_ARENA_MAX, 2)

"""Signal names as images and pods write them."""

import re
import signal

from kubeade.cri.service import InvalidArgument

_REAL_TIME = re.compile(r"SIGRT(MIN\+|MAX-)(\d+)")


def signal_number(name: str) -> int:
    """SIGTERM, TERM, 15, SIGRTMIN+3; SIGTERM for "". Raises InvalidArgument."""
    if not name:
        return signal.SIGTERM
    if name.isdigit() and 0 < int(name) < signal.NSIG:
        return int(name)
    full = name.upper() if name.upper().startswith("SIG") else f"SIG{name.upper()}"
    if match := _REAL_TIME.fullmatch(full):
        offset = int(match[2])
        return int(signal.SIGRTMIN + offset if match[1] == "MIN+" else signal.SIGRTMAX - offset)
    try:
        return signal.Signals[full]
    except KeyError:
        raise InvalidArgument(f"unknown signal {name!r}") from None

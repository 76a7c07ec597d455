"""What a forked child does in process mode: an ordinary process of the host, in a session of its own."""

from __future__ import annotations

import os
import socket

from kubeade.runtime.launcher import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_FIRST_FD = 3


def become(status: socket.socket, spec: dict[str, Any], stdio: tuple[int, int, int]) -> NoReturn:
    """Become the process that `spec` describes; a failure is told over the status socket."""
    try:
        os.setsid()
        identity.take_stdio(*stdio)
        if spec["tty"]:
            # The first terminal that a session leader opens becomes its controlling one.
            os.close(os.open(os.ttyname(0), os.O_RDWR))
        os.chdir(spec["cwd"])
        env = identity.environment(spec, os.path.expanduser("~"))
        identity.reset_signals()
        _close_others(status.fileno())
        identity.execute(spec["args"], env)
    except BaseException as error:  # noqa: BLE001 - the process ends here, whatever it was
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        try:
            status.send(_failure(text))
        finally:
            os._exit(127)  # also when the launcher has died: its child must not go on in its place


def _failure(text: str) -> bytes:
    import json

    return json.dumps({"error": text, "errno": 0}).encode() + b"\n"


def _close_others(kept: int) -> None:
    """Python opens everything close-on-exec, the kept status socket too; what it inherited may not be."""
    for fd in range(_FIRST_FD, kept):
        try:
            os.set_inheritable(fd, False)
        except OSError:
            continue

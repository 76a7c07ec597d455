"""The last steps of a process before it becomes the container's: who it is, what it may, what it runs."""

from __future__ import annotations

import errno
import fcntl
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

PATH_DEFAULT = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def take_stdio(stdin: int, stdout: int, stderr: int) -> None:
    """Make the three descriptors 0, 1 and 2."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in (stdin, stdout, stderr)]
    for number, fd in enumerate(high):
        os.dup2(fd, number, inheritable=True)


def reset_signals() -> None:
    """Undo what Python ignores: an ignored signal stays ignored across exec."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(0o022)


def environment(spec: dict[str, Any], home: str) -> dict[str, str]:
    """The process's variables: what was ordered, with PATH and HOME for whoever did not."""
    env = dict(spec["env"])
    env.setdefault("PATH", PATH_DEFAULT)
    if not env.get("HOME"):
        env["HOME"] = home
    if spec["tty"]:
        env.setdefault("TERM", "xterm")
    return env


def execute(args: list[str], env: dict[str, str]) -> NoReturn:
    """Become `args`. Raises OSError with the words that users know from container runtimes."""
    file = args[0]
    if "/" in file:
        candidates = [file]
    else:
        candidates = [os.path.join(part or ".", file) for part in env["PATH"].split(":")]
    failure: OSError | None = None
    for path in candidates:
        try:
            os.execve(path, args, env)  # noqa: S606
        except OSError as error:
            if failure is None or failure.errno in (errno.ENOENT, errno.ENOTDIR):
                failure = error
    assert failure is not None
    if failure.errno in (errno.ENOENT, errno.ENOTDIR) and "/" not in file:
        raise OSError(failure.errno, f'exec: "{file}": executable file not found in $PATH')
    raise OSError(failure.errno, f'exec: "{file}": {(failure.strerror or "").lower()}')

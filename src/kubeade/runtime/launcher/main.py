"""The launcher's entry: become a daemon, take the lock, listen, serve until nothing is left to look after.

`python -I -S -c ... DIRECTORY MODE GROUP`. The starting process ends, with 0, as soon as requests are served,
and says on standard error what went wrong otherwise.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import sys
import time

from kubeade.runtime.launcher.launcher import Launcher
from kubeade.runtime.launcher.peer import is_same_user
from kubeade.runtime.launcher.protocol import LOCK_NAME, SOCKET_NAME

_BACKLOG = 16
_LOCK_TIMEOUT_SECONDS = 5.0
_LOCK_RETRY_SECONDS = 0.01
_SAFE_EXECUTABLE = "KUBEADE_LAUNCHER_EXECUTABLE"


def main(arguments: list[str]) -> int:
    directory, mode, group = arguments
    # Whatever leaks into us would stay open as long as containers run; uvloop leaks its ends of our streams.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    if mode == "namespaces":
        _run_from_readonly_executable()
    os.chdir(directory)
    os.umask(0o022)
    lock = os.open(LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        error = os.fdopen(reader, "rb").read()
        sys.stderr.write(error.decode("utf-8", "replace"))
        return 1 if error else 0
    os.setsid()
    try:
        _become_only_launcher(lock)
        launcher, listener = _open(directory, mode, group)
    except BaseException as error:  # noqa: BLE001 - told to whoever waits
        os.write(writer, f"{type(error).__name__}: {error}".encode())
        os._exit(1)
    _detach()
    os.close(writer)
    launcher.loop.watch(listener.fileno(), lambda: _accept(launcher, listener))
    launcher.loop.run()
    with contextlib.suppress(OSError):
        os.unlink(SOCKET_NAME)
    return 0


def _run_from_readonly_executable() -> None:
    """Run the interpreter through a read-only mount of its own.

    A container can get hold of the launcher's /proc/N/exe, for example by a script whose interpreter is
    /proc/self/exe; through this mount it cannot be opened for writing (the class of CVE-2019-5736).
    """
    from kubeade.runtime.launcher import syscalls

    if os.environ.pop(_SAFE_EXECUTABLE, None) or not hasattr(sys, "orig_argv"):
        return
    path = os.path.realpath("/proc/self/exe")
    try:
        fd = syscalls.open_tree_clone(path)
        syscalls.mount_set_readonly(fd, recursive=False)
    except OSError as error:
        sys.stderr.write(f"kubeade: the launcher's interpreter stays writable: {error}\n")
        return
    arguments = [path, *sys.orig_argv[1:]]
    os.execve(fd, arguments, {**os.environ, _SAFE_EXECUTABLE: "1"})  # noqa: S606


def _become_only_launcher(lock: int) -> None:
    """One that is just ending, or the children of one that has died before they became containers, may hold
    the lock a moment longer."""
    deadline = time.monotonic() + _LOCK_TIMEOUT_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
        time.sleep(_LOCK_RETRY_SECONDS)


def _open(directory: str, mode: str, group: str) -> tuple[Launcher, socket.socket]:
    if mode == "process":
        _adopt_orphans()
    launcher = Launcher(directory, mode, group, time.time_ns)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(SOCKET_NAME)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    previous = os.umask(0o177)
    listener.bind(SOCKET_NAME)  # relative: the path of a data directory may be too long for a socket
    os.umask(previous)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return launcher, listener


def _adopt_orphans() -> None:
    """Become the parent of orphaned descendants, where the kernel can do that."""
    if not sys.platform.startswith("linux"):
        return
    from kubeade.runtime.launcher import syscalls

    with contextlib.suppress(OSError):
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)


def _detach() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)


def _accept(launcher: Launcher, listener: socket.socket) -> None:
    try:
        connection, _ = listener.accept()
    except OSError:
        return
    if is_same_user(connection):
        launcher.accept(connection)
    else:
        connection.close()

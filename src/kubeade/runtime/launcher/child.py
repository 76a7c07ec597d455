"""What a forked child does to become a container, or a command inside one, in namespaces.

The order matters: join the resource group while the host is still in sight, then namespaces, mounts, root,
working directory, and only at the end give up privileges. Whatever fails is told to the launcher over the
status socket, which exec closes: its end without a word means success.
"""

from __future__ import annotations

import array
import errno
import fcntl
import json
import os
import resource
import socket
import struct
import termios

from kubeade.runtime.launcher import (
    cgroups,
    identity,
    mounts,
    overlay,
    privileges,
    seccomp,
    syscalls,
    users,
)
from kubeade.runtime.launcher.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, Self

_TIOCGPTPEER = 0x5441
_TIOCSPTLCK = 0x40045431
_FIRST_FD = 3


class Stdio:
    """The descriptors for the process; `tty` asks for a terminal instead."""

    def __init__(self, stdin: int, stdout: int, stderr: int, *, tty: bool) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.tty = tty


def become(
    status: socket.socket,
    spec: dict[str, Any],
    stdio: Stdio,
    namespaces: dict[str, int],
    await_go: Callable[[], None],
) -> NoReturn:
    """Become the container's first process. `namespaces` are those to join, by their name in /proc/N/ns.

    `await_go` returns once it is on record that this process is the container.
    """
    with Report(status) as report:
        _leave_launcher(spec)
        shared = mounts.open_shared(spec)
        _join(namespaces)
        syscalls.unshare(syscalls.CLONE_NEWNS | _new_cgroup_namespace(spec))
        mounts.leave_host_propagation()
        _build_root(spec, shared).enter()
        _run(spec, stdio, report, await_go)


def become_command(
    status: socket.socket, spec: dict[str, Any], stdio: Stdio, namespaces: dict[str, int]
) -> NoReturn:
    """Become a further process of a running container, whose `namespaces` are all given."""
    with Report(status) as report:
        _leave_launcher(spec)
        _join(namespaces)
        _run(spec, stdio, report, lambda: None)


class Report:
    """The child's end of the status socket. Leaving it always ends the process."""

    def __init__(self, status: socket.socket) -> None:
        self._status = status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if isinstance(error, OSError):
                self.tell({"error": error.strerror or str(error), "errno": error.errno})
            else:
                self.tell({"error": f"{type(error).__name__}: {error}", "errno": 0})
        finally:
            os._exit(127)  # also when the launcher has died: its child must not go on in its place

    def tell(self, message: dict[str, Any], fds: list[int] | None = None) -> None:
        data = json.dumps(message).encode() + b"\n"
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self._status.sendmsg([data], ancillary)


def _leave_launcher(spec: dict[str, Any]) -> None:
    os.setsid()
    cgroups.join(spec["cgroup_paths"])
    _adjust_oom_score(spec["oom_score_adj"])
    # Nobody inside may look at this process through /proc until it has become theirs.
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)


def _adjust_oom_score(score: int) -> None:
    if not score:
        return
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(str(score))
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM):
            raise  # lowering needs CAP_SYS_RESOURCE, which not every root has


def _join(namespaces: dict[str, int]) -> None:
    for name in sorted(namespaces, key=lambda name: name == "mnt"):
        syscalls.setns(namespaces[name], 0)


def _new_cgroup_namespace(spec: dict[str, Any]) -> int:
    private = spec["cgroup_paths"] and not spec["privileged"]
    return syscalls.CLONE_NEWCGROUP if private else 0


def _build_root(spec: dict[str, Any], shared: dict[str, int]) -> Root:
    root = Root(overlay.mount_root(spec["rootfs"]))
    mounts.mount_kernel(root, spec)
    mounts.mount_devices(root, spec)
    mounts.mount_volumes(root, spec, shared)
    mounts.protect(root, spec)
    return root


def _run(spec: dict[str, Any], stdio: Stdio, report: Report, await_go: Callable[[], None]) -> NoReturn:
    root = Root("/")
    reader = users.reader(lambda path: root.open(path, os.O_RDONLY | os.O_NONBLOCK))
    user = users.resolve(spec["user"], reader)
    report.tell({"user": [user.uid, user.gid, user.groups]})
    if stdio.tty:
        _open_terminal(root, stdio, report)
    _give_stdio(stdio, user.uid)
    identity.take_stdio(stdio.stdin, stdio.stdout, stdio.stderr)
    _enter_directory(root, spec["cwd"])
    env = identity.environment(spec, user.home)
    identity.reset_signals()
    syscalls.close_on_exec_from(_FIRST_FD)
    await_go()
    _give_up_privileges(spec, user)
    identity.execute(spec["args"], env)


def _open_terminal(root: Root, stdio: Stdio, report: Report) -> None:
    """A terminal of the container's own devpts; its other end goes to the launcher."""
    flags = os.O_RDWR | os.O_NOCTTY
    master = root.open("/dev/pts/ptmx", flags)
    fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("i", 0))
    slave = fcntl.ioctl(master, _TIOCGPTPEER, flags)
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    report.tell({}, [master])
    os.close(master)
    stdio.stdin = stdio.stdout = stdio.stderr = slave


def _give_stdio(stdio: Stdio, uid: int) -> None:
    """So that the process may reopen /dev/stdout, which looks at the owner."""
    null = os.stat("/dev/null").st_rdev
    for fd in {stdio.stdin, stdio.stdout, stdio.stderr}:
        if os.fstat(fd).st_rdev == null:
            continue
        try:
            os.fchown(fd, uid, -1)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EPERM, errno.EROFS):
                raise


def _enter_directory(root: Root, path: str) -> None:
    fd = root.ensure(path, directory=True)
    os.fchdir(fd)
    os.close(fd)
    if not os.getcwd().startswith("/"):
        raise OSError(errno.EPERM, "the working directory is outside the container")


def _give_up_privileges(spec: dict[str, Any], user: users.User) -> None:
    core = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, core[1]))
    mask = privileges.bound(spec["capabilities"])
    if spec["seccomp"]:
        program = seccomp.default_profile(mask, syscalls.MACHINE)
        if program is not None:
            seccomp.install(program)
    os.setgroups(user.groups)
    os.setgid(user.gid)
    os.setuid(user.uid)
    if user.uid == 0:
        privileges.apply(mask)
    if spec["no_new_privs"]:
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)

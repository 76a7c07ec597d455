"""A trial of all that the mode `namespaces` needs, in a process of its own that leaves nothing behind."""

from __future__ import annotations

import os
import sys

from kubeade.runtime.launcher import mounts, overlay, syscalls
from kubeade.runtime.launcher.root import Root

_ALL = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWPID
)


def main(scratch: str) -> int:
    """0 if a container could be built in `scratch`; otherwise the reason is on standard error."""
    try:
        syscalls.unshare(_ALL)
        pid = os.fork()
        if pid == 0:
            os._exit(_build(scratch))
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except OSError as error:
        sys.stderr.write(str(error.strerror))
        return 1


def _build(scratch: str) -> int:
    try:
        mounts.leave_host_propagation()
        for name in ("layer", "merged", "scratch"):
            os.mkdir(os.path.join(scratch, name))
        merged, upper = os.path.join(scratch, "merged"), os.path.join(scratch, "scratch")
        spec = {"merged": merged, "scratch": upper, "layers_directory": scratch, "layers": ["layer"]}
        root = Root(overlay.mount_root(spec))
        mounts.mount_kernel(root, {"privileged": False})
        root.enter()
    except OSError as error:
        sys.stderr.write(str(error.strerror))
        sys.stderr.flush()
        return 1
    return 0

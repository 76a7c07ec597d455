"""`kubeade.local/host`: the machine's own root filesystem as an image, so that a first pod needs no registry.

Containers see it read-only under a scratch layer of their own. Kernel filesystems, kubeade's own data and the
usual places for secrets are not part of it.
"""

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kubeade.runtime.images.config import ImageConfig

HOST_IMAGE = "kubeade.local/host:latest"
HOST_IMAGE_ID = "sha256:" + hashlib.sha256(b"kubeade.local/host").hexdigest()

_DISK_FILESYSTEMS = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "bcachefs"})
_SECRETS_OF_ETC = ("shadow", "gshadow", "sudoers")
_SECRETS = (
    "/etc/ssl/private", "/etc/kubernetes", "/etc/rancher", "/etc/krb5.keytab", "/etc/machine-id", "/run",
    "/var/lib/docker", "/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd", "/var/log", "/var/spool",
)  # fmt: skip
_HOME_SECRETS = (
    ".ssh", ".gnupg", ".kube", ".aws", ".azure", ".config/gcloud", ".config/gh", ".docker", ".netrc",
    ".pypirc", ".npmrc", ".git-credentials", ".password-store", ".vault-token", ".bash_history",
    ".python_history", ".local/share/keyrings", ".local/share/kubeade", ".mozilla",
)  # fmt: skip
_HOMES = "/home"
_MOUNTS = Path("/proc/self/mountinfo")


def host_config() -> ImageConfig:
    """Its PATH has the running Python first, so that `python` is the one with kubeade in it."""
    usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    own = str(Path(sys.executable).parent)
    path = usual if own in usual.split(":") else f"{own}:{usual}"
    return ImageConfig(cmd=("sh",), env=(f"PATH={path}",))


def host_rootfs(data_directory: Path) -> dict[str, Any]:
    """What the launcher mounts for it."""
    hidden, mounts = _hidden(data_directory), _MOUNTS.read_text(encoding="utf-8")
    return {
        "host": True,
        "submounts": submounts(mounts, hidden),
        "hidden": hidden,
    }


def submounts(mounts: str, hidden: list[str]) -> list[str]:
    """Mount points of real filesystems besides `/`, parents first; none that is hidden anyway."""
    unseen = ("/proc", "/sys", "/dev", *hidden)
    found = set()
    for line in mounts.splitlines():
        head, _, tail = line.partition(" - ")
        path = head.split()[4].encode().decode("unicode_escape")
        if path == "/" or tail.split()[0] not in _DISK_FILESYSTEMS or _is_below(path, unseen):
            continue
        if os.path.isdir(path):
            found.add(path)
    return sorted(found, key=lambda path: path.count("/"))


def _is_below(path: str, directories: Iterable[str]) -> bool:
    return any(path == directory or path.startswith(directory + "/") for directory in directories)


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _hidden(data_directory: Path) -> list[str]:
    """Where secrets really are, on this path or behind a symlink; never where Python is."""
    homes = ["/root", *(f"{_HOMES}/{name}" for name in _names(_HOMES))]
    found = {path for path in _SECRETS if os.path.lexists(path)}
    found |= {f"/etc/{name}" for name in _names("/etc") if name.startswith(_SECRETS_OF_ETC)}
    found |= {f"/etc/ssh/{name}" for name in _names("/etc/ssh") if name.endswith("_key")}
    found |= {path for home in homes for name in _HOME_SECRETS if os.path.lexists(path := f"{home}/{name}")}
    found = {os.path.realpath(path) for path in (*found, str(data_directory))}
    kept = sys.prefix, sys.base_prefix
    return sorted(path for path in found if not any(_is_below(place, [path]) for place in kept))

"""`kubeade.local/host`: the machine's own root filesystem as an image, so that a first pod needs no registry.

Containers see it read-only under a scratch layer of their own. Kernel filesystems, kubeade's own data and the
usual places for secrets are not part of it.
"""

import glob
import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from kubeade.runtime.images.config import ImageConfig

HOST_IMAGE = "kubeade.local/host:latest"
HOST_IMAGE_ID = "sha256:" + hashlib.sha256(b"kubeade.local/host").hexdigest()

_DISK_FILESYSTEMS = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "bcachefs"})
_SECRET_PATTERNS = (
    "/etc/shadow*", "/etc/gshadow*", "/etc/sudoers*", "/etc/ssh/*_key", "/etc/ssl/private", "/etc/kubernetes",
    "/etc/rancher", "/etc/krb5.keytab", "/etc/machine-id", "/run", "/var/lib/docker", "/var/lib/containerd",
    "/var/lib/kubelet", "/var/lib/etcd", "/var/log", "/var/spool",
)  # fmt: skip
_HOME_SECRETS = (
    ".ssh", ".gnupg", ".kube", ".aws", ".azure", ".config/gcloud", ".config/gh", ".docker", ".netrc",
    ".pypirc", ".npmrc", ".git-credentials", ".password-store", ".vault-token", ".bash_history",
    ".python_history", ".local/share/keyrings", ".local/share/kubeade", ".mozilla",
)  # fmt: skip
_HOMES = ("/root", "/home/*")


def host_config() -> ImageConfig:
    """Its PATH has the running Python first, so that `python` is the one with kubeade in it."""
    usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    own = str(Path(sys.executable).parent)
    path = usual if own in usual.split(":") else f"{own}:{usual}"
    return ImageConfig(cmd=("sh",), env=(f"PATH={path}",))


def host_rootfs(data_directory: Path) -> dict[str, Any]:
    """What the launcher mounts for it."""
    return {"host": True, "submounts": _submounts(data_directory), "hidden": _hidden(data_directory)}


def _submounts(data_directory: Path) -> list[str]:
    """Mount points of real filesystems besides `/`, parents first."""
    found = set()
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        head, _, tail = line.partition(" - ")
        path = head.split()[4].encode().decode("unicode_escape")
        inside = Path(path).is_relative_to(data_directory) or path.startswith(
            ("/proc", "/sys", "/dev", "/run")
        )
        if path != "/" and tail.split()[0] in _DISK_FILESYSTEMS and not inside and os.path.isdir(path):
            found.add(path)
    return sorted(found, key=lambda path: path.count("/"))


def _hidden(data_directory: Path) -> list[str]:
    patterns = [*_SECRET_PATTERNS]
    patterns += [f"{home}/{secret}" for home in _HOMES for secret in _HOME_SECRETS]
    found = {path for pattern in patterns for path in glob.glob(pattern)}
    found.add(str(data_directory.resolve()))
    kept = Path(sys.prefix), Path(sys.base_prefix)
    return sorted(path for path in found if not any(place.is_relative_to(path) for place in kept))

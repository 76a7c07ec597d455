"""The files around sandboxes and containers: /etc files, directories, volumes of process-mode containers."""

import os
from pathlib import Path
from typing import Any

from kubeade.cri.service import NotSupported
from kubeade.cri.types import LinuxResources, SandboxConfig, SecurityContext
from kubeade.runtime.images.service import Unpacked
from kubeade.runtime.spec import Places, resolv_conf

_HOST_RESOLVER = Path("/etc/resolv.conf")
_LOCAL_HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"


def write_sandbox_files(directory: Path, config: SandboxConfig, addresses: list[str]) -> None:
    """resolv.conf, hostname and hosts, for every container of the sandbox."""
    host = _HOST_RESOLVER.read_text(encoding="utf-8") if _HOST_RESOLVER.exists() else ""
    hostname = config.hostname or config.metadata.name[:63]
    entries = "".join(f"{address}\t{hostname}\n" for address in addresses)
    for name, text in (
        ("resolv.conf", resolv_conf(config, host)),
        ("hostname", hostname + "\n"),
        ("hosts", _LOCAL_HOSTS + entries),
    ):
        path = directory / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)


def container_places(
    directory: Path,
    data_directory: Path,
    sandbox: dict[str, Any],
    image: Unpacked,
    log_path: str,
    image_volumes: dict[str, dict[str, Any]],
) -> Places:
    rootfs = {**image.rootfs, "merged": str(data_directory / "rootfs"), "scratch": str(directory / "scratch")}
    return Places(
        rootfs=rootfs,
        sandbox_directory=str(data_directory / "sandboxes" / sandbox["id"]),
        mount_directory=str(directory / "volumes"),
        log_path=log_path,
        shm=sandbox["spec"]["shm"],
        image_volumes=image_volumes,
    )


def make_container(directory: Path, spec: dict[str, Any], places: Places, *, isolated: bool) -> None:
    """The container's directory; in process mode with its volumes as links."""
    directory.mkdir(mode=0o711)
    if places.log_path:
        Path(places.log_path).parent.mkdir(parents=True, exist_ok=True)
    if isolated:
        # All containers mount their roots at this one place, each in a mount namespace of its own.
        Path(places.rootfs["merged"]).mkdir(exist_ok=True)
        (directory / "scratch").mkdir()
    else:
        root = Path(places.mount_directory)
        root.mkdir()
        link_volumes(root, spec["mounts"])


def link_volumes(root: Path, mounts: list[dict[str, Any]]) -> None:
    """Each volume as a link below `root`. One that has another inside becomes a directory of links."""
    targets = {mount["target"] for mount in mounts}
    for mount in sorted(mounts, key=lambda mount: mount["target"].count("/")):
        path = root / mount["target"].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            path.unlink()
        contains_another = any(target.startswith(mount["target"] + "/") for target in targets)
        if contains_another and os.path.isdir(mount["source"]):
            path.mkdir(exist_ok=True)
            for name in os.listdir(mount["source"]):
                (path / name).symlink_to(os.path.join(mount["source"], name))
        else:
            path.symlink_to(mount["source"])


def refuse_other_user(security: SecurityContext) -> None:
    """Process mode has only the user that kubeade runs as."""
    own = os.getuid()
    wanted = security.run_as_user
    if (wanted is not None and wanted != own) or security.run_as_username:
        name = security.run_as_username or wanted
        raise NotSupported(f"user {name}: this node runs containers in process mode, only as user {own}")


def limits(resources: LinuxResources) -> tuple[int, ...]:
    """The limits that process mode cannot enforce."""
    return resources.cpu_quota, resources.memory_limit_in_bytes, resources.pids_limit

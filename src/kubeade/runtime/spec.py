"""From the CRI's configuration and an image's to what the launcher executes. Pure.

Whatever the runtime or its mode cannot do is refused here, by name, before anything has happened.
"""

import posixpath
import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kubeade.cri.service import InvalidArgument, NotSupported
from kubeade.cri.types import (
    ContainerConfig,
    Mount,
    MountPropagation,
    NamespaceMode,
    SandboxConfig,
    SecurityContext,
)
from kubeade.runtime.images.config import ImageConfig
from kubeade.runtime.launcher import capabilities
from kubeade.runtime.launcher.processes import CONTAINER_VARIABLE

SANDBOX_MOUNT_VARIABLE = "CONTAINER_SANDBOX_MOUNT_POINT"
"""Where a process-mode container finds its volumes; Windows' HostProcess containers use the same name."""

_PROPAGATION = {
    MountPropagation.PRIVATE: "private",
    MountPropagation.HOST_TO_CONTAINER: "slave",
    MountPropagation.BIDIRECTIONAL: "shared",
}
_NAMESPACED_SYSCTLS = re.compile(r"kernel\.(shm|msg|sem)[a-z_]*|fs\.mqueue\.[a-z_]+|net\.[a-zA-Z0-9_.\-/]+")
_UNSAFE_PART = re.compile(r"(^|[./])\.\.([./]|$)|//")


@dataclass(frozen=True, slots=True)
class Places:
    """Where one container's files are. `image_volumes` are the root filesystems of the images that its
    mounts name."""

    rootfs: dict[str, Any]
    sandbox_directory: str
    mount_directory: str
    log_path: str
    shm: str
    image_volumes: dict[str, dict[str, Any]] = field(default_factory=dict)


def command_of(config: ContainerConfig, image: ImageConfig) -> list[str]:
    """The CRI's rule: a command replaces entrypoint and cmd, args alone replace the cmd."""
    if config.command:
        args = [*config.command, *config.args]
    else:
        args = [*image.entrypoint, *(config.args or image.cmd)]
    if not args or not args[0]:
        raise InvalidArgument("no command specified")
    return args


def environment_of(config: ContainerConfig, image: ImageConfig, hostname: str) -> list[list[str]]:
    merged = {"HOSTNAME": hostname}
    merged.update(entry.partition("=")[::2] for entry in image.env)
    merged.update(config.envs)
    return [[name, value] for name, value in merged.items()]


def sandbox_spec(config: SandboxConfig, directory: str) -> dict[str, Any]:
    """What the launcher makes for a sandbox in namespaces. Raises InvalidArgument, NotSupported."""
    options = config.namespaces
    _refuse_user_namespace(options.host_users)
    names = []
    if options.network is not NamespaceMode.NODE:
        names += ["net", "uts"]
    if options.ipc is not NamespaceMode.NODE:
        names.append("ipc")
    for name in config.sysctls:
        if not _NAMESPACED_SYSCTLS.fullmatch(name) or _UNSAFE_PART.search(name):
            raise InvalidArgument(f"sysctl {name!r} is not namespaced: it would change the host")
        if ("net" if name.startswith("net.") else "ipc") not in names:
            raise InvalidArgument(f"sysctl {name!r} is not allowed with the host's namespace")
    return {
        "namespaces": names,
        "hostname": config.hostname or config.metadata.name[:63],
        "sysctls": config.sysctls,
        "shared_pid": options.pid is NamespaceMode.POD,
        "shm": posixpath.join(directory, "shm") if options.ipc is not NamespaceMode.NODE else "",
        "resources": msgspec.to_builtins(config.resources),
    }


def resolv_conf(config: SandboxConfig, host: str) -> str:
    """The resolver's configuration: the sandbox's, else the host's own."""
    dns = config.dns_config
    if dns is None or not (dns.servers or dns.searches or dns.options):
        return host
    lines = []
    if dns.searches:
        lines.append("search " + " ".join(dns.searches))
    lines += [f"nameserver {server}" for server in dns.servers]
    if dns.options:
        lines.append("options " + " ".join(dns.options))
    return "".join(line + "\n" for line in lines)


def _refuse_user_namespace(host_users: bool) -> None:
    if not host_users:
        raise NotSupported("user namespaces (hostUsers: false) are not supported by the embedded runtime")


def _refuse_profiles(security: SecurityContext) -> None:
    if security.seccomp.profile_type == "Localhost":
        ref = security.seccomp.localhost_ref
        raise NotSupported(f"seccomp profile {ref!r}: Localhost profiles are not supported")
    if security.apparmor.profile_type == "Localhost":
        ref = security.apparmor.localhost_ref
        raise NotSupported(f"AppArmor profile {ref!r}: AppArmor is not supported by the embedded runtime")


def isolated_spec(
    config: ContainerConfig, image: ImageConfig, sandbox: SandboxConfig, places: Places
) -> dict[str, Any]:
    """A container in namespaces. Raises InvalidArgument, NotSupported."""
    security = config.security
    _refuse_profiles(security)
    _refuse_user_namespace(security.namespaces.host_users)
    pid = _pid_mode(config)
    hostname = sandbox.hostname or sandbox.metadata.name[:63]
    return {
        **_common(config, image, hostname, places),
        "cwd": _clean(config.working_dir or image.working_dir or "/"),
        "rootfs": {**places.rootfs, "privileged": security.privileged},
        "mounts": _mounts(config, places),
        "devices": [
            {"source": item.host_path, "target": _clean(item.container_path), "permissions": item.permissions}
            for item in config.devices
        ],
        "masked_paths": security.masked_paths,
        "readonly_paths": security.readonly_paths,
        "readonly_rootfs": security.readonly_rootfs,
        "privileged": security.privileged,
        "capabilities": _capabilities(security),
        "no_new_privs": security.no_new_privs,
        "seccomp": security.seccomp.profile_type == "RuntimeDefault" and not security.privileged,
        "user": _user(security, image),
        "pid": pid,
        "own_pid": pid == "container",
        "shm": places.shm,
        "oom_score_adj": config.resources.oom_score_adj,
        "resources": msgspec.to_builtins(config.resources),
    }


def plain_spec(
    config: ContainerConfig, image: ImageConfig, sandbox: SandboxConfig, places: Places, container_id: str
) -> dict[str, Any]:
    """A container as an ordinary process. Raises InvalidArgument."""
    hostname = sandbox.hostname or sandbox.metadata.name[:63]
    common = _common(config, image, hostname, places)
    common["env"] += [[SANDBOX_MOUNT_VARIABLE, places.mount_directory], [CONTAINER_VARIABLE, container_id]]
    return {
        **common,
        "cwd": config.working_dir or places.mount_directory,
        "mounts": [_link(item) for item in config.mounts],
        "own_pid": False,
        "resources": msgspec.to_builtins(config.resources),
    }


def _link(item: Mount) -> dict[str, Any]:
    """A volume of a plain process: nothing is mounted, so nothing is protected either."""
    if item.image:
        raise NotSupported(f"image volume {item.image!r}: image volumes need namespaces")
    return {
        "source": posixpath.join(item.host_path, item.sub_path) if item.sub_path else item.host_path,
        "target": _clean(item.container_path),
    }


def _common(config: ContainerConfig, image: ImageConfig, hostname: str, places: Places) -> dict[str, Any]:
    return {
        "args": command_of(config, image),
        "env": environment_of(config, image, hostname),
        "tty": config.tty,
        "stdin": config.stdin,
        "stdin_once": config.stdin_once,
        "log_path": places.log_path,
        "stop_signal": config.stop_signal or image.stop_signal,
    }


def _pid_mode(config: ContainerConfig) -> str:
    options = config.security.namespaces
    if options.pid is NamespaceMode.TARGET:
        return f"target:{options.target_id}"
    return str(options.pid.value).lower()


def _capabilities(security: SecurityContext) -> int:
    try:
        return capabilities.granted(
            security.add_capabilities, security.drop_capabilities, privileged=security.privileged
        )
    except ValueError as error:
        raise InvalidArgument(str(error)) from error


def _user(security: SecurityContext, image: ImageConfig) -> dict[str, Any]:
    user, _, group = image.user.partition(":")
    if security.run_as_username:
        user, group = security.run_as_username, ""
    if security.run_as_user is not None:
        user, group = str(security.run_as_user), ""
    if security.run_as_group is not None:
        group = str(security.run_as_group)
    return {
        "user": user,
        "group": group,
        "groups": security.supplemental_groups,
        "policy": security.supplemental_groups_policy,
    }


def _mounts(config: ContainerConfig, places: Places) -> list[dict[str, Any]]:
    mounts = [_mount(item, number, places) for number, item in enumerate(config.mounts)]
    taken = {mount["target"] for mount in mounts}
    for name in ("resolv.conf", "hostname", "hosts"):
        if f"/etc/{name}" not in taken:
            source = posixpath.join(places.sandbox_directory, name)
            mounts.append(
                {"source": source, "target": f"/etc/{name}", "readonly": False, "propagation": "private"}
            )
    return mounts


def _mount(item: Mount, number: int, places: Places) -> dict[str, Any]:
    target = _clean(item.container_path)
    if target == "/" or target == "/proc" or target.startswith("/proc/"):
        raise InvalidArgument(f"nothing may be mounted at {target}")
    if item.image:
        return {
            "source": f"{places.rootfs['scratch']}/image-{number}",
            "image": places.image_volumes[item.image],
            "sub_path": item.image_sub_path,
            "target": target,
            "readonly": True,
            "propagation": "private",
        }
    return {
        "source": item.host_path,
        "sub_path": item.sub_path,
        "target": target,
        "readonly": item.readonly,
        "recursive_readonly": item.recursive_read_only,
        "propagation": _PROPAGATION[item.propagation],
        "options": item.options,
    }


def _clean(path: str) -> str:
    """An absolute path without . and .. in it."""
    return posixpath.normpath("/" + path.lstrip("/"))

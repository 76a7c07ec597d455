"""The security context of a container: its own settings over its pod's. Pure."""

from typing import Any

from kubeade.api.resource import Object
from kubeade.cri.types import (
    Image,
    NamespaceMode,
    NamespaceOptions,
    SecurityContext,
    SecurityProfile,
)
from kubeade.kubelet import pods
from kubeade.kubelet.environment import ConfigError

MASKED_PATHS = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
]
READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def security_context(pod: Object, container: Object, image: Image, target_id: str = "") -> SecurityContext:
    """What the runtime is to enforce. Raises ConfigError where runAsNonRoot would be broken."""
    own = container.get("securityContext") or {}
    shared = pod["spec"].get("securityContext") or {}
    user = _either("runAsUser", own, shared)
    if _either("runAsNonRoot", own, shared):
        _check_non_root(pod, container, user, image)
    privileged = bool(own.get("privileged"))
    hidden = not privileged and own.get("procMount") != "Unmasked"
    capabilities = own.get("capabilities") or {}
    return SecurityContext(
        run_as_user=user if user is not None else image.uid,
        run_as_username="" if user is not None else image.username,
        run_as_group=_either("runAsGroup", own, shared),
        supplemental_groups=_groups(shared),
        supplemental_groups_policy=shared.get("supplementalGroupsPolicy") or "Merge",
        privileged=privileged,
        readonly_rootfs=bool(own.get("readOnlyRootFilesystem")),
        no_new_privs=own.get("allowPrivilegeEscalation") is False,
        add_capabilities=[_plain(each) for each in capabilities.get("add") or []],
        drop_capabilities=[_plain(each) for each in capabilities.get("drop") or []],
        namespaces=namespaces(pod, target_id),
        seccomp=_profile("seccompProfile", own, shared, privileged=privileged),
        apparmor=_profile("appArmorProfile", own, shared, privileged=privileged),
        masked_paths=list(MASKED_PATHS) if hidden else [],
        readonly_paths=list(READONLY_PATHS) if hidden else [],
    )


def namespaces(pod: Object, target_id: str = "") -> NamespaceOptions:
    """Whose network, processes and IPC its containers see."""
    spec = pod["spec"]
    pid = NamespaceMode.CONTAINER
    if spec.get("hostPID"):
        pid = NamespaceMode.NODE
    elif spec.get("shareProcessNamespace"):
        pid = NamespaceMode.POD
    if target_id:
        pid = NamespaceMode.TARGET
    return NamespaceOptions(
        network=NamespaceMode.NODE if spec.get("hostNetwork") else NamespaceMode.POD,
        ipc=NamespaceMode.NODE if spec.get("hostIPC") else NamespaceMode.POD,
        pid=pid,
        target_id=target_id,
        host_users=spec.get("hostUsers", True),
    )


def _either(name: str, own: Object, shared: Object) -> Any:
    value = own.get(name)
    return shared.get(name) if value is None else value


def _check_non_root(pod: Object, container: Object, user: int | None, image: Image) -> None:
    where = f'(pod: "{pods.full_name(pod)}", container: {container["name"]})'
    if user == 0:
        raise ConfigError(f"container's runAsUser breaks non-root policy {where}")
    if user is not None:
        return
    if image.username:
        message = f"image has non-numeric user ({image.username}), cannot verify user is non-root"
        raise ConfigError(f"container has runAsNonRoot and {message} {where}")
    if not image.uid:
        raise ConfigError(f"container has runAsNonRoot and image will run as root {where}")


def _groups(shared: Object) -> list[int]:
    groups = list(shared.get("supplementalGroups") or [])
    fs_group = shared.get("fsGroup")
    return groups if fs_group is None or fs_group in groups else [*groups, fs_group]


def _plain(capability: str) -> str:
    return capability.upper().removeprefix("CAP_")


def _profile(name: str, own: Object, shared: Object, *, privileged: bool) -> SecurityProfile:
    chosen = own.get(name) or shared.get(name)
    if privileged or not chosen:
        return SecurityProfile()
    return SecurityProfile(chosen["type"], chosen.get("localhostProfile") or "")

"""Rules of security contexts (upstream: ValidateSecurityContext, validatePodSpecSecurityContext)."""

import re

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, duplicate, invalid, not_supported, required
from kubeade.api.validation.paths import relative_path, user_or_group_id

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_SYSCTL_LIMIT = 253
_SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = rf"^({_SYSCTL_SEGMENT}[\./])*{_SYSCTL_SEGMENT}$"
_IPC_SYSCTLS = ("kernel.shm", "kernel.msg", "fs.mqueue.")


def pod_security_context(spec: Object, path: str) -> Errors:
    """A pod's security context, with what else in the spec it depends on."""
    context = part(spec, "securityContext")
    for key in ("fsGroup", "runAsUser", "runAsGroup"):
        yield from user_or_group_id(context.get(key), f"{path}.{key}")
    for index, group in enumerate(values(context, "supplementalGroups")):
        yield from user_or_group_id(group, f"{path}.supplementalGroups[{index}]")
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield invalid(f"{path}.shareProcessNamespace", True, detail)
    yield from _sysctls(spec, f"{path}.sysctls")
    yield from _choice(context, "fsGroupChangePolicy", ("Always", "OnRootMismatch"), path)
    yield from _seccomp(context, path)
    yield from _app_armor(context, path)
    yield from _choice(context, "supplementalGroupsPolicy", ("Merge", "Strict"), path)
    yield from _choice(context, "seLinuxChangePolicy", ("MountOption", "Recursive"), path)


def container_security_context(container: Object, host_users: bool, path: str) -> Errors:
    """A container's security context; `host_users` is whether the pod shares the host's user namespace."""
    context = part(container, "securityContext")
    for key in ("runAsUser", "runAsGroup"):
        yield from user_or_group_id(context.get(key), f"{path}.{key}")
    yield from _choice(context, "procMount", ("Default", "Unmasked"), path)
    if host_users and context.get("procMount") == "Unmasked":
        yield invalid(f"{path}.procMount", "Unmasked", "`hostUsers` must be false to use `Unmasked`")
    yield from _seccomp(context, path)
    if context.get("allowPrivilegeEscalation") is False:
        yield from _no_escalation(context, path)
    yield from _app_armor(context, path)


def _no_escalation(context: Object, path: str) -> Errors:
    start = "cannot set `allowPrivilegeEscalation` to false and"
    if context.get("privileged"):
        yield invalid(path, context, f"{start} `privileged` to true")
    if "CAP_SYS_ADMIN" in values(context, "capabilities", "add"):
        yield invalid(path, context, f"{start} `capabilities.Add` CAP_SYS_ADMIN")


def _choice(context: Object, key: str, supported: tuple[str, ...], path: str) -> Errors:
    found = context.get(key)
    if found is not None and found not in supported:
        yield not_supported(f"{path}.{key}", found, supported)


def _seccomp(context: Object, path: str) -> Errors:
    profile = context.get("seccompProfile")
    if not isinstance(profile, dict):
        return
    at, kind = f"{path}.seccompProfile", text(profile, "type")
    if not kind:
        yield required(f"{at}.type", "type is required when seccompProfile is set")
    elif kind not in _PROFILES:
        yield not_supported(f"{at}.type", kind, _PROFILES)
    file = profile.get("localhostProfile")
    if kind != "Localhost" and file is not None:
        detail = "can only be set when seccomp type is Localhost"
        yield invalid(f"{at}.localhostProfile", profile, detail)
    elif kind == "Localhost" and file is None:
        yield required(f"{at}.localhostProfile", "must be set when seccomp type is Localhost")
    elif kind == "Localhost":
        yield from relative_path(str(file), f"{at}.localhostProfile")


def _app_armor(context: Object, path: str) -> Errors:
    profile = context.get("appArmorProfile")
    if not isinstance(profile, dict):
        return
    at, kind = f"{path}.appArmorProfile", text(profile, "type")
    name = profile.get("localhostProfile")
    if not kind:
        yield required(f"{at}.type", "type is required when appArmorProfile is set")
    elif kind not in _PROFILES:
        yield not_supported(f"{at}.type", kind, _PROFILES)
    elif kind == "Localhost" and isinstance(name, str) and name != name.strip():
        yield invalid(f"{at}.localhostProfile", name, "must not be padded with whitespace")
    elif kind == "Localhost" and not name:
        yield required(f"{at}.localhostProfile", "must be set when AppArmor type is Localhost")
    elif kind != "Localhost" and name is not None:
        detail = "can only be set when AppArmor type is Localhost"
        yield invalid(f"{at}.localhostProfile", name, detail)


def _sysctls(spec: Object, path: str) -> Errors:
    names: set[str] = set()
    for index, sysctl in enumerate(parts(spec, "securityContext", "sysctls")):
        at, name = f"{path}[{index}].name", text(sysctl, "name")
        if not name:
            yield required(at)
        elif len(name) > _SYSCTL_LIMIT or not re.match(_SYSCTL, name):
            yield invalid(at, name, f"must have at most {_SYSCTL_LIMIT} characters and match regex {_SYSCTL}")
        elif name in names:
            yield duplicate(at, name)
        names.add(name)
        dotted = name.replace("/", ".")
        if spec.get("hostNetwork") and dotted.startswith("net."):
            yield invalid(at, name, "may not be specified when 'hostNetwork' is true")
        if spec.get("hostIPC") and (dotted.startswith(_IPC_SYSCTLS) or dotted == "kernel.sem"):
            yield invalid(at, name, "may not be specified when 'hostIPC' is true")

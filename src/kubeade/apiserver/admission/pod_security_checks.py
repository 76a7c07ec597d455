"""The Pod Security Standards as pure checks of a pod's spec (upstream: pod-security-admission/policy).

Each check answers with nothing, or with a reason and its details in upstream's words.
A namespace may pin an older version: checks that came later are then left out.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.sysctls import SAFE_SYSCTLS

LATEST_MINOR = 37
_LEVELS = ("privileged", "baseline", "restricted")
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_VOLUMES = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)
_SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_PROFILES = frozenset({"RuntimeDefault", "Localhost"})
_APP_ARMOR_PREFIX = "container.apparmor.security.beta.kubernetes.io/"
_USER_NAMESPACES_MINOR = 35
"""From here on a pod in a user namespace of its own may be root in it."""

Violation = tuple[str, str]
"""Reason and details."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A pod, or a template of one, and the minor version to judge it by."""

    metadata: Object
    spec: Object
    minor: int

    def containers(self) -> Iterator[Object]:
        for kind in _CONTAINERS:
            yield from parts(self.spec, kind)

    @property
    def is_windows(self) -> bool:
        return text(self.spec, "os", "name") == "windows"

    @property
    def has_own_users(self) -> bool:
        return self.minor >= _USER_NAMESPACES_MINOR and self.spec.get("hostUsers") is False


def stricter(first: str, second: str) -> bool:
    return _LEVELS.index(first) > _LEVELS.index(second)


def violations(level: str, subject: Subject) -> list[Violation]:
    """All that a level forbids of this pod."""
    if level == "privileged":
        return []
    checks = [*_BASELINE, *(_RESTRICTED if level == "restricted" else ())]
    checks = [check for check in checks if subject.minor >= check.since_minor]
    overridden = {name for check in checks for name in check.overrides}
    found = (check.run(subject) for check in checks if check.name not in overridden)
    return [violation for violation in found if violation is not None]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _many(names: list[str], word: str = "container") -> str:
    return f"{word}{'' if len(names) == 1 else 's'} {_quoted(names)}"


def _setters(subject: Subject, is_bad: Callable[[Object], bool]) -> list[str]:
    """`pod` and the containers whose security context is bad, in words."""
    setters = ["pod"] if is_bad(part(subject.spec, "securityContext")) else []
    bad = [c["name"] for c in subject.containers() if is_bad(part(c, "securityContext"))]
    return setters + ([_many(bad)] if bad else [])


def _contexts(subject: Subject) -> list[Object]:
    return [part(found, "securityContext") for found in [subject.spec, *subject.containers()]]


def _app_armor(subject: Subject) -> Violation | None:
    def kind(context: Object) -> str:
        return text(context, "appArmorProfile", "type")

    setters = _setters(subject, lambda context: bool(kind(context)) and kind(context) not in _PROFILES)
    bad = sorted({kind(c) for c in _contexts(subject)} - _PROFILES - {""})
    annotations = part(subject.metadata, "annotations")
    forbidden = sorted(
        f'{key}="{value}"'
        for key, value in annotations.items()
        if key.startswith(_APP_ARMOR_PREFIX)
        and value not in {"", "runtime/default"}
        and not value.startswith("localhost/")
    )
    if forbidden:
        setters.append("annotation" if len(forbidden) == 1 else "annotations")
    if not setters:
        return None
    shown = bad + forbidden
    reason = "forbidden AppArmor profile" + ("" if len(shown) == 1 else "s")
    return reason, f"{' and '.join(setters)} must not set AppArmor profile type to {_quoted(shown)}"


def _capabilities(subject: Subject, allowed: frozenset[str] = _CAPABILITIES) -> Violation | None:
    bad, forbidden = list[str](), set[str]()
    for container in subject.containers():
        extra = set(values(container, "securityContext", "capabilities", "add")) - allowed
        if extra:
            bad.append(container["name"])
            forbidden |= extra
    if not bad:
        return None
    detail = f"{_many(bad)} must not include {_quoted(sorted(forbidden))} in securityContext.capabilities.add"
    return "non-default capabilities", detail


def _host_namespaces(subject: Subject) -> Violation | None:
    fields = ("hostNetwork", "hostPID", "hostIPC")
    used = [f"{field}=true" for field in fields if subject.spec.get(field)]
    return ("host namespaces", ", ".join(used)) if used else None


def _host_paths(subject: Subject) -> Violation | None:
    bad = [volume["name"] for volume in parts(subject.spec, "volumes") if "hostPath" in volume]
    return ("hostPath volumes", _many(bad, "volume")) if bad else None


def _host_ports(subject: Subject) -> Violation | None:
    bad, used = list[str](), set[str]()
    for container in subject.containers():
        ports = {str(port["hostPort"]) for port in parts(container, "ports") if port.get("hostPort")}
        if ports:
            bad.append(container["name"])
            used |= ports
    if not bad:
        return None
    word = "hostPort" if len(used) == 1 else "hostPorts"
    return "hostPort", f"{_many(bad)} {_uses(bad)} {word} {', '.join(sorted(used))}"


def _host_probes(subject: Subject) -> Violation | None:
    bad, hosts = set[str](), set[str]()
    for container in subject.containers():
        probes = [part(container, kind) for kind in ("livenessProbe", "readinessProbe", "startupProbe")]
        hooks = [part(container, "lifecycle", kind) for kind in ("postStart", "preStop")]
        for handler in probes + hooks:
            named = {text(handler, kind, "host") for kind in ("httpGet", "tcpSocket")} - {""}
            if named:
                bad.add(container["name"])
                hosts |= named
    if not bad:
        return None
    word = "probe or lifecycle host" + ("" if len(hosts) == 1 else "s")
    names = sorted(bad)
    return "probe or lifecycle host", f"{_many(names)} {_uses(names)} {word} {_quoted(sorted(hosts))}"


def _uses(names: list[str]) -> str:
    return "uses" if len(names) == 1 else "use"


def _privileged(subject: Subject) -> Violation | None:
    bad = [c["name"] for c in subject.containers() if part(c, "securityContext").get("privileged")]
    return ("privileged", f"{_many(bad)} must not set securityContext.privileged=true") if bad else None


def _proc_mount(subject: Subject) -> Violation | None:
    return None if subject.has_own_users else _proc_mount_always(subject)


def _proc_mount_always(subject: Subject) -> Violation | None:
    kinds = {c["name"]: text(c, "securityContext", "procMount") for c in subject.containers()}
    bad = [name for name, kind in kinds.items() if kind not in {"", "Default"}]
    if not bad:
        return None
    shown = _quoted(sorted({kinds[name] for name in bad}))
    return "procMount", f"{_many(bad)} must not set securityContext.procMount to {shown}"


def _selinux(subject: Subject) -> Violation | None:
    def options(context: Object) -> Object:
        return part(context, "seLinuxOptions")

    def is_bad(context: Object) -> bool:
        found = options(context)
        return bool(found.get("user") or found.get("role") or text(found, "type") not in _SELINUX_TYPES)

    setters = _setters(subject, is_bad)
    if not setters:
        return None
    found = [options(context) for context in _contexts(subject)]
    types = sorted({text(option, "type") for option in found} - _SELINUX_TYPES)
    details = [_many(types, "type")] if types else []
    details += [f"{field} may not be set" for field in ("user", "role") if any(o.get(field) for o in found)]
    detail = f"{' and '.join(setters)} set forbidden securityContext.seLinuxOptions: {'; '.join(details)}"
    return "seLinuxOptions", detail


def _seccomp(subject: Subject) -> Violation | None:
    def kind(context: Object) -> str:
        return text(context, "seccompProfile", "type")

    setters = _setters(subject, lambda context: bool(kind(context)) and kind(context) not in _PROFILES)
    if not setters:
        return None
    bad = _quoted(sorted({kind(context) for context in _contexts(subject)} - _PROFILES - {""}))
    return (
        "seccompProfile",
        f"{' and '.join(setters)} must not set securityContext.seccompProfile.type to {bad}",
    )


def _sysctls(subject: Subject) -> Violation | None:
    used = [text(sysctl, "name") for sysctl in parts(subject.spec, "securityContext", "sysctls")]
    bad = [name for name in used if name not in SAFE_SYSCTLS]
    return ("forbidden sysctls", ", ".join(bad)) if bad else None


def _windows_host_process(subject: Subject) -> Violation | None:
    setters = _setters(subject, lambda context: bool(part(context, "windowsOptions").get("hostProcess")))
    detail = f"{' and '.join(setters)} must not set securityContext.windowsOptions.hostProcess=true"
    return ("hostProcess", detail) if setters else None


def _escalation(subject: Subject) -> Violation | None:
    if subject.is_windows:
        return None
    field = "allowPrivilegeEscalation"
    bad = [c["name"] for c in subject.containers() if part(c, "securityContext").get(field) is not False]
    return (f"{field} != false", f"{_many(bad)} must set securityContext.{field}=false") if bad else None


def _dropped_capabilities(subject: Subject) -> Violation | None:
    if subject.is_windows:
        return None
    keeping = [
        c["name"]
        for c in subject.containers()
        if "ALL" not in values(c, "securityContext", "capabilities", "drop")
    ]
    details = [f'{_many(keeping)} must set securityContext.capabilities.drop=["ALL"]'] if keeping else []
    adding = _capabilities(subject, frozenset({"NET_BIND_SERVICE"}))
    details += [adding[1]] if adding else []
    return ("unrestricted capabilities", "; ".join(details)) if details else None


def _volume_types(subject: Subject) -> Violation | None:
    bad, types = list[str](), set[str]()
    for volume in parts(subject.spec, "volumes"):
        sources = volume.keys() - {"name"}
        if not sources & _VOLUMES:
            bad.append(volume["name"])
            types |= sources or {"unknown"}
    if not bad:
        return None
    word = "restricted volume type" + ("" if len(types) == 1 else "s")
    return "restricted volume types", f"{_many(bad, 'volume')} {_uses(bad)} {word} {_quoted(sorted(types))}"


def _non_root(subject: Subject) -> Violation | None:
    if subject.has_own_users:
        return None
    setters = _setters(subject, lambda context: context.get("runAsNonRoot") is False)
    if setters:
        detail = f"{' and '.join(setters)} must not set securityContext.runAsNonRoot=false"
        return "runAsNonRoot != true", detail
    if part(subject.spec, "securityContext").get("runAsNonRoot"):
        return None
    bad = [c["name"] for c in subject.containers() if not part(c, "securityContext").get("runAsNonRoot")]
    detail = f"pod or {_many(bad)} must set securityContext.runAsNonRoot=true"
    return ("runAsNonRoot != true", detail) if bad else None


def _root_user(subject: Subject) -> Violation | None:
    if subject.has_own_users:
        return None
    setters = _setters(subject, lambda context: context.get("runAsUser") == 0)
    return ("runAsUser=0", f"{' and '.join(setters)} must not set runAsUser=0") if setters else None


def _seccomp_required(subject: Subject) -> Violation | None:
    wrong = _seccomp(subject)
    if wrong or subject.is_windows or "seccompProfile" in part(subject.spec, "securityContext"):
        return None if subject.is_windows else wrong
    bad = [c["name"] for c in subject.containers() if "seccompProfile" not in part(c, "securityContext")]
    kinds = '"RuntimeDefault" or "Localhost"'
    detail = f"pod or {_many(bad)} must set securityContext.seccompProfile.type to {kinds}"
    return ("seccompProfile", detail) if bad else None


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    run: Callable[[Subject], Violation | None]
    since_minor: int = 0
    overrides: tuple[str, ...] = ()


# Both in the order of upstream's check ids.
_BASELINE = (
    _Check("appArmorProfile", _app_armor),
    _Check("capabilities_baseline", _capabilities),
    _Check("hostNamespaces", _host_namespaces),
    _Check("hostPathVolumes", _host_paths),
    _Check("hostPorts", _host_ports),
    _Check("hostProbesAndHostLifecycle", _host_probes, 34),
    _Check("privileged", _privileged),
    _Check("procMount", _proc_mount),
    _Check("seLinuxOptions", _selinux),
    _Check("seccompProfile_baseline", _seccomp, 19),
    _Check("sysctls", _sysctls),
    _Check("windowsHostProcess", _windows_host_process),
)
_RESTRICTED = (
    _Check("allowPrivilegeEscalation", _escalation, 8),
    _Check("capabilities_restricted", _dropped_capabilities, 22, ("capabilities_baseline",)),
    _Check("procMount_restricted", _proc_mount_always, 35, ("procMount",)),
    _Check("restrictedVolumes", _volume_types, 0, ("hostPathVolumes",)),
    _Check("runAsNonRoot", _non_root),
    _Check("runAsUser", _root_user, 23),
    _Check("seccompProfile_restricted", _seccomp_required, 19, ("seccompProfile_baseline",)),
)

"""Rules of probes and lifecycle hooks (upstream: validateProbe, validateLifecycle)."""

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    Errors,
    forbidden,
    invalid,
    messages,
    not_negative,
    not_supported,
    required,
)
from kubeade.api.validation.names import header_name
from kubeade.api.validation.paths import port_number_or_name

_SECONDS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
_NAMED_SIGNALS = (
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS "
    "TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX"
)
_SIGNALS = {
    *(f"SIG{name}" for name in _NAMED_SIGNALS.split()),
    *(f"SIGRTMIN+{n}" for n in range(1, 16)),
    *(f"SIGRTMAX-{n}" for n in range(1, 15)),
}


def probes(container: Object, path: str) -> Errors:
    """A container's three probes."""
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if isinstance(probe, dict):
            yield from _probe(probe, f"{path}.{name}")
            if name == "readinessProbe":
                yield from _readiness(probe, f"{path}.{name}")
            elif probe.get("successThreshold") != 1:
                yield invalid(
                    f"{path}.{name}.successThreshold", number(probe, "successThreshold"), "must be 1"
                )


def _readiness(probe: Object, path: str) -> Errors:
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None:
        detail = "must not be set for readinessProbes"
        yield invalid(f"{path}.terminationGracePeriodSeconds", seconds, detail)


def _probe(probe: Object, path: str) -> Errors:
    yield from _handler(probe, _PROBE_HANDLERS, None, path)
    for key in _SECONDS:
        yield from not_negative(f"{path}.{key}", probe.get(key))
    seconds = probe.get("terminationGracePeriodSeconds")
    if isinstance(seconds, int) and seconds <= 0:
        yield invalid(f"{path}.terminationGracePeriodSeconds", seconds, "must be greater than 0")


def lifecycle(container: Object, spec: Object, path: str) -> Errors:
    """A container's hooks and stop signal."""
    found = container.get("lifecycle")
    if not isinstance(found, dict):
        return
    grace_period_seconds = number(spec, "terminationGracePeriodSeconds")
    for hook in ("postStart", "preStop"):
        if isinstance(handler := found.get(hook), dict):
            yield from _handler(handler, _HOOK_HANDLERS, grace_period_seconds, f"{path}.lifecycle.{hook}")
    if signal := text(found, "stopSignal"):
        yield from _stop_signal(signal, text(spec, "os", "name"), f"{path}.lifecycle.stopSignal")


def _stop_signal(signal: str, system: str, path: str) -> Errors:
    supported = {"SIGKILL", "SIGTERM"} if system == "windows" else _SIGNALS
    if not system:
        yield forbidden(path, "may not be set for containers with empty `spec.os.name`")
    elif signal not in supported:
        yield not_supported(path, signal, sorted(supported))


def _handler(handler: Object, kinds: tuple[str, ...], grace_period_seconds: int | None, path: str) -> Errors:
    found = [kind for kind in kinds if handler.get(kind) is not None]
    if not found:
        yield required(path, "must specify a handler type")
    for kind in found[1:]:
        yield forbidden(f"{path}.{kind}", "may not specify more than 1 handler type")
    for kind in found[:1]:
        action, at = part(handler, kind), f"{path}.{kind}"
        if kind == "sleep":
            yield from _sleep(action, grace_period_seconds or 0, at)
        elif kind == "exec":
            if not action.get("command"):
                yield required(f"{at}.command")
        elif kind == "httpGet":
            yield from _http_get(action, at)
        else:
            yield from port_number_or_name(action.get("port"), f"{at}.port")


def _sleep(action: Object, grace_period_seconds: int, path: str) -> Errors:
    seconds = number(action, "seconds")
    if not 0 <= seconds <= grace_period_seconds:
        limit = f"terminationGracePeriodSeconds ({grace_period_seconds})"
        yield invalid(path, seconds, f"must be non-negative and less than {limit}")


def _http_get(action: Object, path: str) -> Errors:
    if not text(action, "path"):
        yield required(f"{path}.path")
    yield from port_number_or_name(action.get("port"), f"{path}.port")
    if action.get("scheme") not in ("HTTP", "HTTPS"):
        yield not_supported(f"{path}.scheme", text(action, "scheme"), ("HTTP", "HTTPS"))
    for header in parts(action, "httpHeaders"):
        name = text(header, "name")
        yield from messages(f"{path}.httpHeaders", name, header_name(name))

"""Rules of the containers of a pod (upstream: validateContainers, validateInitContainers)."""

from dataclasses import dataclass, field

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.env import env, env_from
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    messages,
    not_found,
    not_supported,
    one_of,
    required,
    too_many,
)
from kubeade.api.validation.mounts import volume_devices, volume_mounts
from kubeade.api.validation.names import port_name, port_number
from kubeade.api.validation.pod_volumes import required_label
from kubeade.api.validation.probes import lifecycle, probes
from kubeade.api.validation.quantities import requirements
from kubeade.api.validation.security import container_security_context

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_FOR_SIDECARS_ONLY = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_NOT_FOR_EPHEMERAL = (
    "ports",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
)
_RULES_LIMIT = 20
_EXIT_CODES_LIMIT = 255


@dataclass(slots=True)
class Pod:
    """What the rules of a container need to know of its pod."""

    spec: Object
    volumes: dict[str, Object]
    claims: set[str] = field(init=False)
    host_users: bool = field(init=False)

    def __post_init__(self) -> None:
        self.claims = {text(c, "name") for c in parts(self.spec, "resourceClaims")}
        self.host_users = self.spec.get("hostUsers") is not False


def containers(pod: Pod, path: str) -> Errors:
    """The containers that make up the pod."""
    listed = parts(pod.spec, "containers")
    if not listed:
        yield required(path)
    names: set[str] = set()
    for index, container in enumerate(listed):
        at = f"{path}[{index}]"
        yield from _common(container, pod, at)
        name = text(container, "name")
        if name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)
        yield from lifecycle(container, pod.spec, at)
        yield from probes(container, at)
        yield from _restart_policy(container, at)
    yield from _host_ports(listed, path)


def init_containers(pod: Pod, path: str) -> Errors:
    """The containers that run before, or, restarting always, beside."""
    names = {text(c, "name") for c in parts(pod.spec, "containers")}
    for index, container in enumerate(parts(pod.spec, "initContainers")):
        at = f"{path}[{index}]"
        yield from _common(container, pod, at)
        yield from _restart_policy(container, at)
        name = text(container, "name")
        if name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)
        yield from _host_ports([container], path)
        if container.get("restartPolicy") == "Always":
            yield from lifecycle(container, pod.spec, at)
            yield from probes(container, at)
        else:
            yield from _not_a_sidecar(container, at)


def ephemeral_containers(pod: Pod, path: str) -> Errors:
    """The containers added to look into a running pod."""
    others = {text(c, "name") for key in ("containers", "initContainers") for c in parts(pod.spec, key)}
    names = set(others)
    for index, container in enumerate(parts(pod.spec, "ephemeralContainers")):
        at = f"{path}[{index}]"
        yield from _common(container, pod, at)
        yield from trimmed_image(container, at)
        name, target = text(container, "name"), text(container, "targetContainerName")
        if name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)
        if target and target not in others:
            yield not_found(f"{at}.targetContainerName", target)
        yield from _ephemeral_fields(container, at)


def trimmed_image(container: Object, path: str) -> Errors:
    """A pod's image has no spaces around it (a template's may still get its final form)."""
    image = text(container, "image")
    if image != image.strip():
        yield invalid(f"{path}.image", image, "must not have leading or trailing whitespace")


def _common(container: Object, pod: Pod, path: str) -> Errors:
    yield from required_label(text(container, "name"), f"{path}.name")
    if not text(container, "image"):
        yield required(f"{path}.image")
    policies = ("File", "FallbackToLogsOnError")
    policy = container.get("terminationMessagePolicy", "File")
    yield from one_of(f"{path}.terminationMessagePolicy", policy, policies)
    yield from _ports(parts(container, "ports"), f"{path}.ports")
    yield from env(parts(container, "env"), f"{path}.env")
    yield from env_from(parts(container, "envFrom"), f"{path}.envFrom")
    yield from volume_mounts(container, pod.volumes, f"{path}.volumeMounts")
    yield from volume_devices(container, pod.volumes, f"{path}.volumeDevices")
    pull = container.get("imagePullPolicy", "IfNotPresent")
    yield from one_of(f"{path}.imagePullPolicy", pull, ("Always", "IfNotPresent", "Never"))
    yield from requirements(part(container, "resources"), pod.claims, f"{path}.resources")
    yield from _resize_policy(container, text(pod.spec, "restartPolicy"), f"{path}.resizePolicy")
    if container.get("securityContext"):
        yield from container_security_context(container, pod.host_users, f"{path}.securityContext")


def _ports(ports: list[Object], path: str) -> Errors:
    names: set[str] = set()
    for index, port in enumerate(ports):
        at, name = f"{path}[{index}]", text(port, "name")
        if name:
            found = port_name(name)
            yield from messages(f"{at}.name", name, found)
            if not found and name in names:
                yield duplicate(f"{at}.name", name)
            names.add(name)
        container_port = number(port, "containerPort")
        if not container_port:
            yield required(f"{at}.containerPort")
        else:
            yield from messages(f"{at}.containerPort", container_port, port_number(container_port))
        if host_port := number(port, "hostPort"):
            yield from messages(f"{at}.hostPort", host_port, port_number(host_port))
        yield from one_of(f"{at}.protocol", port.get("protocol"), _PROTOCOLS)


def _host_ports(listed: list[Object], path: str) -> Errors:
    used: set[str] = set()
    for index, container in enumerate(listed):
        for port_index, port in enumerate(parts(container, "ports")):
            if not port.get("hostPort"):
                continue
            key = f"{text(port, 'protocol')}/{text(port, 'hostIP')}/{port['hostPort']}"
            if key in used:
                yield duplicate(f"{path}[{index}].ports[{port_index}].hostPort", key)
            used.add(key)


def _resize_policy(container: Object, restart_policy: str, path: str) -> Errors:
    names: set[str] = set()
    for index, policy in enumerate(parts(container, "resizePolicy")):
        name, action = text(policy, "resourceName"), text(policy, "restartPolicy")
        if name in names:
            yield duplicate(f"{path}[{index}]", name)
        names.add(name)
        yield from one_of(path, name, ("cpu", "memory"))
        yield from one_of(path, action, ("NotRequired", "RestartContainer"))
        if restart_policy == "Never" and action != "NotRequired":
            yield invalid(path, action, "must be 'NotRequired' when pod `restartPolicy` is 'Never'")


def _restart_policy(container: Object, path: str) -> Errors:
    policy, rules = container.get("restartPolicy"), parts(container, "restartPolicyRules")
    supported = ("Always", "Never", "OnFailure")
    if policy is None and rules:
        yield required(f"{path}.restartPolicy", "must specify restartPolicy when restart rules are used")
    elif policy is not None and policy not in supported:
        yield not_supported(f"{path}.restartPolicy", policy, supported)
    if len(rules) > _RULES_LIMIT:
        yield too_many(f"{path}.restartPolicyRules", len(rules), _RULES_LIMIT)
    for index, rule in enumerate(rules):
        yield from _restart_rule(rule, f"{path}.restartPolicyRules[{index}]")


def _restart_rule(rule: Object, path: str) -> Errors:
    actions = ("Restart",)  # restarting all containers is a gate of upstream's that is off here
    if rule.get("action") not in actions:
        yield not_supported(f"{path}.action", text(rule, "action"), actions)
    codes = rule.get("exitCodes")
    if codes is None:
        yield required(f"{path}.exitCodes", "must be specified")
        return
    if part(codes).get("operator") not in ("In", "NotIn"):
        yield not_supported(f"{path}.exitCodes.operator", text(codes, "operator"), ("In", "NotIn"))
    count = len(values(codes, "values"))
    if count > _EXIT_CODES_LIMIT:
        yield too_many(f"{path}.exitCodes.values", count, _EXIT_CODES_LIMIT)


def _not_a_sidecar(container: Object, path: str) -> Errors:
    for key in _FOR_SIDECARS_ONLY:
        if container.get(key) is not None:
            detail = "may not be set for init containers without restartPolicy=Always"
            yield forbidden(f"{path}.{key}", detail)
    for index, policy in enumerate(parts(container, "resizePolicy")):
        if policy.get("restartPolicy") == "RestartContainer":
            detail = "must not be set to 'RestartContainer' for non-sidecar initContainers"
            yield invalid(f"{path}.resizePolicy[{index}].restartPolicy", "RestartContainer", detail)


def _ephemeral_fields(container: Object, path: str) -> Errors:
    detail = "cannot be set for an Ephemeral Container"
    for key in _NOT_FOR_EPHEMERAL:
        if container.get(key):
            yield forbidden(f"{path}.{key}", detail)
    if container.get("resources"):
        yield forbidden(f"{path}.resources", detail)
    for index, mount in enumerate(parts(container, "volumeMounts")):
        for key in ("subPath", "subPathExpr"):
            if mount.get(key):
                yield forbidden(f"{path}.volumeMounts[{index}].{key}", detail)

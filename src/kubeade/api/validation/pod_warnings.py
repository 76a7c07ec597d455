"""What is accepted of a pod, or of a template of pods, and yet worth a word (upstream:
pkg/api/pod/warnings.go)."""

from collections.abc import Iterable, Iterator

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.api.validation.fields import shown
from kubeade.api.validation.quantities import quantity_of

Warnings = Iterator[str]

_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'use "node.kubernetes.io/instance-type" instead',
}
_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'v1.11+; use the "sysctls" field instead',
}
_BYTES = ("memory", "ephemeral-storage")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NO_SELECTOR = "a null labelSelector results in matching no pod"


def pod_warnings(pod: Object, prefix: str) -> Warnings:
    """`prefix`: where the pod's `spec` and `metadata` stand, with a dot at its end."""
    spec, annotations = part(pod, "spec"), part(pod, "metadata", "annotations")
    yield from _labels_of_nodes(spec, f"{prefix}spec")
    if annotations:
        yield from _annotations(annotations, spec, f"{prefix}metadata.annotations")
    volumes = parts(spec, "volumes")
    for index, volume in enumerate(volumes):
        for key in volume.keys() & _VOLUMES.keys():
            name = "storageOS" if key == "storageos" else key
            yield f"{prefix}spec.volumes[{index}].{name}: {_VOLUMES[key]}"
    yield from _overlaps(volumes)
    if spec.get("hostAliases"):
        yield from _repeated(spec, "hostAliases", "ip", f"{prefix}spec")
    if spec.get("imagePullSecrets"):
        yield from _repeated(spec, "imagePullSecrets", "name", f"{prefix}spec")
        for index, secret in enumerate(parts(spec, "imagePullSecrets")):
            if not text(secret, "name"):
                yield f'{prefix}spec.imagePullSecrets[{index}].name: invalid empty name ""'
    if spec.get("overhead"):
        yield from _fractions(part(spec, "overhead"), f"{prefix}spec.overhead")
    containers = [
        (container, f"{prefix}spec.{key}[{index}]")
        for key in ("initContainers", "containers")
        for index, container in enumerate(parts(spec, key))
    ]
    for container, path in containers:
        yield from _container(container, path)
    yield from _ports(containers)
    if number(spec, "terminationGracePeriodSeconds") < 0:
        detail = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{prefix}spec.terminationGracePeriodSeconds: {detail}"
    if spec.get("affinity"):
        yield from _pod_affinity(part(spec, "affinity"), f"{prefix}spec.affinity")


def node_label(key: str, where: str) -> Warnings:
    """A label of nodes that has another name now."""
    if key in _NODE_LABELS:
        version = "v1.17" if "failure-domain" in key or "instance-type" in key else "v1.14"
        yield f"{where} deprecated since {version}; {_NODE_LABELS[key]}"


def _labels_of_nodes(spec: Object, path: str) -> Warnings:
    for key in part(spec, "nodeSelector"):
        yield from node_label(key, f"{path}.nodeSelector[{key}]:")
    if spec.get("affinity") and (affinity := part(spec, "affinity", "nodeAffinity")):
        at = f"{path}.affinity.nodeAffinity"
        for index, term in enumerate(parts(affinity, _REQUIRED, "nodeSelectorTerms")):
            yield from _term(term, f"{at}.{_REQUIRED}.nodeSelectorTerms[{index}]")
        for index, weighted in enumerate(parts(affinity, _PREFERRED)):
            yield from _term(part(weighted, "preference"), f"{at}.{_PREFERRED}[{index}].preference")
    for index, constraint in enumerate(parts(spec, "topologySpreadConstraints")):
        at, key = f"{path}.topologySpreadConstraints[{index}]", text(constraint, "topologyKey")
        yield from node_label(key, f"{at}.topologyKey: {key} is")
        if constraint.get("labelSelector") is None:
            yield f"{at}.labelSelector: {_NO_SELECTOR}"


def _term(term: Object, path: str) -> Warnings:
    for index, expression in enumerate(parts(term, "matchExpressions")):
        key = text(expression, "key")
        yield from node_label(key, f"{path}.matchExpressions[{index}].key: {key} is")


def _annotations(annotations: Object, spec: Object, path: str) -> Warnings:
    for key, detail in _ANNOTATIONS.items():
        if key in annotations:
            yield f"{path}[{key}]: non-functional in {detail}"
    if _SECCOMP in annotations and part(spec, "securityContext").get("seccompProfile") is None:
        yield f'{path}[{_SECCOMP}]: non-functional in v1.27+; use the "seccompProfile" field instead'
    for key in annotations:
        if key.startswith(_APP_ARMOR):
            yield f'{path}[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead'


def _repeated(spec: Object, key: str, field: str, path: str) -> Warnings:
    names = [text(each, field) for each in parts(spec, key)]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"{path}.{key}[{index}].{field}: duplicate {field} {shown(name)}"


def _fractions(amounts: Object, path: str) -> Warnings:
    """Parts of bytes."""
    for name in _BYTES:
        amount = quantity_of(amounts[name]) if name in amounts else None
        if amount is not None and amount.milli_value() % 1000:
            detail = f'fractional byte value "{amounts[name]}" is invalid, must be an integer'
            yield f"{path}[{name}]: {detail}"


def _container(container: Object, path: str) -> Warnings:
    resources = part(container, "resources")
    for key in ("limits", "requests") if resources else ():
        yield from _fractions(part(resources, key), f"{path}.resources.{key}")
    variables = parts(container, "env")
    if len({str(variable.get("name")) for variable in variables}) == len(variables):
        return  # nearly always: none hides another
    names: set[str] = set()
    for index, variable in enumerate(variables):
        name, value = text(variable, "name"), text(variable, "value")
        # A later definition may build on an earlier one.
        reference = f"$({name})"
        builds_on_it = reference in value and value != reference and not variable.get("valueFrom")
        if name in names and not builds_on_it:
            detail = f'hides previous definition of "{name}", which may be dropped when using apply'
            yield f"{path}.env[{index}]: {detail}"
        names.add(name)


def _ports(containers: Iterable[tuple[Object, str]]) -> Warnings:
    """Ports of all containers, who share the pod's address."""
    used: dict[tuple[int, str], list[tuple[Object, str]]] = {}
    named: dict[str, str] = {}
    clashes: list[str] = []
    for container, path in containers:
        for index, port in enumerate(parts(container, "ports")):
            at = f"{path}.ports[{index}]"
            if text(port, "hostIP") and not number(port, "hostPort"):
                yield f"{at}: hostIP set without hostPort: {_as_in_go(port)}"
            others = used.setdefault((number(port, "containerPort"), text(port, "protocol")), [])
            yield from filter(
                None, (_clash(port, other, f"{at}: {{}} with {where}") for other, where in others)
            )
            others.append((port, at))
            name = text(port, "name")
            if name and name in named:
                first = named[name]
                use = f"services and probes that select ports by name will use {first}"
                clashes.append(f'{at}: duplicate port name "{name}" with {first}, {use}')
            elif name:
                named[name] = at
    yield from clashes


def _clash(port: Object, other: Object, told: str) -> str:
    address, host_port = text(port, "hostIP"), number(port, "hostPort")
    other_address, other_port = text(other, "hostIP"), number(other, "hostPort")
    if (address, host_port) == (other_address, other_port):
        return told.format("duplicate port definition")
    if not host_port or not other_port:
        return told.format("overlapping port definition")
    if host_port == other_port and bool(address) != bool(other_address):
        return told.format("dangerously ambiguous port definition")
    return ""


def _as_in_go(port: Object) -> str:
    said = [text(port, "name"), number(port, "hostPort"), number(port, "containerPort")]
    said += [text(port, "protocol"), text(port, "hostIP")]
    names = ("Name", "HostPort", "ContainerPort", "Protocol", "HostIP")
    return f"{{{' '.join(f'{name}:{value}' for name, value in zip(names, said, strict=True))}}}"


def _pod_affinity(affinity: Object, path: str) -> Warnings:
    for key in ("podAffinity", "podAntiAffinity"):
        found, at = part(affinity, key), f"{path}.{key}"
        for index, term in enumerate(parts(found, _REQUIRED)):
            if term.get("labelSelector") is None:
                yield f"{at}.{_REQUIRED}[{index}].labelSelector: {_NO_SELECTOR}"
        for index, weighted in enumerate(parts(found, _PREFERRED)):
            if part(weighted, "podAffinityTerm").get("labelSelector") is None:
                yield f"{at}.{_PREFERRED}[{index}].podAffinityTerm.labelSelector: {_NO_SELECTOR}"


_FILES = {"configMap": "ConfigMap", "secret": "Secret", "downwardAPI": "DownwardAPI"}
_CERTIFICATE_FILES = {
    "certificateChainPath": "chain",
    "keyPath": "key",
    "credentialBundlePath": "credential bundle",
}
_Path = tuple[str, str]
"""A path in a volume, and whose it is."""


def _overlaps(volumes: list[Object]) -> Warnings:
    """Files of a volume that stand in each other's way."""
    for volume in volumes:
        for key, what in _FILES.items():
            source = volume.get(key)
            if isinstance(source, dict) and len(items := parts(source, "items")) > 1:
                paths = [(text(item, "path"), "") for item in items]
                yield from _overlapping(paths, text(volume, "name"), _called(source, what))
        if isinstance(projected := volume.get("projected"), dict):
            sources = parts(projected, "sources")
            for source in sources:
                if not any(source.values()):
                    yield f'volume "{text(volume, "name")}" (Projected) has no sources provided'
            paths = [path for source in sources for path in _projected(source)]
            yield from _overlapping(paths, text(volume, "name"), "Projected")


def _called(source: Object, what: str) -> str:
    if what == "DownwardAPI":
        return what
    name = text(source, "secretName") if what == "Secret" else text(source, "name")
    return f'{what} "{name or text(source, "name")}"'


def _projected(source: Object) -> Iterator[_Path]:
    for key, what in _FILES.items():
        if key in source:
            found = part(source, key)
            for item in parts(found, "items"):
                yield text(item, "path"), _called(found, what)
    if token := part(source, "serviceAccountToken"):
        yield text(token, "path"), "ServiceAccountToken"
    if bundle := part(source, "clusterTrustBundle"):
        name = text(bundle, "name") or text(bundle, "signerName")
        yield text(bundle, "path"), f'ClusterTrustBundle "{name}"'
    if certificate := part(source, "podCertificate"):
        for key, what in _CERTIFICATE_FILES.items():
            if text(certificate, key):
                yield text(certificate, key), f"PodCertificate {what}"


def _overlapping(paths: Iterable[_Path], volume: str, what: str) -> Warnings:
    before: list[_Path] = []
    for path, source in paths:
        kept = path.rstrip("/")
        for other, other_source in before:
            if kept and other and (f"{other}/".startswith(f"{kept}/") or f"{kept}/".startswith(f"{other}/")):
                both = f"{_told(kept, source)} with {_told(other, other_source)}"
                yield f'volume "{volume}" ({what}): overlapping paths: {both}'
        before.append((kept, source))


def _told(path: str, source: str) -> str:
    return f'"{path}" ({source})' if source else f'"{path}"'

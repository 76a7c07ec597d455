"""The environment of a container. Pure: config maps, secrets and services are handed in.

Order and precedence are upstream's: what `env` says, over `envFrom`, over the variables of services.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from kubeade.api.resource import Object, Resource
from kubeade.api.resources import CONFIG_MAPS, SECRETS
from kubeade.kubelet import pods
from kubeade.kubelet.downward import UnsupportedField, field_value, resource_value
from kubeade.kubelet.env_file import BadEnvFile, parse_env_file
from kubeade.kubelet.expansion import expand
from kubeade.kubelet.payload import decoded

Lookup = Callable[[Resource, str], Object | None]
"""The config map or secret of that name in the pod's namespace, None if there is none."""


ReadFile = Callable[[str, str], str | None]
"""The text of a file by volume and path, None if there is none. Raises ConfigError."""


class ConfigError(Exception):
    """The container cannot be configured: CreateContainerConfigError, with this message."""


@dataclass(frozen=True, slots=True)
class EnvironmentInputs:
    """`pod` carries its current status; `services` are those of its namespace and `default/kubernetes`;
    `read_file` reads in the pod's volumes."""

    pod: Object
    container: Object
    lookup: Lookup
    services: list[Object] = field(default_factory=list)
    allocatable: Mapping[str, str] = field(default_factory=dict)
    read_file: ReadFile = lambda volume, path: None


def environment(inputs: EnvironmentInputs) -> dict[str, str]:
    """All variables of the container. Raises ConfigError."""
    from_services = service_variables(inputs.pod, inputs.services)
    variables = _env_from(inputs)
    for entry in inputs.container.get("env") or []:
        known = {**from_services, **variables}
        value = _value(entry, known, inputs)
        if value is not None:
            variables[entry["name"]] = value
    return {**variables, **{name: from_services[name] for name in from_services if name not in variables}}


def _env_from(inputs: EnvironmentInputs) -> dict[str, str]:
    variables: dict[str, str] = {}
    for source in inputs.container.get("envFrom") or []:
        prefix = source.get("prefix", "")
        resource, key = (CONFIG_MAPS, "configMapRef") if "configMapRef" in source else (SECRETS, "secretRef")
        found = _find(resource, source[key], inputs)
        for name, value in decoded(found).items() if found is not None else ():
            if name and "=" not in name:
                variables[prefix + name] = value.decode(errors="replace")
    return variables


def _value(entry: Object, known: Mapping[str, str], inputs: EnvironmentInputs) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return expand(entry.get("value") or "", known)
    try:
        if "fieldRef" in source:
            return field_value(inputs.pod, source["fieldRef"]["fieldPath"])
        if "resourceFieldRef" in source:
            return _resource(source["resourceFieldRef"], inputs)
    except UnsupportedField as error:
        raise ConfigError(str(error)) from error
    if "configMapKeyRef" in source:
        return _key(CONFIG_MAPS, source["configMapKeyRef"], inputs)
    if "secretKeyRef" in source:
        return _key(SECRETS, source["secretKeyRef"], inputs)
    if "fileKeyRef" in source:
        return _of_file(source["fileKeyRef"], inputs)
    raise ConfigError(f"env {entry['name']}: valueFrom.{next(iter(source))} is not supported")


def _of_file(reference: Object, inputs: EnvironmentInputs) -> str | None:
    path, key = reference["path"], reference["key"]
    text = inputs.read_file(reference["volumeName"], path)
    try:
        values = parse_env_file(text or "")
    except BadEnvFile as error:
        raise ConfigError(f"couldn't parse env file {path!r}: {error}") from error
    if values.get(key):
        return values[key]
    if reference.get("optional"):
        return None
    raise ConfigError(f'environment variable key "{key}" not found in file "{path}"')


def _resource(reference: Object, inputs: EnvironmentInputs) -> str:
    name = reference.get("containerName")
    container = pods.container_named(inputs.pod, name) if name else inputs.container
    if container is None:
        raise ConfigError(f"container {name} not found")
    return resource_value(container, reference, inputs.allocatable)


def _key(resource: Resource, reference: Object, inputs: EnvironmentInputs) -> str | None:
    found = _find(resource, reference, inputs)
    if found is None:
        return None
    values = decoded(found)
    if reference["key"] in values:
        return values[reference["key"]].decode(errors="replace")
    if reference.get("optional"):
        return None
    namespace = pods.namespace_of(inputs.pod)
    raise ConfigError(
        f"couldn't find key {reference['key']} in {resource.kind} {namespace}/{reference['name']}"
    )


def _find(resource: Resource, reference: Object, inputs: EnvironmentInputs) -> Object | None:
    name = reference.get("name", "")
    found = inputs.lookup(resource, name)
    if found is None and not reference.get("optional"):
        raise ConfigError(f'{resource.kind.lower()} "{name}" not found')
    return found


def service_variables(pod: Object, services: Iterable[Object]) -> dict[str, str]:
    """`NAME_SERVICE_HOST` and its like; without `enableServiceLinks` only those of the API server."""
    links = pod["spec"].get("enableServiceLinks", True)
    namespace = pods.namespace_of(pod)
    chosen: dict[str, Object] = {}
    for service in services:
        metadata, address = service["metadata"], service["spec"].get("clusterIP")
        if not address or address == "None":
            continue
        if metadata["namespace"] == "default" and metadata["name"] == "kubernetes":
            chosen.setdefault("kubernetes", service)
        elif metadata["namespace"] == namespace and links:
            chosen[metadata["name"]] = service
    variables: dict[str, str] = {}
    for name in sorted(chosen):
        variables.update(_variables_of(name, chosen[name]["spec"]))
    return variables


def _variables_of(name: str, spec: Object) -> dict[str, str]:
    prefix = name.upper().replace("-", "_")
    address, ports = spec["clusterIP"], spec.get("ports") or []
    if not ports:
        return {f"{prefix}_SERVICE_HOST": address}
    variables = {f"{prefix}_SERVICE_HOST": address, f"{prefix}_SERVICE_PORT": str(ports[0]["port"])}
    for port in ports:
        if port.get("name"):
            variables[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
    for index, port in enumerate(ports):
        variables.update(_link_variables(prefix, address, port, first=index == 0))
    return variables


def _link_variables(prefix: str, address: str, port: Object, *, first: bool) -> dict[str, str]:
    """The variables of Docker's container links, which upstream still writes."""
    protocol = port.get("protocol") or "TCP"
    number = str(port["port"])
    host = f"[{address}]" if ":" in address else address
    url = f"{protocol.lower()}://{host}:{number}"
    base = f"{prefix}_PORT_{number}_{protocol.upper()}"
    variables = {f"{prefix}_PORT": url} if first else {}
    return variables | {
        base: url,
        f"{base}_PROTO": protocol.lower(),
        f"{base}_PORT": number,
        f"{base}_ADDR": address,
    }

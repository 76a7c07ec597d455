"""Rules of a container's environment (upstream: ValidateEnv, ValidateEnvFrom)."""

from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.api.validation.field_refs import ENV_FIELDS, field_ref, resource_field_ref
from kubeade.api.validation.fields import Errors, invalid, messages, required
from kubeade.api.validation.names import config_key, dns_label, dns_subdomain, environment_name, masked
from kubeade.api.validation.paths import no_backsteps

_ONE_AT_A_TIME = "may not have more than one field specified at a time"
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")


def env(variables: list[Object], path: str) -> Errors:
    """Variables, each with a value or a source of it."""
    for index, variable in enumerate(variables):
        name = variable.get("name")
        if not name or not isinstance(name, str):
            yield required(f"{path}[{index}].name")
        elif found := environment_name(name):
            yield from messages(f"{path}[{index}].name", name, found)
        if isinstance(variable.get("valueFrom"), dict):
            yield from _value_from(variable, f"{path}[{index}].valueFrom")


def _value_from(variable: Object, path: str) -> Errors:
    source = part(variable, "valueFrom")
    found = [key for key in _SOURCES if source.get(key) is not None]
    for key in found:
        yield from _source(key, part(source, key), f"{path}.{key}")
    if not found:
        kinds = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        yield invalid(path, "", f"must specify one of: {kinds}")
    elif variable.get("value"):
        yield invalid(path, "", "may not be specified when `value` is not empty")
    elif len(found) > 1:
        yield invalid(path, "", _ONE_AT_A_TIME)


def _source(kind: str, source: Object, path: str) -> Errors:
    if kind == "fieldRef":
        yield from field_ref(source, ENV_FIELDS, path)
    elif kind == "resourceFieldRef":
        yield from resource_field_ref(source, path, in_volume=False)
    elif kind == "fileKeyRef":
        yield from _file_key(source, path)
    else:
        name, key = text(source, "name"), text(source, "key")
        yield from messages(f"{path}.name", name, dns_subdomain(name))
        if not key:
            yield required(f"{path}.key")
        else:
            yield from messages(f"{path}.key", key, config_key(key))


def _file_key(source: Object, path: str) -> Errors:
    key, volume, file = text(source, "key"), text(source, "volumeName"), text(source, "path")
    for name in ("key", "volumeName", "path"):
        if not text(source, name):
            yield required(f"{path}.{name}")
    if key:
        yield from messages(f"{path}.key", key, environment_name(key))
    if volume:
        yield from messages(f"{path}.volumeName", volume, dns_label(volume))
    yield from no_backsteps(file, f"{path}.path")


def env_from(sources: list[Object], path: str) -> Errors:
    """Whole ConfigMaps and Secrets as variables."""
    for index, source in enumerate(sources):
        at, prefix = f"{path}[{index}]", text(source, "prefix")
        if prefix:
            yield from messages(f"{at}.prefix", prefix, environment_name(prefix))
        found = [key for key in ("configMapRef", "secretRef") if source.get(key) is not None]
        for key in found:
            name = text(source, key, "name")
            if not name:
                yield required(f"{at}.{key}.name")
            else:
                yield from messages(f"{at}.{key}.name", name, dns_subdomain(masked(name)))
        if not found:
            yield invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(found) > 1:
            yield invalid(path, "", _ONE_AT_A_TIME)

"""Which files a configMap, secret, downwardAPI or projected volume consists of. Pure, but for tokens: those
are handed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubeade.api.resource import Object, Resource
from kubeade.api.resources import CONFIG_MAPS, SECRETS
from kubeade.kubelet import pods
from kubeade.kubelet.downward import UnsupportedField, field_value, resource_value
from kubeade.kubelet.environment import Lookup
from kubeade.kubelet.failures import VolumeError
from kubeade.kubelet.payload import decoded
from kubeade.kubelet.volumes.atomic_writer import FileContent

DEFAULT_MODE = 0o644
PRIVATE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class ProjectionInputs:
    """`tokens` by their path in the volume; `owner` and `private` say whose a token file is. `user` owns the
    files that name nobody themselves."""

    pod: Object
    lookup: Lookup
    allocatable: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    owner: int | None = None
    private: bool = False
    user: int | None = None


def volume_files(volume: Object, inputs: ProjectionInputs) -> dict[str, FileContent]:
    """The volume's files by path. Raises VolumeError."""
    kind = next(each for each in ("configMap", "secret", "downwardAPI", "projected") if each in volume)
    inputs = replace(inputs, user=volume[kind].get("defaultUser"))
    if "configMap" in volume:
        source = volume["configMap"]
        return _of_object(CONFIG_MAPS, source.get("name", ""), source, _mode(source), inputs)
    if "secret" in volume:
        source = volume["secret"]
        return _of_object(SECRETS, source.get("secretName", ""), source, _mode(source), inputs)
    if "downwardAPI" in volume:
        return _of_downward(volume["downwardAPI"], _mode(volume["downwardAPI"]), inputs)
    return _of_projected(volume["projected"], inputs)


def token_sources(volume: Object) -> list[Object]:
    """The serviceAccountToken sources of a projected volume."""
    sources = (volume.get("projected") or {}).get("sources") or []
    return [each["serviceAccountToken"] for each in sources if "serviceAccountToken" in each]


def _of_projected(projected: Object, inputs: ProjectionInputs) -> dict[str, FileContent]:
    mode = _mode(projected)
    files: dict[str, FileContent] = {}
    for source in projected.get("sources") or []:
        files.update(_of_source(source, mode, inputs))
    return files


def _of_source(source: Object, mode: int, inputs: ProjectionInputs) -> dict[str, FileContent]:
    if "configMap" in source:
        named = source["configMap"]
        return _of_object(CONFIG_MAPS, named.get("name", ""), named, mode, inputs)
    if "secret" in source:
        named = source["secret"]
        return _of_object(SECRETS, named.get("name", ""), named, mode, inputs)
    if "downwardAPI" in source:
        return _of_downward(source["downwardAPI"], mode, inputs)
    if "serviceAccountToken" in source:
        path = source["serviceAccountToken"]["path"]
        token_mode = PRIVATE_MODE if inputs.private or inputs.owner is not None else mode
        owner = _first(source["serviceAccountToken"].get("user"), inputs.user, inputs.owner)
        return {path: FileContent(inputs.tokens[path].encode(), token_mode, owner)}
    kind = next(iter(source), "an empty source")
    raise VolumeError(f"projected volumes with {kind} are not supported by this node")


def _of_object(
    resource: Resource, name: str, source: Object, mode: int, inputs: ProjectionInputs
) -> dict[str, FileContent]:
    optional = bool(source.get("optional"))
    found = inputs.lookup(resource, name)
    if found is None:
        if optional:
            return {}
        raise VolumeError(f'{resource.kind.lower()} "{name}" not found')
    values = decoded(found)
    items = source.get("items")
    if items is None:
        return {key: FileContent(value, mode, inputs.user) for key, value in values.items()}
    files = {}
    for item in items:
        key = item["key"]
        if key in values:
            owner = _first(item.get("user"), inputs.user)
            files[item["path"]] = FileContent(values[key], _item_mode(item, mode), owner)
        elif not optional:
            where = f"{pods.namespace_of(inputs.pod)}/{name}"
            raise VolumeError(f"references non-existent {resource.kind.lower()} key: {key} in {where}")
    return files


def _of_downward(source: Object, mode: int, inputs: ProjectionInputs) -> dict[str, FileContent]:
    files = {}
    for item in source.get("items") or []:
        try:
            text = _downward_text(item, inputs)
        except UnsupportedField as error:
            raise VolumeError(str(error)) from error
        owner = _first(item.get("user"), inputs.user)
        files[item["path"]] = FileContent(text.encode(), _item_mode(item, mode), owner)
    return files


def _downward_text(item: Object, inputs: ProjectionInputs) -> str:
    if "fieldRef" in item:
        return field_value(inputs.pod, item["fieldRef"]["fieldPath"])
    reference = item["resourceFieldRef"]
    container = pods.container_named(inputs.pod, reference.get("containerName", ""))
    if container is None:
        raise VolumeError(f"container {reference.get('containerName')} not found")
    return resource_value(container, reference, inputs.allocatable)


def _first(*owners: int | None) -> int | None:
    """The most particular of what is said about a file's owner."""
    return next((each for each in owners if each is not None), None)


def _mode(source: Mapping[str, Any]) -> int:
    mode = source.get("defaultMode")
    return DEFAULT_MODE if mode is None else int(mode)


def _item_mode(item: Mapping[str, Any], default: int) -> int:
    mode = item.get("mode")
    return default if mode is None else int(mode)

"""Rules of a pod's volumes (upstream: validateVolumeSource)."""

from collections.abc import Callable, Iterator

from kubeade.api.errors import FieldError
from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.api.validation.field_refs import VOLUME_FIELDS, field_ref, resource_field_ref
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    messages,
    not_supported,
    required,
)
from kubeade.api.validation.names import dns_label, dns_subdomain
from kubeade.api.validation.paths import file_mode, no_backsteps, projected_path, relative_path

_HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
_SHORTEST_TOKEN_SECONDS = 600
_LONGEST_TOKEN_SECONDS = 2**32


def volumes(spec: Object, pod_name: str, path: str) -> tuple[list[FieldError], dict[str, Object]]:
    """What is wrong with the volumes of a pod spec, and those that are in order, by name: others cannot be
    mounted. `pod_name` is empty for a template."""
    good: dict[str, Object] = {}
    errors: list[FieldError] = []
    listed = parts(spec, "volumes")
    made = {f"{pod_name}-{text(v, 'name')}" for v in listed if pod_name and v.get("ephemeral") is not None}
    for index, volume in enumerate(listed):
        at = f"{path}[{index}]"
        name = text(volume, "name")
        found = [*_source(volume, at), *required_label(name, f"{at}.name")]
        if name in good:
            found.append(duplicate(f"{at}.name", name))
        if not found:
            good[name] = volume
        errors += found
        claim = text(volume, "persistentVolumeClaim", "claimName")
        if claim in made:
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            errors.append(invalid(f"{at}.persistentVolumeClaim.claimName", claim, detail))
    return errors, good


def required_label(name: str, path: str) -> Errors:
    """A name that must be given and be a DNS label."""
    if not name:
        yield required(path)
    else:
        yield from messages(path, name, dns_label(name))


def _source(volume: Object, path: str) -> Errors:
    found = sorted((key for key, value in volume.items() if key != "name" and value is not None), key=_rank)
    if not found:
        yield required(path, "must specify a volume type")
    for key in found[:1]:
        source = part(volume, key)
        at = f"{path}.{_NAMED_WHEN_WRONG.get(key, key)}"
        if rule := _SOURCES.get(key):
            yield from rule(source, at)
        for needed in _REQUIRED.get(key, ()):
            if not source.get(needed):
                yield required(f"{at}.{needed}")
    for key in found[1:]:
        named = _NAMED_WHEN_SECOND.get(key, key)
        yield forbidden(f"{path}.{named}", "may not specify more than 1 volume type")


def _rank(source: str) -> int:
    """Where it stands in upstream's order: the first of several is the one that is looked at."""
    return _ORDER.index(source) if source in _ORDER else len(_ORDER)


_ORDER = """
    emptyDir hostPath gitRepo gcePersistentDisk awsElasticBlockStore secret nfs iscsi glusterfs flocker
    persistentVolumeClaim rbd cinder cephfs quobyte downwardAPI fc flexVolume configMap azureFile
    vsphereVolume photonPersistentDisk portworxVolume azureDisk storageos projected scaleIO csi ephemeral
    image
    """.split()  # noqa: SIM905 - a list of thirty names would be thirty lines
# Upstream's names for some sources' places.
_NAMED_WHEN_WRONG = {"gcePersistentDisk": "persistentDisk"}
_NAMED_WHEN_SECOND = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}


def _empty_dir(source: Object, path: str) -> Errors:
    if str(source.get("sizeLimit") or "").startswith("-"):
        yield forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def host_path(source: Object, path: str) -> Errors:
    """A directory, file or device of the node."""
    target = text(source, "path")
    if not target:
        yield required(f"{path}.path")
        return
    yield from no_backsteps(target, f"{path}.path")
    kind = source.get("type") or ""
    if kind not in _HOST_PATH_TYPES:
        yield not_supported(f"{path}.type", kind, _HOST_PATH_TYPES)


def _files(source: Object, path: str) -> Errors:
    yield from file_mode(source.get("defaultMode"), f"{path}.defaultMode")
    for index, item in enumerate(parts(source, "items")):
        yield from _key_to_path(item, f"{path}.items[{index}]")


def _key_to_path(item: Object, path: str) -> Errors:
    for key in ("key", "path"):
        if not text(item, key):
            yield required(f"{path}.{key}")
    yield from projected_path(text(item, "path"), f"{path}.path")
    yield from file_mode(item.get("mode"), f"{path}.mode")


def _downward_api(source: Object, path: str) -> Errors:
    yield from file_mode(source.get("defaultMode"), f"{path}.defaultMode")
    for item in parts(source, "items"):
        yield from _downward_file(item, path)


def _downward_file(item: Object, path: str) -> Errors:
    if not text(item, "path"):
        yield required(f"{path}.path")
    yield from projected_path(text(item, "path"), f"{path}.path")
    reference, resource = item.get("fieldRef"), item.get("resourceFieldRef")
    if reference is not None:
        yield from field_ref(part(reference), VOLUME_FIELDS, f"{path}.fieldRef")
        if resource is not None:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            yield invalid(path, "resource", detail)
    elif resource is not None:
        yield from resource_field_ref(part(resource), f"{path}.resourceFieldRef", in_volume=True)
    else:
        yield required(path, "one of fieldRef and resourceFieldRef is required")
    yield from file_mode(item.get("mode"), f"{path}.mode")


def _projected(source: Object, path: str) -> Errors:
    yield from file_mode(source.get("defaultMode"), f"{path}.defaultMode")
    used: set[str] = set()
    for index, projection in enumerate(parts(source, "sources")):
        at = f"{path}.sources[{index}]"
        yield from _projection(projection, at)
        for name, target in _targets(projection):
            if target in used:
                yield invalid(path, name, "conflicting duplicate paths")
            used.add(target)


def _projection(projection: Object, path: str) -> Errors:
    found = [key for key, value in projection.items() if value is not None]
    if len(found) > 1:
        yield forbidden(path, "may not specify more than 1 volume type per source")
    for key in ("secret", "configMap"):
        if key in found:
            if not text(projection, key, "name"):
                yield required(f"{path}.{key}.name")
            yield from _files(part(projection, key), f"{path}.{key}")
    if "downwardAPI" in found:
        yield from _downward_api(part(projection, "downwardAPI"), f"{path}.downwardAPI")
    if "serviceAccountToken" in found:
        yield from _token(part(projection, "serviceAccountToken"), f"{path}.serviceAccountToken")


def _token(token: Object, path: str) -> Errors:
    seconds = number(token, "expirationSeconds")
    if seconds < _SHORTEST_TOKEN_SECONDS:
        yield invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
    elif seconds > _LONGEST_TOKEN_SECONDS:
        yield invalid(
            f"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"
        )
    if not text(token, "path"):
        yield required(f"{path}.path")
    else:
        yield from projected_path(text(token, "path"), f"{path}.path")


def _targets(projection: Object) -> Iterator[tuple[str, str]]:
    """Each file of a projection: the name of what it comes from, and its path."""
    for key in ("secret", "configMap", "downwardAPI"):
        source = part(projection, key)
        for item in parts(source, "items"):
            if text(item, "path"):
                yield text(source, "name"), text(item, "path")
    if target := text(projection, "serviceAccountToken", "path"):
        yield "", target


def _nfs(source: Object, path: str) -> Errors:
    target = text(source, "path")
    if target and not target.startswith("/"):
        yield invalid(f"{path}.path", target, "must be an absolute path")


def _git_repo(source: Object, path: str) -> Errors:
    yield from relative_path(text(source, "directory"), f"{path}.directory")


def _ephemeral(source: Object, path: str) -> Errors:
    template = part(source, "volumeClaimTemplate")
    if not template:
        yield required(f"{path}.volumeClaimTemplate")
        return
    at = f"{path}.volumeClaimTemplate.spec"
    if not (template.get("spec") or {}).get("accessModes"):
        yield required(f"{at}.accessModes", "at least 1 access mode is required")
    if "storage" not in part(template, "spec", "resources", "requests"):
        yield required(f"{at}.resources[storage]")


def _csi(source: Object, path: str) -> Errors:
    driver = text(source, "driver")
    if driver:
        yield from messages(f"{path}.driver", driver, dns_subdomain(driver.lower()))


_SOURCES: dict[str, Callable[[Object, str], Errors]] = {
    "emptyDir": _empty_dir,
    "hostPath": host_path,
    "secret": _files,
    "configMap": _files,
    "downwardAPI": _downward_api,
    "projected": _projected,
    "nfs": _nfs,
    "gitRepo": _git_repo,
    "ephemeral": _ephemeral,
    "csi": _csi,
}
_REQUIRED: dict[str, tuple[str, ...]] = {
    "secret": ("secretName",),
    "configMap": ("name",),
    "persistentVolumeClaim": ("claimName",),
    "nfs": ("server", "path"),
    "gitRepo": ("repository",),
    "csi": ("driver",),
    "iscsi": ("targetPortal", "iqn"),
    "gcePersistentDisk": ("pdName",),
    "awsElasticBlockStore": ("volumeID",),
    "glusterfs": ("endpoints", "path"),
    "rbd": ("monitors", "image"),
    "quobyte": ("registry", "volume"),
    "flexVolume": ("driver",),
    "cinder": ("volumeID",),
    "cephfs": ("monitors",),
    "azureFile": ("secretName", "shareName"),
    "azureDisk": ("diskName", "diskURI"),
    "vsphereVolume": ("volumePath",),
    "photonPersistentDisk": ("pdID",),
    "portworxVolume": ("volumeID",),
    "scaleIO": ("gateway", "system", "volumeName"),
    "image": ("reference",),
}

"""Rules of CSI drivers, the nodes they run on, their capacity, and volumes attached (upstream:
pkg/apis/storage/validation). Classes have a file of their own.
"""

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.driver_names import driver_name
from kubeade.api.validation.fields import (
    IMMUTABLE,
    Errors,
    duplicate,
    forbidden,
    immutable,
    invalid,
    messages,
    not_negative,
    not_supported,
    required,
    too_long,
)
from kubeade.api.validation.internal_types import OPTIONAL, TEXT, internal, pointer, struct
from kubeade.api.validation.names import dns_subdomain, qualified_name
from kubeade.api.validation.quantities import not_negative_quantity
from kubeade.api.validation.selectors import label_selector
from kubeade.api.validation.storage_classes import size_bytes
from kubeade.api.validation.volume_claims import inline_volume

_NODE_ID_LIMIT = 256
_METADATA_LIMIT_BYTES = 256 * 1024
_ERROR_LIMIT_BYTES = 1024
_GROUP_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
_LIFECYCLE_MODES = ("Persistent", "Ephemeral")
_SHORTEST_TOKEN_SECONDS, _LONGEST_TOKEN_SECONDS = 600, 2**32
_SHORTEST_PERIOD_SECONDS = 10
_DRIVER = struct(Name=TEXT, NodeID=TEXT, TopologyKeys=OPTIONAL, Allocatable=pointer(Count=OPTIONAL))
_ATTACHMENT = struct(
    Attacher=TEXT, Source=struct(PersistentVolumeName=OPTIONAL, InlineVolumeSpec=OPTIONAL), NodeName=TEXT
)


def csi_driver(found: Object) -> Errors:
    """CSIDriver."""
    spec = part(found, "spec")
    policy = spec.get("fsGroupPolicy")
    if policy is not None and policy not in _GROUP_POLICIES:
        yield not_supported("spec.fsGroupPolicy", policy, _GROUP_POLICIES)
    requests = parts(spec, "tokenRequests")
    yield from _token_requests(requests, "spec.tokenRequests")
    for mode in values(spec, "volumeLifecycleModes"):
        if mode not in _LIFECYCLE_MODES:
            yield not_supported("spec.volumeLifecycleModes", mode, _LIFECYCLE_MODES)
    key = "nodeAllocatableUpdatePeriodSeconds"
    period = spec.get(key)
    if isinstance(period, int) and period < _SHORTEST_PERIOD_SECONDS:
        detail = f"must be greater than or equal to {_SHORTEST_PERIOD_SECONDS} seconds"
        yield invalid(f"spec.{key}", period, detail)
    key = "serviceAccountTokenInSecrets"
    if spec.get(key) is not None and not requests:
        yield invalid(f"spec.{key}", spec[key], f"{key} is set but no tokenRequests are specified")


def csi_driver_change(new: Object, old: Object) -> Errors:
    """A changed CSIDriver besides."""
    after, before = part(new, "spec"), part(old, "spec")
    # Upstream's path is misspelt.
    for key, shown in (("attachRequired", "attachedRequired"), ("volumeLifecycleModes",) * 2):
        if after.get(key) != before.get(key):
            yield invalid(f"spec.{shown}", after.get(key), IMMUTABLE)


def csi_node(found: Object) -> Errors:
    """CSINode."""
    names: set[str] = set()
    for index, driver in enumerate(parts(found, "spec", "drivers")):
        at, name = f"spec.drivers[{index}]", text(driver, "name")
        yield from driver_name(name, f"{at}.name")
        yield from _node_id(text(driver, "nodeID"), f"{at}.nodeID")
        yield from not_negative(f"{at}.allocatable.count", part(driver, "allocatable").get("count"))
        if name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)
        yield from _topology_keys([str(key) for key in values(driver, "topologyKeys")], at)


def csi_node_change(new: Object, old: Object) -> Errors:
    """A registered driver changes nothing but how many volumes it takes."""
    for before in parts(old, "spec", "drivers"):
        for after in parts(new, "spec", "drivers"):
            if after.get("name") != before.get("name"):
                continue
            shown, unchanged = (internal({**each, "allocatable": None}, _DRIVER) for each in (after, before))
            if shown != unchanged:
                yield invalid("spec.drivers", shown, IMMUTABLE)


def csi_storage_capacity(found: Object) -> Errors:
    """CSIStorageCapacity."""
    yield from label_selector(found.get("nodeTopology"), "nodeTopology")
    name = text(found, "storageClassName")
    yield from messages("storageClassName", name, dns_subdomain(name))
    yield from not_negative_quantity(found.get("capacity"), "capacity")


def csi_storage_capacity_change(new: Object, old: Object) -> Errors:
    """What was asked for stays."""
    if (new.get("nodeTopology") or None) != (old.get("nodeTopology") or None):
        yield invalid("nodeTopology", new.get("nodeTopology"), IMMUTABLE)
    yield from immutable("storageClassName", text(new, "storageClassName"), text(old, "storageClassName"))


def volume_attachment(found: Object) -> Errors:
    """VolumeAttachment."""
    spec = part(found, "spec")
    yield from driver_name(text(spec, "attacher"), "spec.attacher")
    yield from _attached_source(part(spec, "source"), "spec.source")
    node = text(spec, "nodeName")
    yield from messages("spec.nodeName", node, dns_subdomain(node))
    yield from _attachment_status(part(found, "status"))
    name = part(spec, "source").get("persistentVolumeName")
    if isinstance(name, str):
        yield from messages("spec.source.persistentVolumeName", name, dns_subdomain(name))


def volume_attachment_change(new: Object, old: Object) -> Errors:
    """Which volume is to be attached where stays."""
    after, before = (internal(part(each, "spec"), _ATTACHMENT) for each in (new, old))
    if after != before:
        yield invalid("spec", after, IMMUTABLE)


def volume_attachment_status(new: Object, old: Object) -> Errors:
    """A written status is judged with all the rest."""
    yield from volume_attachment(new)
    yield from volume_attachment_change(new, old)


def _token_requests(requests: list[Object], path: str) -> Errors:
    audiences: set[str] = set()
    for index, request in enumerate(requests):
        audience, seconds = text(request, "audience"), request.get("expirationSeconds")
        if audience in audiences:
            yield duplicate(f"{path}[{index}].audience", audience)
            continue
        audiences.add(audience)
        at = f"{path}[{index}].expirationSeconds"
        if isinstance(seconds, int) and seconds < _SHORTEST_TOKEN_SECONDS:
            yield invalid(at, seconds, "may not specify a duration less than 10 minutes")
        if isinstance(seconds, int) and seconds > _LONGEST_TOKEN_SECONDS:
            yield invalid(at, seconds, "may not specify a duration larger than 2^32 seconds")


def _node_id(identity: str, path: str) -> Errors:
    if not identity:
        yield required(path)
    if len(identity.encode()) > _NODE_ID_LIMIT:
        yield invalid(path, identity, f"must be {_NODE_ID_LIMIT} characters or less")


def _topology_keys(keys: list[str], path: str) -> Errors:
    for index, key in enumerate(keys):
        if not key:
            yield required(path)
        if key in keys[:index]:
            yield duplicate(path, key)
        yield from messages(path, key, qualified_name(key))


def _attached_source(source: Object, path: str) -> Errors:
    name, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    detail = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
    if inline is None and name is None:
        yield required(path, detail)
    elif inline is not None and name is not None:
        yield forbidden(path, detail)
    elif name == "":
        yield required(f"{path}.persistentVolumeName", "must specify non empty persistentVolumeName")
    elif isinstance(inline, dict):
        yield from inline_volume(inline, f"{path}.inlineVolumeSpec")


def _attachment_status(status: Object) -> Errors:
    if size_bytes(part(status, "attachmentMetadata")) > _METADATA_LIMIT_BYTES:
        yield too_long("status.attachmentMetadata", _METADATA_LIMIT_BYTES)
    for key in ("attachError", "detachError"):
        error, at = part(status, key), f"status.{key}"
        if len(text(error, "message").encode()) > _ERROR_LIMIT_BYTES:
            # Upstream names another limit than the one it holds to.
            yield too_long(f"{at}.message", _METADATA_LIMIT_BYTES)
        code = error.get("errorCode")
        if isinstance(code, int) and code < 0:
            yield invalid(f"{at}.errorCode", code, f"must be between 0 and {2**31 - 1}, inclusive")

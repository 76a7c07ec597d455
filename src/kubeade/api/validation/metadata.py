"""Rules of ObjectMeta, on create and on update (upstream: apimachinery api/validation/objectmeta.go).

Which update is unconditional, and so may lack a resourceVersion, is left to the API server.
"""

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object, split_api_version
from kubeade.api.validation.fields import (
    Errors,
    forbidden,
    immutable,
    invalid,
    messages,
    not_negative,
    required,
    shown,
    too_long,
)
from kubeade.api.validation.names import (
    NameRule,
    dns_label,
    label_value,
    masked,
    path_segment,
    path_segment_prefix,
    qualified_name,
)

ANNOTATIONS_LIMIT_BYTES = 256 * 1024
FIELD_MANAGER_LIMIT_BYTES = 128
_STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
_SERVER_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def metadata_create(
    metadata: Object, namespaced: bool, name_rule: NameRule, path: str = "metadata"
) -> Errors:
    """A new object's metadata."""
    yield from _generate_name(metadata, name_rule, path)
    name = text(metadata, "name")
    if not name:
        yield required(f"{path}.name", "name or generateName is required")
    else:
        yield from messages(f"{path}.name", name, name_rule(name))
    yield from _namespace(metadata, namespaced, path)
    yield from not_negative(f"{path}.generation", metadata.get("generation"))
    yield from _described(metadata, path)
    yield from _finalizers(values(metadata, "finalizers"), f"{path}.finalizers")
    yield from _managed_fields(parts(metadata, "managedFields"), f"{path}.managedFields")


def metadata_update(new: Object, old: Object, path: str = "metadata") -> Errors:
    """An existing object's metadata: who it is does not change."""
    if old.get("deletionTimestamp") is not None:
        yield from _no_new_finalizers(new, old, path)
    for key in ("name", "namespace"):
        yield from immutable(f"{path}.{key}", new.get(key), old.get(key))
    for key in _SERVER_KEPT:
        if new.get(key) is not None:
            yield from immutable(f"{path}.{key}", new.get(key), old.get(key))
    yield from not_negative(f"{path}.generation", new.get("generation"))
    yield from _described(new, path)
    yield from _finalizers(values(new, "finalizers"), f"{path}.finalizers")
    yield from _managed_fields(parts(new, "managedFields"), f"{path}.managedFields")


def _generate_name(metadata: Object, name_rule: NameRule, path: str) -> Errors:
    prefix = text(metadata, "generateName")
    if prefix:
        rule = path_segment_prefix if name_rule is path_segment else name_rule
        yield from messages(f"{path}.generateName", prefix, rule(masked(prefix)))


def _namespace(metadata: Object, namespaced: bool, path: str) -> Errors:
    namespace = text(metadata, "namespace")
    if namespaced and not namespace:
        yield required(f"{path}.namespace")
    elif namespaced:
        yield from messages(f"{path}.namespace", namespace, dns_label(namespace))
    elif namespace:
        yield forbidden(f"{path}.namespace", "not allowed on this type")


def _described(metadata: Object, path: str) -> Errors:
    if found := part(metadata, "labels"):
        yield from labels(found, f"{path}.labels")
    if found := part(metadata, "annotations"):
        yield from annotations(found, f"{path}.annotations")
    if references := parts(metadata, "ownerReferences"):
        yield from _owners(references, f"{path}.ownerReferences")


def labels(found: Object, path: str) -> Errors:
    """Labels: keys and values."""
    for key, value in found.items():
        yield from messages(path, key, qualified_name(key))
        yield from messages(path, value, label_value(str(value)))


def annotations(found: Object, path: str) -> Errors:
    """Annotations: keys, in any case, and the size of it all."""
    for key in found:
        yield from messages(path, key, qualified_name(key.lower()))
    size_bytes = sum(len(f"{key}{value}".encode()) for key, value in found.items())
    if size_bytes > ANNOTATIONS_LIMIT_BYTES:
        yield too_long(path, ANNOTATIONS_LIMIT_BYTES)


def _owners(references: list[Object], path: str) -> Errors:
    controller = ""
    for reference in references:
        yield from _owner(reference, path)
        if reference.get("controller"):
            name = f"{text(reference, 'kind')}/{text(reference, 'name')}"
            if controller:
                found = f'Found "true" in references for {controller} and {name}'
                detail = f"Only one reference can have Controller set to true. {found}"
                yield invalid(path, references, detail)
            controller = controller or name


def _owner(reference: Object, path: str) -> Errors:
    api_version, kind = text(reference, "apiVersion"), text(reference, "kind")
    if not split_api_version(api_version)[1] or api_version.count("/") > 1:
        yield invalid(f"{path}.apiVersion", api_version, "version must not be empty")
    for key in ("kind", "name", "uid"):
        if not text(reference, key):
            yield invalid(f"{path}.{key}", "", "must not be empty")
    if (api_version, kind) == ("v1", "Event"):
        yield invalid(path, reference, "/v1, Kind=Event is disallowed from being an owner")


def _finalizers(finalizers: list[object], path: str) -> Errors:
    for finalizer in finalizers:
        yield from messages(path, finalizer, qualified_name(str(finalizer)))
    if {"orphan", "foregroundDeletion"} <= set(map(str, finalizers)):
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        yield invalid(path, finalizers, detail)


def standard_finalizers(metadata: Object, path: str = "metadata") -> Errors:
    """What most kinds ask of finalizers besides: a domain, unless they are Kubernetes' own."""
    for index, finalizer in enumerate(values(metadata, "finalizers")):
        if "/" not in str(finalizer) and finalizer not in _STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid(f"{path}.finalizers[{index}]", finalizer, detail)


def _no_new_finalizers(new: Object, old: Object, path: str) -> Errors:
    extra = set(map(str, values(new, "finalizers"))) - set(map(str, values(old, "finalizers")))
    if extra:
        listed = "[]string{" + ", ".join(shown(name) for name in sorted(extra)) + "}"
        detail = "no new finalizers can be added if the object is being deleted, found new finalizers"
        yield forbidden(f"{path}.finalizers", f"{detail} {listed}")


def _managed_fields(entries: list[Object], path: str) -> Errors:
    # Entries that are none have given way to right ones: what is left is what managers call themselves.
    for index, entry in enumerate(entries):
        at = f"{path}[{index}]"
        yield from field_manager(text(entry, "manager"), f"{at}.manager")


def field_manager(name: str, path: str) -> Errors:
    """The name under which a client owns fields."""
    if len(name.encode()) > FIELD_MANAGER_LIMIT_BYTES:
        yield too_long(path, FIELD_MANAGER_LIMIT_BYTES)
    for position, character in enumerate(name):
        if not character.isprintable():
            code = f"U+{ord(character):04X}"
            yield invalid(path, name, f"invalid character {code} (at position {position})")
